"""The pages' Gradio app, apart from what a browser sends."""

from __future__ import annotations

import gradio as gr
import pytest
from gradio.routes import App

from tests.ui.shop import Shop
from ui.web_app import build_app


def test_the_pages_take_few_applications_of_gradios(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[gr.Blocks] = []
    create = App.create_app

    def counted(blocks: gr.Blocks, *given: object, **named: object) -> App:
        made.append(blocks)
        return create(blocks, *given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(App, "create_app", staticmethod(counted))
    build_app(shop)
    assert len(made) <= 2  # one of the queue and the one that is served, none per page
