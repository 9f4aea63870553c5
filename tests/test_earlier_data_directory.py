"""A data directory of an earlier version opens: catalogue, judgments, reports, people and links.

``tests/data/studio_of_24_november.tar.xz`` was made by the code of commit b1a72fe through its own
services: four items with vectors of two engines, a judgment set with the labels of two people, an
undone one and a decision, a report, and a user of each role.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from core.app.studio import Studio
from core.domain import EventKind, JudgmentEvent, Query
from core.errors import FingerprintMismatch
from core.people import Role
from core.settings import load_settings
from core.store.items import ItemRecord
from core.store.vectors import VectorRow
from tests.test_damaged_start import Served
from tests.ui.security.served import run_app
from ui.web_app import build_app

ARCHIVE = Path(__file__).parent / "data" / "studio_of_24_november.tar.xz"
SET = "first-set-ebe471"
REPORT = "shop-first-set-ebe471-20261128-143926-677787"
TITLES = ("Oak chair", "Brass lamp", "Blue sofa", "Pine chair")


def unpacked(folder: Path) -> Path:
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    return folder / "data"


def embed_again(studio: Studio) -> None:
    """Make the vectors of both engines with the weights of now, as indexing does."""
    store = studio._library.get("shop").store
    for engine in ("clip", "vl-clip"):
        model, table = studio._models.engine(engine), store.vectors(engine)
        vectors = model.encoder.encode_texts(list(TITLES))
        table.prepare(model.fingerprint, vectors.shape[1], model.engine.text_weight)
        table.upsert([
            VectorRow(item.item_id, "key", "", "", "home", item.product_type, item.photo.phash,
                      *[vector] * 3)
            for item, vector in zip(studio.items("shop"), vectors, strict=True)
        ])  # fmt: skip


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(load_settings(data_dir=unpacked(tmp_path)))


def test_its_catalogue_has_its_items_photos_and_words(studio: Studio) -> None:
    (info,) = studio.catalogs()
    assert (info.name, info.title, info.items) == ("shop", "Old shop", 4)
    items = studio.items("shop")
    assert tuple(item.title for item in items) == TITLES
    assert [item.attributes["colour"] for item in items] == ["Oak", "Brass", "Blue", "Pine"]
    assert {item.price for item in items} == {"12.50 EUR"}
    for item in items:
        assert studio.photo_path(item.photo.sha256, "shop").is_file()


def test_its_vectors_of_other_weights_are_refused_and_made_anew(studio: Studio) -> None:
    with pytest.raises(FingerprintMismatch, match="Index the catalogue “shop” again"):
        studio.search(Query(text="chair"), "clip", catalog="shop")
    embed_again(studio)
    result = studio.search(Query(text="chair"), "clip", catalog="shop")
    assert {hit.item.title for hit in result.hits[:2]} == {"Oak chair", "Pine chair"}


def test_its_judgments_stand_and_judging_goes_on(studio: Studio) -> None:
    queue = studio.judging.queue("shop")
    (judgment_set,) = queue.sets.all()
    assert (judgment_set.set_id, judgment_set.name) == (SET, "First set")
    grades = {(e.annotator, e.item_id): e.grade for e in queue.current(SET) if e.grade is not None}
    of_ada = {("ada", "i-0"): 3, ("ada", "i-1"): 0, ("ada", "i-3"): 3}
    assert grades == of_ada | {("bob", "i-0"): 2, ("bob", "i-1"): 0}
    assert "note of ada" in {event.note for event in queue.current(SET)}
    assert studio.labels.qrels(SET, catalog="shop") == {
        ("q1", "i-0"): 3, ("q1", "i-1"): 0, ("q1", "i-3"): 3
    }  # fmt: skip
    (case,) = studio.labels.disagreements(SET, "shop")
    assert case.decision is not None
    more = JudgmentEvent(
        "new-1", EventKind.GRADE, SET, "q2", "i-1", "bob", 3, "", datetime.now(UTC), 1.0
    )
    queue.judge(more)
    assert studio.labels.qrels(SET, catalog="shop")[("q2", "i-1")] == 3
    assert queue.undo(SET, "bob") == more


def test_its_items_are_changed_and_added_to(studio: Studio) -> None:
    store = studio._library.get("shop").store
    records = store.items.records()
    store.items.upsert([ItemRecord(records["i-0"].item, "another row", "rewritten anew")])
    assert store.items.records()["i-0"].rewrite == "rewritten anew"
    assert store.items.count() == 4


def test_its_report_is_read(studio: Studio) -> None:
    reports = studio.evaluation.reports
    assert reports.ids() == (REPORT,)
    report = reports.get(REPORT)
    assert "First set" in report.title
    assert "First set" in studio.evaluation.html(report)


def test_its_people_sign_in(studio: Studio) -> None:
    assert studio.people.sign_in
    assert [person.role for person in studio.people.all()] == sorted(Role, key=lambda r: r.value)
    assert studio.people.check("annotator", "long enough")
    assert not studio.people.check("annotator", "another one")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The studio of then, without its users, served by the code of now."""
    data = unpacked(tmp_path_factory.mktemp("old"))
    (data / "users.json").unlink()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(data / "temporary"))
        studio = Studio(load_settings(data_dir=data))
        embed_again(studio)
        with run_app(build_app(studio)) as url, httpx.Client(base_url=url, timeout=60) as http:
            yield Served(data, http, http.get("/config").json())


@pytest.mark.parametrize(
    ("page", "link", "shown"),
    [
        ("", "catalog=shop", "Old shop"),
        ("explore", "q=chair&engine=clip&k=10&catalog=shop", "Oak chair"),
        ("explore", "item=i-0&catalog=shop&department=home&cutoff=off&fold=off", "Pine chair"),
        ("compare", "q=chair&engine=clip&engine=vl-clip&words=off&catalog=shop", "Oak chair"),
        ("inspect", "item=i-2&catalog=shop", "Blue sofa"),
        ("annotate", f"set={SET}&catalog=shop", "First set"),
        ("evaluate", f"report={REPORT}&catalog=shop", "First set"),
        ("catalog", "catalog=shop", "Old shop"),
    ],
)  # fmt: skip
def test_its_links_show_what_they_showed(served: Served, page: str, link: str, shown: str) -> None:
    html = served.open(page, link)
    assert "went wrong" not in html
    assert shown in html
