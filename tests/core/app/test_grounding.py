"""Corrections, looks and exports on a real store, with stand-ins for the models."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO

from core.app.grounding import GroundingService, checked_phrase, distinct
from core.app.library import Library
from core.domain import Box, Detection, Mask, Stage
from core.errors import QueryError
from core.pipeline.indexer import run_index
from core.pipeline.indexing_job import writing
from core.ports.grounder import DRAWN
from core.settings import load_settings
from tests.core.pipeline.small import Bench, MiddleGrounder, bench, rows_of, write_catalog


class Room:
    """What the verbs ask of a ``ModelPool``."""

    def __init__(self, models: Bench) -> None:
        self._bench = models
        self.grounder = models.grounder

    def for_indexing(self, engines=None):
        return self._bench.models


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    folder = tmp_path_factory.mktemp("shop")
    library = Library(load_settings(data_dir=folder))
    opened = library.create("shop")
    path = write_catalog(folder / "files", 4)
    run_index(opened.store, opened.images, bench().models, rows_of(path, opened.images))
    return library


@pytest.fixture
def verbs(library: Library) -> GroundingService:
    return GroundingService(library, Room(bench()), load_settings())  # type: ignore[arg-type]


def item_of(library: Library, item_id: str = "id-000"):
    return library.get("shop").store.items.get([item_id])[item_id]


def vector_of(library: Library, engine: str = "vl-clip", item_id: str = "id-000") -> np.ndarray:
    return library.get("shop").store.vectors(engine).get([item_id])[item_id].image_vector


def test_a_drawn_box_stands_is_signed_and_embedded_at_once(
    verbs: GroundingService, library: Library
) -> None:
    item, before = item_of(library), vector_of(library)
    whole = vector_of(library, "clip")
    said = verbs.draw(item, Box(0, 0, 30, 5000), "Ada")
    assert said == "Saved; searches use it now."
    inspection = verbs.of(item)
    assert inspection is not None
    assert inspection.best is not None
    assert inspection.best.phrase == DRAWN
    assert inspection.best.box == Box(0, 0, 30, 72)  # inside the photo, which is 96 x 72
    assert not np.allclose(vector_of(library), before)
    assert np.array_equal(vector_of(library, "clip"), whole)
    event = library.get("shop").store.corrections.history(item.item_id)[-1]
    assert (event.author, event.stage) == ("Ada", Stage.GROUNDING)
    assert "0,0,30,72" in event.note

    verbs.restore(item, "Grace")
    again = verbs.of(item)
    assert again is not None
    assert (again.choice, len(again.detections)) == (None, 1)
    assert np.allclose(vector_of(library), before)


def test_another_region_the_whole_photo_and_a_found_part(
    verbs: GroundingService, library: Library
) -> None:
    item = item_of(library, "id-001")
    verbs.keep_whole(item, "Ada")
    inspection = verbs.of(item)
    assert inspection is not None
    assert inspection.best is None
    assert inspection.box == Box.whole(96, 72)
    verbs.choose(item, 0, "Ada", phrase="handle")
    inspection = verbs.of(item)
    assert inspection is not None
    assert inspection.best is not None
    assert inspection.best.phrase == "handle"
    verbs.choose(item, 0, "Ada")
    inspection = verbs.of(item)
    assert inspection is not None
    assert inspection.choice == 0
    with pytest.raises(QueryError, match="no region 8"):
        verbs.choose(item, 7, "Ada")


def test_a_box_outside_the_photo_is_a_sentence(verbs: GroundingService, library: Library) -> None:
    with pytest.raises(QueryError, match="outside the photo"):
        verbs.draw(item_of(library), Box(500, 500, 600, 600), "Ada")


def test_a_correction_during_indexing_is_kept(verbs: GroundingService, library: Library) -> None:
    item = item_of(library, "id-002")
    with writing(library.get("shop").store.root):
        said = verbs.keep_whole(item, "Ada")
    assert "next run" in said
    inspection = verbs.of(item)
    assert inspection is not None
    assert inspection.best is None


def test_the_threshold_in_force_decides_not_the_stored_one(library: Library) -> None:
    strict = bench()
    strict.grounder.threshold = 0.95
    verbs = GroundingService(library, Room(strict), load_settings())  # type: ignore[arg-type]
    inspection = verbs.of(item_of(library, "id-003"))
    assert inspection is not None
    assert inspection.threshold == 0.95
    assert inspection.best is None


def test_looking_again_costs_nothing(verbs: GroundingService) -> None:
    photo = Image.new("RGB", (40, 30))
    first = verbs.find(photo, "handle")
    calls = verbs._models.grounder.calls
    assert verbs.find(photo, "  HANDLE ").detections == first.detections
    assert verbs._models.grounder.calls == calls


@pytest.mark.parametrize("phrase", ["", "  \n ", "lamp " * 2000])
def test_phrases_that_name_nothing_are_sentences(phrase: str) -> None:
    with pytest.raises(QueryError):
        checked_phrase(phrase)


def test_things_come_name_by_name_and_are_remembered(verbs: GroundingService) -> None:
    photo = Image.new("RGB", (41, 30))
    steps = list(verbs.things(photo, ["lamp", "lamp", " rug "]))
    assert len(steps) == 2
    assert [d.phrase for d in steps[-1]] == ["lamp"]  # the same place under two names
    assert verbs.things_seen(photo) == steps[-1]
    with pytest.raises(QueryError, match="Say what"):
        list(verbs.things(photo, [" "]))


class Glancing(MiddleGrounder):
    """A grounder with fixed heats: seen at a glance, and when looked at in full."""

    heats: ClassVar = {"lamp": 0.3, "rug": 0.01, "sofa": 0.9, "mirror": 0.05}
    has_heat_maps = True

    def __init__(self) -> None:
        super().__init__()
        self.looks: list[str] = []

    def glance(self, image: Image.Image, phrases: Sequence[str]) -> tuple[Detection, ...]:
        self.calls += 1
        return tuple(
            Detection(name, self.heats[name], Box(0, 0, 10 + place, 10))
            for place, name in enumerate(phrases)
        )

    def heatmap(self, image: Image.Image, prompt: str) -> np.ndarray:
        self.looks.append(prompt)
        return np.full((2, 2), self.heats[prompt], np.float32)


def test_the_likeliest_names_come_first_after_one_look_at_the_photo(
    verbs: GroundingService,
) -> None:
    photo, grounder = Image.new("RGB", (43, 30)), Glancing()
    verbs._models.grounder = grounder
    guesses = verbs.likely(photo, ["lamp", "rug", "sofa", "mirror", "lamp "])
    assert [guess.name for guess in guesses] == ["sofa", "lamp", "mirror"]  # no rug at all
    assert [guess.place is not None for guess in guesses] == [True, False, False]
    assert (grounder.calls, grounder.looks) == (1, [])  # the sofa is where the lamp would be
    list(verbs.things(photo, ["sofa"]))
    list(verbs.things(photo, ["sofa", "lamp"]))
    assert grounder.looks == ["sofa", "lamp"]  # in full, each name once
    with pytest.raises(QueryError, match="Say what"):
        verbs.likely(photo, [])


def test_a_grounder_that_cannot_guess_gets_all_names(verbs: GroundingService) -> None:
    guesses = verbs.likely(Image.new("RGB", (44, 30)), ["lamp", "rug"])
    assert [(guess.name, guess.place) for guess in guesses] == [("lamp", None), ("rug", None)]


def test_a_photo_is_recalled_by_its_name_only(verbs: GroundingService) -> None:
    photo = Image.new("RGB", (42, 30))
    assert verbs.recall(verbs.remember(photo)) is photo
    with pytest.raises(QueryError, match="once more"):
        verbs.recall("../../etc/passwd")


def test_masks_tell_overlap_where_boxes_do_not() -> None:
    left, right = np.zeros((20, 20), bool), np.zeros((20, 20), bool)
    left[:, :9], right[:, 11:] = True, True
    left[0, :], right[0, :] = True, True
    above = Detection("a", 0.9, Box(0, 0, 20, 20), Mask.encode(left))
    same = Detection("b", 0.8, Box(0, 0, 9, 20), Mask.encode(left))
    apart = Detection("c", 0.7, Box(11, 0, 20, 20), Mask.encode(right))
    assert distinct([apart, same, above]) == (above, apart)


def test_all_groundings_load_in_pycocotools(
    verbs: GroundingService, library: Library, tmp_path: Path
) -> None:
    photos, regions = verbs.export_coco(tmp_path / "all.json")
    coco = COCO(str(tmp_path / "all.json"))
    assert (len(coco.getImgIds()), len(coco.getAnnIds())) == (photos, regions) == (4, regions)
    image = coco.loadImgs(coco.getImgIds())[0]
    assert (library.get("shop").images.root / image["file_name"]).is_file()
    for annotation in coco.loadAnns(coco.getAnnIds()):
        x, y, width, height = annotation["bbox"]
        assert 0 <= x < x + width <= 96
        assert 0 <= y < y + height <= 72


def test_an_item_is_in_a_busy_photo_where_it_fills_less_than_half(
    verbs: GroundingService, library: Library
) -> None:
    item = item_of(library, "id-002")
    verbs.draw(item, Box(1, 1, 4, 4), "Ada")
    assert list(verbs.busy([item, item])) == ["id-002"]
    whole = Box(0, 0, item.photo.width, item.photo.height)
    verbs.draw(item, whole, "Ada")
    assert verbs.busy([item]) == {}
    assert verbs.busy([]) == {}
