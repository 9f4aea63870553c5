"""Whatever is sent to any function of the running app, the answer is a sentence and no fault."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from tests.ui.shop import Shop
from ui.error_sentences import UNREADABLE, fits, sentences
from ui.web_app import build_pages

NONSENSE: tuple[Any, ...] = (None, "nonsense", -1, 1e30, [], [None], {}, {"set": None}, True)


def functions(shop: Shop) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pages = build_pages(shop)
    return {
        f"{name} of {block._id}": function
        for block in pages.blocks.values()
        for name, function in vars(block).items()
        if getattr(function, "_is_server_fn", False)
    }


def test_every_server_function_answers_nonsense_with_a_sentence(
    shop: Shop, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shop.settings = shop.settings.model_copy(update={"data_dir": tmp_path})
    registered = functions(shop)
    assert len(registered) >= 8
    with caplog.at_level(logging.ERROR):
        for name, function in registered.items():
            for sent in NONSENSE:
                answer = function(sent, gr.Request(username="ada"))
                assert set(answer) == {"error"}, (name, sent, answer)
                assert answer["error"].endswith(".")
    assert not caplog.records


def test_null_in_place_of_every_field_is_a_sentence(
    shop: Shop, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """`begin`, `look` and all the others, called as Gradio calls them."""

    @sentences
    def begin(text: str, chosen: list[str], catalog: str) -> list[str]:
        return [*text.splitlines(), *chosen, catalog.strip()]

    with caplog.at_level(logging.ERROR):
        for values in ((None, None, None), ("a", None, ""), (1, [], ""), ("a", [1], None)):
            with pytest.raises(gr.Error, match="makes no sense here") as raised:
                begin(*values)  # type: ignore[arg-type]
            assert raised.value.message == UNREADABLE
    assert not caplog.records
    assert begin("a", ["b"], " c ") == ["a", "b", "c"]


def test_our_own_faults_stay_our_own(caplog: pytest.LogCaptureFixture) -> None:
    @sentences
    def broken(text: str, request: gr.Request) -> str:
        raise TypeError(text)

    with pytest.raises(gr.Error, match="our side"):
        broken("fine", gr.Request())
    assert "broken" in caplog.text


def test_what_fits() -> None:
    def act(event: gr.EventData, name: str | None, number: float, more: Any) -> None: ...

    good = gr.EventData(None, {"action": "find", "value": "chair"})
    assert fits(act, (good, None, 1, object()))
    for data in (None, [], {}, {"action": 1, "value": ""}):
        assert not fits(act, (gr.EventData(None, data), None, 1, None))
    assert not fits(act, (good, 3, 1, None))
    assert not fits(act, (good, "x", "1", None))
