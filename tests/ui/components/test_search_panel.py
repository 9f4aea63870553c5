"""One search asks the store for each thing once, and words have a queue of their own."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from lancedb.table import LanceTable

from core.app.studio import Studio
from core.settings import load_settings
from tests.ui.shop import Shop
from ui.components.search_panel import Controls
from ui.pages import compare, explore


def blocks(studio: Studio, page: Any) -> gr.Blocks:
    with gr.Blocks() as made:
        page.build(studio, made)
    return made


def events(made: gr.Blocks) -> dict[str, Any]:
    return {entry.fn.__name__: entry for entry in made.fns.values() if entry.fn is not None}


@pytest.mark.parametrize("page", [explore, compare])
def test_words_do_not_queue_behind_pictures(page: Any) -> None:
    found = events(blocks(Shop(), page))
    assert found["search"].concurrency_id == "words"
    for name in ("change_picture", "act"):
        assert found[name].concurrency_id == "pictures"
        assert found[name].concurrency_limit < found["search"].concurrency_limit


def test_a_search_on_explore_asks_the_store_for_little(
    demo_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = shutil.copytree(demo_data, tmp_path / "data")
    studio = Studio(load_settings(data_dir=data, cache_dir=tmp_path / "cache"))
    search = events(blocks(studio, explore))["search"].fn
    asked: Counter[str] = Counter()

    def count(name: str) -> None:
        real = getattr(LanceTable, name)

        def counted(table: LanceTable, *given: Any, **more: Any) -> Any:
            asked[name] += 1
            return real(table, *given, **more)

        monkeypatch.setattr(LanceTable, name, counted)

    count("search")
    count("count_rows")
    values = {
        "text": "wooden chair", "minus": "", "departments": [], "product_types": [],
        "attributes": [], "price_from": None, "price_to": None, "sort": "match",
        "engines": "vl-clip", "k": 20, "cutoff": True, "fold": True, "words": True,
        "catalog": "demo", "anchor": ("", None, None), "picture": None,
    }  # fmt: skip
    given = [values[name] for name in Controls.__slots__]
    assert "wooden" in search(*given).lower()  # reads what is kept in memory afterwards
    asked.clear()
    search(*given)
    assert asked["search"] <= 5
    assert asked["count_rows"] <= 2
