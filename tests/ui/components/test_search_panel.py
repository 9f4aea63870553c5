"""One search asks the store for each thing once, and words have a queue of their own."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from types import SimpleNamespace as Request
from typing import Any, ClassVar

import gradio as gr
import pytest
from lancedb.query import LanceQueryBuilder
from lancedb.table import LanceTable
from starlette.datastructures import QueryParams

from core.app.studio import Studio
from core.domain import CatalogInfo, EngineStatus
from core.settings import load_settings
from tests import whole
from tests.ui.shop import Shop
from tests.ways import longest_way
from ui.checked_blocks import CheckedBlocks
from ui.components.search_fields import BY_ENGINES, Controls
from ui.pages import annotate, catalog, compare, evaluate, explore, home, inspect


def blocks(studio: Studio, page: Any) -> gr.Blocks:
    with CheckedBlocks() as made:
        page.build(studio, made)
    return made


def events(made: gr.Blocks) -> dict[str, Any]:
    return {entry.fn.__name__: entry for entry in made.fns.values() if entry.fn is not None}


@pytest.mark.parametrize("page", [explore, compare])
def test_words_do_not_queue_behind_pictures(page: Any) -> None:
    queued = events(blocks(Shop(), page))
    assert queued["search"].concurrency_id == "words"
    for name in ("change_picture", "act"):
        assert queued[name].concurrency_id == "pictures"
        assert queued[name].concurrency_limit < queued["search"].concurrency_limit


@pytest.mark.parametrize("page", [explore, compare])
def test_only_what_asks_with_a_picture_queues_with_pictures(page: Any) -> None:
    made = blocks(Shop(), page).fns.values()
    queues = {kind: entry.concurrency_id for entry in made for _, kind in entry.targets}
    assert queues["pick"] == "words"
    assert queues["look"] == "pictures"


class CountingShop(Shop):
    """Counts how often a page asks for catalogues and engines."""

    def __init__(self) -> None:
        super().__init__()
        self.counted: Counter[str] = Counter()

    def catalog(self, name: str | None = None) -> CatalogInfo:
        self.counted["catalog"] += 1
        return super().catalog(name)

    def catalogs(self) -> tuple[CatalogInfo, ...]:
        self.counted["catalogs"] += 1
        return (super().catalog(),)

    def engines(self) -> tuple[EngineStatus, ...]:
        self.counted["engines"] += 1
        return super().engines()


@pytest.mark.parametrize("page", [explore, compare])
@pytest.mark.parametrize("name", ["search", "open_page", "act", "change_picture"])
def test_a_view_asks_for_catalogues_and_engines_once(page: Any, name: str) -> None:
    shop = CountingShop()
    handler = events(blocks(shop, page))[name].fn
    shop.counted.clear()
    match name:
        case "open_page":
            handler(Request(query_params=QueryParams("q=chair&catalog=demo")))
        case "act":
            handler(gr.EventData(None, {"action": "similar", "value": "a"}), *fields())
        case _:
            handler(*fields())
    assert shop.counted
    assert max(shop.counted.values()) == 1


#: Pages, how each is opened, and how many reads of the store's tables that may take.
OTHERS = {
    "home": (home, "", 22), "home item": (home, "item=i-0", 18),
    "inspect": (inspect, "item=i-0", 7), "inspect empty": (inspect, "", 6),
    "annotate": (annotate, "", 1), "catalog": (catalog, "", 1),
    "catalog named": (catalog, "catalog=whole", 1), "evaluate": (evaluate, "", 1),
}  # fmt: skip


class CountingStudio(Studio):
    """A real studio that counts the same."""

    counted: ClassVar[Counter[str]] = Counter()

    def catalog(self, name: str | None = None) -> CatalogInfo:
        self.counted["catalog"] += 1
        return super().catalog(name)

    def catalogs(self) -> tuple[CatalogInfo, ...]:
        self.counted["catalogs"] += 1
        return super().catalogs()

    def engines(self) -> tuple[EngineStatus, ...]:
        self.counted["engines"] += 1
        return super().engines()


@pytest.fixture(scope="module")
def counting(tmp_path_factory: pytest.TempPathFactory) -> CountingStudio:
    data = tmp_path_factory.mktemp("counting")
    whole.fill(data)
    return CountingStudio(load_settings(data_dir=data))


@pytest.mark.parametrize("view", OTHERS)
def test_every_page_asks_for_each_thing_once(
    counting: CountingStudio, view: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, link, reads = OTHERS[view]
    made = blocks(counting, page).fns.values()
    opened = [fn.fn for fn in made if any(kind == "load" for _, kind in fn.targets)]
    request: Any = Request(query_params=QueryParams(link), username=None, headers={}, client=None)
    for load in opened:
        load(request)  # reads what is kept in memory afterwards
    asked, chosen = counted_reads(monkeypatch), rows_read(monkeypatch)
    for load in opened:
        counting.counted.clear()
        load(request)
        assert max(counting.counted.values(), default=0) <= 1, (load.__name__, counting.counted)
    assert asked["search"] <= reads, asked
    assert asked["count_rows"] <= 2, asked
    assert max(Counter(chosen).values(), default=0) <= 1, chosen


def fields(**changed: Any) -> list[Any]:
    values = {
        "text": "wooden chair", "minus": "", "departments": [], "product_types": [],
        "attributes": [], "price_from": None, "price_to": None, "sort": "match",
        "engines": "vl-clip", "k": 20, "cutoff": True, "fold": True, "words": True,
        "language": "", "same_type": True, "varied": False, "catalog": "demo",
        "anchor": ("", None, None), "picture": None,
    } | changed  # fmt: skip
    return [values[name] for name in Controls.__slots__]


def test_a_text_query_passes_through_at_most_twelve_files(demo_data: Path, tmp_path: Path) -> None:
    demo = shutil.copytree(demo_data.parent, tmp_path / "demo")
    studio = Studio(load_settings(data_dir=demo / "data", cache_dir=demo / "cache"))
    search = events(blocks(studio, explore))["search"].fn
    search(*fields())  # imports what is imported on first use
    way = longest_way(lambda: search(*fields(text="a green lamp")))
    assert way[0] == "ui/error_sentences.py"
    assert len(way) <= 12, way


def counted_reads(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count how often tables are read and counted from now on."""
    asked: Counter[str] = Counter()

    def count(name: str) -> None:
        real = getattr(LanceTable, name)

        def counted(table: LanceTable, *given: Any, **more: Any) -> Any:
            asked[name] += 1
            return real(table, *given, **more)

        monkeypatch.setattr(LanceTable, name, counted)

    count("search")
    count("count_rows")
    return asked


def rows_read(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Tables and conditions of all reads of chosen rows from now on."""
    chosen: list[tuple[str, str]] = []
    real = LanceQueryBuilder.where

    def noted(query: Any, condition: Any, *given: Any, **more: Any) -> Any:
        chosen.append((query._table.name, str(condition)))
        return real(query, condition, *given, **more)

    monkeypatch.setattr(LanceQueryBuilder, "where", noted)
    return chosen


def test_a_search_on_explore_asks_the_store_for_little(
    demo_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo = shutil.copytree(demo_data.parent, tmp_path / "demo")
    studio = Studio(load_settings(data_dir=demo / "data", cache_dir=demo / "cache"))
    made = events(blocks(studio, explore))
    search, open_page = made["search"].fn, made["open_page"].fn
    asked = counted_reads(monkeypatch)
    given = fields()
    assert "wooden" in search(*given).lower()  # reads what is kept in memory afterwards
    asked.clear()
    search(*given)
    assert asked["search"] <= 6  # one of them where the items are in their photos
    assert asked["count_rows"] <= 2
    asked.clear()
    shown = str(open_page(Request(query_params=QueryParams("catalog=demo"))))
    assert shown.count('class="vs-shelf"') == len(studio.catalog("demo").departments)
    assert asked["search"] <= 2  # the items of all shelves, and where they are in their photos


@pytest.mark.parametrize("page", [explore, compare])
def test_whom_no_engine_answers_sees_no_fields_for_engines(
    page: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_hidden(update: Any) -> bool:
        return isinstance(update, dict) and update.get("visible") is False

    def opened() -> list[Any]:
        open_page = events(blocks(Shop(), page))["open_page"].fn
        shown: list[Any] = open_page(Request(query_params=QueryParams("catalog=demo")))
        return shown

    def hidden_fields() -> set[str]:
        values = zip(Controls.__slots__, opened(), strict=False)
        return {name for name, value in values if is_hidden(value)}

    before = hidden_fields()
    assert not any(map(is_hidden, opened()[-2:]))  # the column of fields, and what opens it
    for module in ("ui.blindness", "ui.components.search_panel", "ui.components.results"):
        monkeypatch.setattr(f"{module}.engines_hidden", lambda *asked: True)
    assert hidden_fields() - before == {"engines", *BY_ENGINES}
    assert [is_hidden(update) for update in opened()[-2:]] == [page is compare] * 2


@pytest.mark.parametrize("hidden", [False, True])
def test_whom_no_engine_answers_sees_no_blind_vote(
    hidden: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.components.blind_vote.engines_hidden", lambda *asked: hidden)
    load = events(blocks(Shop(), compare))["load"].fn
    *_, panel = load(Request(query_params=QueryParams("catalog=demo"), username=None))
    assert panel["visible"] is not hidden
