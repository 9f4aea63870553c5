"""A ``BatchGrounder`` gets several photos per call."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from core.domain import Grounding
from core.pipeline.indexer import run_index
from core.ports.engines import IndexingModels
from core.store.catalog_store import CatalogStore
from core.store.image_store import ImageStore
from tests.core.pipeline.small import MiddleGrounder, bench, rows_of, write_catalog


class TogetherGrounder(MiddleGrounder):
    """A batch grounder that fails on any batch with the bad photo."""

    def __init__(self, batch_size: int = 8) -> None:
        super().__init__()
        self.batch_size = batch_size
        self.passes: list[int] = []

    def ground_batch(
        self, images: Sequence[Image.Image], prompts: Sequence[str]
    ) -> tuple[Grounding, ...]:
        self.passes.append(len(images))
        return tuple(map(self.ground, images, prompts))


def index(
    folder: Path, source: Path, batch_size: int = 8
) -> tuple[TogetherGrounder, CatalogStore, dict[str, int]]:
    small, grounder = bench(), TogetherGrounder(batch_size)
    models = IndexingModels(small.models.engines, grounder, small.models.rewriter)
    store = CatalogStore(folder)
    photos = ImageStore(store.root / "images")
    report = run_index(store, photos, models, rows_of(source, photos))
    return grounder, store, dict(report.per_stage)


def test_photos_are_grounded_in_batches(tmp_path: Path) -> None:
    grounder, _, work = index(tmp_path / "shop", write_catalog(tmp_path / "source", 10))
    assert grounder.passes == [8, 2]
    assert grounder.calls == work["grounding"] == 10


def test_the_batch_is_what_the_grounder_has_memory_for(tmp_path: Path) -> None:
    grounder, _, _ = index(tmp_path / "shop", write_catalog(tmp_path / "source", 5), 2)
    assert grounder.passes == [2, 2, 1]


def test_a_bad_photo_does_not_fail_the_others_of_its_batch(tmp_path: Path) -> None:
    source = write_catalog(tmp_path / "source", 6)
    source.write_text(source.read_text().replace("blue chair 2,chair", "blue chair 2,cursed chair"))
    _, store, work = index(tmp_path / "shop", source)
    assert work["grounding"] == 5
    assert len(store.vectors("vl-clip").get([f"id-{i:03}" for i in range(6)])) == 5


def test_a_photo_of_several_items_is_grounded_once(tmp_path: Path) -> None:
    source = write_catalog(tmp_path / "source", 4)
    head, first, *others = source.read_text().splitlines()
    photo, kind = first.split(",")[-1], first.split(",")[2]
    cells = [line.split(",") for line in others]
    same = [",".join([*row[:2], kind, *row[3:-1], photo]) for row in cells]
    source.write_text("\n".join([head, first, *same]) + "\n")
    for batch_size in (2, 8):  # later items in another pass, and in the same one
        grounder, store, work = index(tmp_path / f"shop{batch_size}", source, batch_size)
        assert (grounder.calls, work["grounding"], work["embedding"]) == (1, 1, 8)
        assert len(store.vectors("vl-clip").get([f"id-{i:03}" for i in range(4)])) == 4
