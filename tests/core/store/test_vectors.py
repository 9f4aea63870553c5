import numpy as np
import pytest

from core.domain import Filters
from core.store.catalog_store import CatalogStore
from core.store.database import filter_condition
from core.store.vectors import VectorRow, blend


def unit(*numbers):
    vector = np.array(numbers, np.float32)
    return vector / np.linalg.norm(vector)


def row(item_id, vector, key="k", department="home"):
    return VectorRow(item_id, key, "g", "r", department, "chair", "00" * 8, vector, vector, vector)


@pytest.fixture
def vectors(tmp_path):
    table = CatalogStore(tmp_path).vectors("clip")
    table.prepare("fingerprint", 3, 0.1)
    return table


def test_before_the_first_indexing_it_reads_as_empty(tmp_path):
    table = CatalogStore(tmp_path).vectors("clip")
    assert (table.fingerprint, table.count(), table.state(), table.get(["1"])) == ("", 0, {}, {})
    assert table.nearest(unit(1, 0, 0), 3) == []


def test_round_trip(vectors):
    stored = row("1", unit(1, 2, 3))
    vectors.upsert([stored])
    back = vectors.get(["1", "nobody"])["1"]
    assert (back.key, back.grounding_key, back.department) == ("k", "g", "home")
    assert (back.image_vector == stored.image_vector).all()
    assert (vectors.image_vector("1") == stored.image_vector).all()
    assert vectors.image_vector("nobody") is None


def test_nearest_is_by_cosine_and_prefiltered(vectors):
    rows = [row(f"near{n}", unit(1, 0.01 * n, 0)) for n in range(5)]
    vectors.upsert([*rows, row("far", unit(-1, 0, 0), department="art")])
    hits = vectors.nearest(unit(1, 0, 0), 2)
    assert [name for name, _, _ in hits] == ["near0", "near1"]
    assert hits[0][2] == pytest.approx(1, abs=1e-5)
    only = vectors.nearest(unit(1, 0, 0), 2, filter_condition(Filters(departments=("art",))))
    assert [name for name, _, _ in only] == ["far"]
    assert only[0][2] == pytest.approx(-1, abs=1e-5)
    assert vectors.cosines(["far"], unit(1, 0, 0)) == pytest.approx({"far": -1})


def test_another_fingerprint_empties_the_table_the_same_one_does_not(vectors):
    vectors.upsert([row("1", unit(1, 0, 0))])
    vectors.prepare("fingerprint", 3, 0.1)
    assert vectors.count() == 1
    vectors.prepare("other weights", 4, 0.1)
    assert (vectors.count(), vectors.fingerprint) == (0, "other weights")
    vectors.upsert([row("1", unit(1, 0, 0, 0))])
    assert vectors.count() == 1


def test_relabel_keeps_vectors(vectors):
    vectors.upsert([row("1", unit(1, 2, 3)), row("2", unit(3, 2, 1))])
    vectors.relabel({"1": ("garden", "bench")})
    assert (vectors.state()["1"].department, vectors.state()["1"].product_type) == (
        "garden",
        "bench",
    )
    assert vectors.state()["2"].department == "home"
    assert (vectors.get(["1"])["1"].vector == unit(1, 2, 3)).all()


def test_matrix_is_in_id_order_and_can_be_thinned(vectors):
    vectors.upsert([row(f"{n:02}", unit(n + 1, 1, 0)) for n in (3, 1, 2, 0)])
    assert (vectors.matrix() == np.stack([unit(n + 1, 1, 0) for n in range(4)])).all()
    assert (vectors.matrix(2) == np.stack([unit(1, 1, 0), unit(3, 1, 0)])).all()


def test_blend_weighs_and_normalises():
    image, text = unit(1, 0, 0)[None], unit(0, 1, 0)[None]
    assert np.allclose(blend(image, text, 0.25), unit(0.75, 0.25, 0))
    assert np.allclose(blend(image, text, 0), image)
