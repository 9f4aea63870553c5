"""The façade on real parts: the shipped demo, real weights, LanceDB on disk."""

from __future__ import annotations

import csv
import json
import shutil
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.app.studio import Studio
from core.catalog.demo import demo_images_dir, demo_items_path
from core.domain import EventKind, Item, JobState, JudgmentEvent, JudgmentQuery, Progress, Query
from core.errors import CatalogError, EngineUnavailable, QueryError
from core.settings import load_settings
from core.store.items import ItemRecord
from core.weights import WeightStore
from tests.core.pipeline.small import write_catalog


@pytest.fixture(scope="module")
def demo(demo_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """The demo, where no weights are cached and none can be fetched."""
    folder = tmp_path_factory.mktemp("studio")
    shutil.copytree(demo_data.parent, folder, dirs_exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_NO_INDEX", "1")
        patch.setenv("PIP_FIND_LINKS", str(folder))
        yield Studio(load_settings(data_dir=folder / "data", cache_dir=folder / "cache"))


def test_the_demo_is_searchable_before_any_model_is_there(demo: Studio) -> None:
    info = demo.catalog()
    assert info.items >= 600
    assert {"Art", "Groceries", "Home"} < set(info.departments)
    assert set(info.searchable.values()) == {info.items}


@pytest.mark.parametrize("engine", ["clip", "vl-clip"])
@pytest.mark.parametrize(
    ("text", "department", "word"),
    [
        ("wooden chair", "Home", "chair"),
        ("oranges in a crate", "Groceries", "orange"),
        ("portrait of a woman", "Art", ""),
    ],
)
def test_first_rows_make_sense(
    demo: Studio, engine: str, text: str, department: str, word: str
) -> None:
    hits = demo.search(Query(text=text, k=10), engine).hits[:5]
    assert [hit.item.department for hit in hits].count(department) >= 4
    assert sum(word in f"{hit.item.title} {hit.item.product_type}".lower() for hit in hits) >= 4


def test_pictures_alone_find_the_right_department(demo: Studio) -> None:
    orange = next(i for i in demo.items(limit=2000) if "orange" in i.product_type)
    hits = demo.search(Query(item_id=orange.item_id, k=5)).hits
    assert orange.item_id not in [hit.item.item_id for hit in hits]
    assert {hit.item.department for hit in hits} == {"Groceries"}


def test_compare_counts_what_is_shared(demo: Studio) -> None:
    comparison = demo.compare(Query(text="red lamp", k=10), ["clip", "vl-clip"])
    first, second = ({h.item.item_id for h in r.hits} for r in comparison.results)
    assert comparison.overlap["clip", "vl-clip"] == len(first & second) / len(first | second)


def test_unknown_things_are_sentences(demo: Studio) -> None:
    with pytest.raises(EngineUnavailable, match="no engine “warp”"):
        demo.search(Query(text="chair"), "warp")
    with pytest.raises(EngineUnavailable, match="full profile"):
        demo.search(Query(text="chair"), "fashion-clip")
    with pytest.raises(QueryError, match="no item"):
        demo.item("' OR 1=1 --")
    with pytest.raises(CatalogError, match="no file"):
        demo.indexing.index(Path("nowhere.csv"))


def test_judging_from_pool_to_qrels(demo: Studio, tmp_path: Path) -> None:
    made = demo.judging.create(
        "Chairs", [JudgmentQuery("q1", text="wooden chair")], engines=["clip", "vl-clip"], depth=3
    )
    (task,) = demo.judging.queue().deal(made.set_id, "ada").tasks
    demo.judging.queue().judge(
        JudgmentEvent(
            uuid.uuid4().hex,
            EventKind.GRADE,
            made.set_id,
            "q1",
            task.pair.item_id,
            "ada",
            2,
            "",
            datetime.now(UTC),
            1.5,
        )
    )
    assert demo.judging.queue().progress(made.set_id, "ada").done == 1
    target = demo.labels.export(made.set_id, tmp_path / "x.qrels", "qrels")
    assert target.read_text() == f"q1 0 {task.pair.item_id} 2\n"


@pytest.mark.slow
def test_own_catalogue_from_file_to_inspection(weights: WeightStore, tmp_path: Path) -> None:
    with demo_items_path().open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["department"] == "Groceries"][:3]
    for row in rows:
        source = demo_images_dir() / row["image"]
        row["image"] = source.name
        shutil.copyfile(source, tmp_path / source.name)
    rows.append({**rows[0], "item_id": "lost", "image": "not-there.jpg"})
    table = tmp_path / "My Shop.csv"
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)

    studio = Studio(load_settings(data_dir=tmp_path / "data"))
    seen: list[Progress] = []
    report = studio.indexing.index(table, on_progress=seen.append)
    assert (report.catalog, report.items, report.added) == ("my-shop", 3, 3)
    assert [row.item_id for row in report.quarantined] == ["lost"]
    assert (seen[0].stage, seen[0].total) == ("reading", 4)
    assert seen[0].seconds_left is not None
    assert seen[-1].stage == "finishing"
    job = studio.indexing.job().read()
    assert job is not None
    assert (job.state, job.subject) == (JobState.DONE, "my-shop")
    assert studio.catalog().searchable == {"clip": 3, "vl-clip": 3}

    again = studio.indexing.index(table)
    assert (again.unchanged, sum(again.per_stage.values())) == (3, 0)

    inspection = studio.inspect(rows[0]["item_id"])
    assert inspection.grounding is not None
    assert inspection.rewrite is not None
    assert inspection.rewrite.text
    assert [entry.engine.name for entry in inspection.inputs] == ["clip", "vl-clip"]
    assert all(
        entry.fingerprint and entry.picture.size == (224, 224) for entry in inspection.inputs
    )

    photo = studio.photo(inspection.item)
    hits = studio.search(Query(image=photo), "clip").hits
    assert hits[0].item.item_id == inspection.item.item_id


def test_people_s_items_in_an_old_demo_catalogue_stay(demo_data: Path, tmp_path: Path) -> None:
    demo = shutil.copytree(demo_data.parent, tmp_path / "demo")
    studio = Studio(load_settings(data_dir=demo / "data", cache_dir=demo / "cache"))
    store = studio._library.get("demo").store
    photo = studio.items(limit=1)[0].photo
    store.items.upsert([ItemRecord(Item(name, name, photo), "row") for name in ("my-1", "gone-1")])
    note = store.root / "shipped-items.json"
    note.write_text(json.dumps([*json.loads(note.read_text()), "gone-1"]))
    report = studio.indexing.index_demo()
    assert report.removed == 1  # what an earlier demo brought; not what a person indexed
    assert set(studio.items_by_id(["my-1", "gone-1"])) == {"my-1"}
    note.unlink()  # as in a data directory of an earlier version
    assert studio.indexing.index_demo().removed == 0


def test_a_person_s_demo_file_is_a_catalogue_of_its_own(tmp_path: Path) -> None:
    studio = Studio(load_settings(data_dir=tmp_path / "data"))
    table = write_catalog(tmp_path / "files", 1)
    with pytest.raises(CatalogError, match="comes with the studio"):
        studio.indexing.index(table, name="demo")
    with pytest.raises(CatalogError, match="comes with the studio"):
        studio.indexing.start(table, name="demo")
    assert studio.catalogs() == ()
