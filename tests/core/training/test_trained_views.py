"""A VL-CLIP is trained from a CLIP: on crops and rewrites, from one command's options."""

from __future__ import annotations

import io
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest
from PIL import Image

from core.app.library import Library
from core.app.training import TrainingService
from core.domain import FULL, Engine, ImageView, TextView, Towers
from core.embedding.loaders import build_encoder
from core.embedding.recipes import load_own_engines
from core.errors import TrainingError
from core.pipeline.indexer import run_index
from core.ports.engines import EngineModel, IndexingModels
from core.settings import Settings
from core.training.pair_sources import parquet_source
from core.training.pair_tables import PairTable
from core.training.training_loop import Training
from core.weights import WeightStore
from tests.core.embedding.test_open_clip_encoder import write_checkpoint
from tests.core.pipeline.small import bench, rows_of, write_catalog

SHORT = Training(epochs=1, batch=64, drop=0.0)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> TrainingService:
    """Return the service over a catalogue indexed for a CLIP alone: nothing is grounded."""
    folder = tmp_path_factory.mktemp("views")
    write_checkpoint(folder / "start")
    settings = Settings(data_dir=folder, profile=FULL, device="cpu", precision="float32")
    towers = {FULL: Towers("open_clip", f"local-dir:{folder / 'start'}")}
    engine = Engine("clip", "CLIP", "", ImageView.PHOTO, TextView.TITLE, 0.2, towers)
    weights, small = WeightStore.from_settings(settings), bench()
    model = EngineModel(engine, build_encoder(engine, settings, weights))

    def for_indexing(engines: object = None) -> IndexingModels:
        return IndexingModels((model,), small.grounder, small.models.rewriter)

    models = SimpleNamespace(
        recipes={"clip": engine}, weights=weights, forget=lambda name: None,
        engine=lambda name: model, for_indexing=for_indexing,
    )  # fmt: skip
    library = Library(settings)
    opened = library.create("shop")
    path = write_catalog(folder / "files", 130)
    run_index(opened.store, opened.images, for_indexing(), rows_of(path, opened.images))
    assert not opened.store.groundings.keys()
    return TrainingService(library, models, settings, None)  # type: ignore[arg-type]


def test_a_vl_clip_is_made_from_a_clip(service: TrainingService) -> None:
    said: list[str] = []
    outcome = service.tune(
        "mine", catalog="shop", base="clip", unlock_image=1, unlock_text=None, views="crop",
        options=asdict(SHORT) | {"texts": "rewrite"}, say=said.append,
    )  # fmt: skip
    assert outcome is not None
    assert outcome.rewrites is not None
    assert [line for line in outcome.lines() if line.startswith("Held-out")] == [
        "Held-out titles:", "Held-out rewrites:",
    ]  # fmt: skip
    store = service._library.get("shop").store
    assert len(store.groundings.keys()) == 130
    assert "130 pairs of shop" in said
    home = service._root / "mine"
    engine = load_own_engines(service._root)["mine"]
    assert (engine.image_view, engine.text_view) == (ImageView.CROP, TextView.REWRITE)
    assert engine.towers[FULL].fit == "pad"
    assert "Held-out rewrites:" in (home / "README.md").read_text("utf-8")
    assert "texts='rewrite'" in (home / "README.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"views": "picture"}, "embeds photo, crop, cutout"),
        ({"options": {"texts": "all"}}, "Train on title, rewrite, mixed"),
    ],
)
def test_unknown_views_and_texts_are_sentences(
    service: TrainingService, options: dict[str, object], reason: str
) -> None:
    with pytest.raises(TrainingError, match=reason):
        service.tune("other", catalog="shop", base="clip", **options)  # type: ignore[arg-type]


def test_pairs_are_exported_as_training_reads_them(
    service: TrainingService, tmp_path: Path
) -> None:
    target = tmp_path / "pairs.parquet"
    assert service.export_pairs(target, "shop", base="clip") == 130
    rows = pq.read_table(target).to_pylist()
    store = service._library.get("shop").store
    records = store.items.records()
    assert {row["item_id"] for row in rows} == records.keys()
    assert {row["split"] for row in rows} == {"train", "val", "test"}
    sides: dict[str, set[str]] = {}
    for row in rows:
        sides.setdefault(row["group"], set()).add(row["split"])
        record = records[row["item_id"]]
        assert (row["text"], row["title"]) == (record.rewrite, record.item.title)
    assert {len(splits) for splits in sides.values()} == {1}
    with Image.open(io.BytesIO(rows[0]["image"])) as crop:
        photo = records[rows[0]["item_id"]].item.photo
        assert crop.format == "JPEG"
        assert crop.width < photo.width
    read = parquet_source(target, service._settings)
    assert [texts[0] for texts in read.pairs.texts] == [row["text"] for row in rows]
    assert read.pairs.splits.tolist() == [row["split"] for row in rows]
    address = str(tmp_path / "pairs.lance")
    assert service.export_pairs(address, "shop", base="clip") == 130
    table = PairTable(address)
    words = [row for part in table.words(0, table.count) for row in part]
    assert words == [{name: row[name] for name in ("text", "group", "split")} for row in rows]
    assert list(table.pictures(128, 130)) == [row["image"] for row in rows[128:]]


def test_a_file_of_pairs_has_its_own_texts(service: TrainingService, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="brings its own texts"):
        service.tune("other", pairs=tmp_path / "p.parquet", options={"texts": "rewrite"})
