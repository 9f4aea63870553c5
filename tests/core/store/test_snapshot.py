import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest

from core.domain import Rewrite
from core.pipeline.indexer import run_index
from core.store import snapshot
from core.store.catalog_store import CatalogStore
from core.store.database import metadata_of
from core.store.image_store import ImageStore
from tests.core.pipeline.small import bench, rows_of, write_catalog


@pytest.fixture(scope="module")
def made_once(tmp_path_factory):
    """A small catalogue, its source file, and its snapshot, in a folder that is only read."""
    folder = tmp_path_factory.mktemp("shipped")
    source = write_catalog(folder / "source", 30)
    store, photos = CatalogStore(folder / "made"), ImageStore(folder / "made" / "images")
    run_index(store, photos, bench().models, rows_of(source, photos))
    snapshot.export(store, folder / "snapshot")
    return folder, source.relative_to(folder)


@pytest.fixture
def shipped(tmp_path, made_once):
    """The source file, the snapshot and the catalogue, copied for one test."""
    folder, source = made_once
    shutil.copytree(folder, tmp_path / "shipped")
    own = tmp_path / "shipped"
    return own / source, own / "snapshot", CatalogStore(own / "made")


def index(tmp_path, source, small, seeded):
    store, photos = CatalogStore(tmp_path / "new"), ImageStore(tmp_path / "new" / "images")
    snapshot.seed(store, seeded)
    return store, run_index(store, photos, small.models, rows_of(source, photos))


def test_a_seeded_catalogue_needs_no_model_at_all(tmp_path, shipped):
    source, seeded, made = shipped
    small = bench()
    store, report = index(tmp_path, source, small, seeded)
    assert report.per_stage == {"reading": 30}
    assert (small.encoder.pictures, small.grounder.calls) == (0, 0)
    assert store.items.records() == made.items.records()
    for engine in ("clip", "vl-clip"):
        old, new = made.vectors(engine), store.vectors(engine)
        assert new.state() == old.state()
        assert (new.matrix() * old.matrix()).sum(axis=1).min() > 0.999999


def test_what_changed_is_computed_anew(tmp_path, shipped):
    source, seeded, _ = shipped
    text = source.read_text().replace("red chair 0,chair", "grey bench 0,bench")
    source.write_text(text)
    small = bench()
    store, report = index(tmp_path, source, small, seeded)
    assert report.per_stage == {"reading": 30, "grounding": 1, "rewriting": 1, "embedding": 2}
    assert store.items.records()["id-000"].rewrite == "a bench called grey bench 0"


def test_vectors_of_other_weights_are_not_taken(tmp_path, shipped):
    source, seeded, _ = shipped
    small = bench("other weights")
    store, report = index(tmp_path, source, small, seeded)
    assert report.per_stage["embedding"] == 60
    assert "grounding" not in report.per_stage  # groundings don't depend on the encoder
    assert store.vectors("clip").fingerprint == small.models.engines[0].fingerprint


def test_seeding_never_overwrites(tmp_path, shipped):
    _, seeded, made = shipped
    before = made.vectors("clip").matrix()
    snapshot.seed(made, seeded)
    assert (made.vectors("clip").matrix() == before).all()
    assert made.vectors("clip").count() == 30


def test_vectors_go_in_beside_those_of_the_same_engine_and_of_no_other(tmp_path, shipped):
    _, seeded, made = shipped
    clip, vl = made.vectors("clip"), made.vectors("vl-clip")
    clip.delete(["id-000"])
    facts = vl.table.schema.field("vector").type.list_size, 0.1
    vl.prepare("of other weights", *facts)
    snapshot.seed(made, seeded)
    assert made.vectors("clip").count() == 30
    other = made.vectors("vl-clip")
    assert (other.fingerprint, other.count()) == ("of other weights", 0)


def test_what_the_file_does_not_have_is_dropped(tmp_path, shipped):
    source, seeded, _ = shipped
    source.write_text("\n".join(source.read_text().splitlines()[:11]) + "\n")
    store, _ = index(tmp_path, source, bench(), seeded)
    assert (store.items.count(), store.vectors("clip").count()) == (10, 10)


def test_snapshot_vectors_are_half_precision(shipped):
    table = pq.read_table(shipped[1] / "vectors_clip.parquet")
    assert str(table.schema.field("image_vector").type.value_type) == "halffloat"
    assert "vector" not in table.schema.names
    assert np.isfinite(np.stack(table["text_vector"].to_pylist()).astype(np.float32)).all()


def test_a_snapshot_of_the_same_results_has_the_same_bytes(tmp_path, shipped):
    _, first, made = shipped
    snapshot.export(made, tmp_path / "second")
    for path in first.iterdir():
        assert (tmp_path / "second" / path.name).read_bytes() == path.read_bytes(), path.name
        facts = list(pq.read_schema(path).metadata)
        assert facts == sorted(facts)


def test_a_snapshot_holds_what_stored_vectors_depend_on_and_nothing_else(tmp_path, shipped):
    _, _, made = shipped
    extra = Rewrite("unused", (), "a person", "f")
    made.rewrites.append("unused", extra)
    written = snapshot.export(made, tmp_path / "new" / "folder")
    names = ["vectors_clip", "vectors_vl-clip", "groundings", "rewrites"]
    assert written == tuple(tmp_path / "new" / "folder" / f"{name}.parquet" for name in names)
    rewrites = pq.read_table(written[3])
    assert "unused" not in rewrites["key"].to_pylist()
    assert rewrites["key"].to_pylist() == sorted(rewrites["key"].to_pylist())
    assert rewrites.num_rows == 30
    assert pq.read_table(written[2]).num_rows == 30
    vectors = pq.read_table(written[0])
    assert vectors["item_id"].to_pylist() == sorted(vectors["item_id"].to_pylist())
    facts = {key.decode(): value.decode() for key, value in vectors.schema.metadata.items()}
    assert facts == dict(metadata_of(made.vectors("clip").table))
    assert {
        pq.ParquetFile(path).metadata.row_group(0).column(0).compression for path in written
    } == {"ZSTD"}


def test_a_catalogue_without_vectors_gives_empty_stages(tmp_path):
    store = CatalogStore(tmp_path / "shop")
    store.rewrites.append("a", Rewrite("a", (), "r", "f"))
    written = snapshot.export(store, tmp_path / "out")
    assert [path.name for path in written] == ["groundings.parquet", "rewrites.parquet"]
    assert [pq.read_table(path).num_rows for path in written] == [0, 0]
    snapshot.seed(CatalogStore(tmp_path / "new"), tmp_path / "out")
    snapshot.seed(CatalogStore(tmp_path / "new"), tmp_path / "no such folder")
    assert CatalogStore(tmp_path / "new").engines() == ()


def test_seeded_vectors_are_blended_as_they_were(tmp_path, shipped):
    _, seeded, made = shipped
    store = CatalogStore(tmp_path / "new")
    snapshot.seed(store, seeded)
    old, new = made.vectors("vl-clip"), store.vectors("vl-clip")
    assert metadata_of(new.table) == metadata_of(old.table)
    assert store.rewrites.keys() == made.rewrites.keys()
    assert store.groundings.keys() == made.groundings.keys()
    ids, (image, text, vector) = new.columns("image_vector", "text_vector", "vector")
    assert ids == old.columns()[0]
    for array in (image, text, vector):
        assert np.allclose(np.linalg.norm(array, axis=1), 1, atol=1e-5)
    mixed = 0.75 * image + 0.25 * text
    mixed /= np.linalg.norm(mixed, axis=1, keepdims=True)
    assert np.allclose(vector, mixed, atol=1e-5)
    assert np.allclose(image, old.columns("image_vector")[1][0], atol=1e-3)
    assert new.state() == old.state()
