from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from core.app.library import DEMO
from core.domain import CatalogInfo
from core.domain.search_index import SearchIndex
from core.errors import CatalogDamaged
from core.store.catalog_store import CatalogStore
from core.store.meta import CatalogMeta
from core.store.overview import Overview
from tests.core.store.damaged import DAMAGES, cut_manifests, fill, library

Damage = Callable[[Path], None]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with three sound catalogues; the default is ``shop``."""
    folder = tmp_path_factory.mktemp("whole")
    fill(folder, "demo", "2026-03-01")
    fill(folder, "old", "2026-01-01")
    fill(folder, "shop", "2026-02-01")
    library(folder).choose_default("shop")
    return folder


@pytest.fixture
def data(whole: Path, tmp_path: Path) -> Path:
    return shutil.copytree(whole, tmp_path / "data")


def lance(data: Path, table: str, catalog: str = "shop") -> Path:
    return data / "catalogs" / catalog / "lance" / f"{table}.lance"


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_items_are_named_and_the_default_skips_them(data: Path, damage: Damage) -> None:
    assert library(data).resolve(None) == "shop"
    damage(lance(data, "items"))
    opened = library(data)
    info = opened.info("shop")
    assert "“items” of the catalogue “shop” can't be read" in info.problem
    assert str(lance(data, "items")) in info.problem
    assert ".rs:" not in info.problem
    assert not info.usable
    assert opened.resolve(None) == "old"
    assert [entry.name for entry in opened.infos() if not entry.problem] == ["demo", "old"]
    with pytest.raises(CatalogDamaged, match="“items”"):
        opened.get("shop").store.items.get(["i-1"])


@pytest.mark.parametrize("damage", DAMAGES)
def test_one_engine_s_damaged_vectors_leave_the_other_engine(data: Path, damage: Damage) -> None:
    damage(lance(data, "vectors_vl-clip"))
    opened = library(data)
    info = opened.info("shop")
    assert info.searchable == {"clip": 1}
    assert "“vectors_vl-clip”" in info.problem
    assert (info.items, info.title, info.departments) == (1, "Shop", ("home",))
    assert opened.resolve(None) == "shop"
    query = np.eye(1, 4, dtype=np.float32)[0]
    store = opened.get("shop").store
    assert store.vectors("clip").nearest(query, 1)[0][0] == "i-1"
    with pytest.raises(CatalogDamaged, match="“vectors_vl-clip”"):
        store.vectors("vl-clip").get(["i-1"])


@pytest.mark.parametrize("table", ["judgments", "judgment_sets", "quarantine", "meta"])
def test_other_damaged_tables_leave_search(data: Path, table: str) -> None:
    cut_manifests(lance(data, table))
    opened = library(data)
    assert f"“{table}”" in opened.info("shop").problem
    assert opened.info("shop").searchable == {"clip": 1, "vl-clip": 1}
    assert opened.get("shop").store.items.match("chair", 5)[0].item_id == "i-1"
    if table in ("judgments", "judgment_sets"):
        with pytest.raises(CatalogDamaged, match=table):
            opened.get("shop").judgment_queue.sets.all()


def test_damage_while_it_is_open_is_named_and_mended_without_a_restart(data: Path) -> None:
    opened, items = library(data), lance(data, "items")
    assert not opened.info("shop").problem
    backup = shutil.copytree(items, data / "backup")
    cut_manifests(items)
    assert "“items”" in opened.info("shop").problem
    assert opened.resolve(None) == "old"
    shutil.rmtree(items)
    backup.rename(items)
    assert not opened.info("shop").problem
    assert opened.resolve(None) == "shop"
    assert opened.get("shop").store.items.get(["i-1"])


def test_a_damaged_table_is_let_go_of_by_its_name(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_manifests(lance(data, "items"))
    released: list[object] = []
    monkeypatch.setattr(CatalogStore, "release", lambda _, name: released.append(name))
    assert "“items”" in library(data).info("shop").problem
    assert "items" in released


def test_without_a_backup_the_table_starts_anew(data: Path) -> None:
    opened = library(data)
    opened.info("shop")
    cut_manifests(lance(data, "items"))
    assert opened.info("shop").problem
    lance(data, "items").rename(data / "elsewhere")
    info = opened.info("shop")
    assert (info.items, info.problem) == (0, "")
    assert opened.get("shop").store.items.get(["i-1"]) == {}


def test_a_catalogue_whose_folder_is_of_no_use_is_listed(data: Path) -> None:
    shutil.rmtree(lance(data, "items").parent)
    lance(data, "items").parent.write_text("a file")
    shutil.copytree(data / "catalogs" / "old", data / "catalogs" / "Old Chairs")
    opened = library(data)
    assert opened.resolve(None) == "old"
    problems = {info.name: info.problem for info in opened.infos()}
    assert "can't be read" in problems["shop"]
    assert str(data / "catalogs" / "shop") in problems["shop"]
    assert "small letters" in problems["Old Chairs"]
    assert problems["old"] == problems[DEMO] == ""


def test_where_all_are_damaged_the_demo_answers_with_its_reason(data: Path) -> None:
    for name in ("demo", "old", "shop"):
        cut_manifests(lance(data, "items", name))
    opened = library(data)
    assert opened.resolve(None) == DEMO
    with pytest.raises(CatalogDamaged, match="demo"):
        opened.get(None).store.items.ids()


def test_facets_are_read_once_per_version(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = library(data)
    before = opened.info("shop")
    asked = []
    monkeypatch.setattr(
        "core.store.items.read_rows", lambda *given: asked.append(given) or pa.table({})
    )
    assert opened.info("shop") == before
    assert not asked


def test_a_change_by_another_process_is_seen(data: Path) -> None:
    opened = library(data)
    assert opened.info("shop").searchable["clip"] == 1
    library(data).get("shop").store.vectors("clip").delete(["i-1"])
    assert opened.info("shop").searchable["clip"] == 0


def test_an_overview_has_all_facts_of_a_catalogue(data: Path) -> None:
    opened = library(data)
    store = opened.get("shop").store
    meta = CatalogMeta("Shop", "a.csv", "2026-02-01", "clip", "ada", '{"title": "Name"}')
    store.meta.write(meta)
    info = Overview(store, lambda: (("home",), ("chair", "lamp"))).info()
    assert info == CatalogInfo(
        name="shop", title="Shop", items=1, searchable={"clip": 1, "vl-clip": 1}, quarantined=1,
        departments=("home",), product_types=("chair", "lamp"), source="a.csv",
        updated="2026-02-01", engine="clip", owner="ada", columns={"title": "Name"}, problem="",
        indices={},
    )  # fmt: skip
    store.meta.write(CatalogMeta())
    assert Overview(store, lambda: ((), ())).info().title == "shop"


def test_a_measured_index_is_part_of_the_overview(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = library(data).get("shop").store
    index = SearchIndex("x", 5)
    monkeypatch.setattr(store.vectors("clip"), "counted", lambda: (7, index))
    info = Overview(store, lambda: ((), ())).info()
    assert (info.indices, info.searchable) == ({"clip": index}, {"clip": 7, "vl-clip": 1})


def test_several_problems_are_told_and_each_costs_its_part(data: Path) -> None:
    for table in ("meta", "vectors_clip"):
        cut_manifests(lance(data, table))
    info = library(data).info("shop")
    assert info.problem.count("can't be read") == 2
    assert "anew. The table" in info.problem or "then. The table" in info.problem
    assert (info.title, info.items, info.searchable) == ("shop", 1, {"vl-clip": 1})
