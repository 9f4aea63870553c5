from dataclasses import replace

import numpy as np
import pytest

from core.domain import Filters
from core.store.catalog_store import CatalogStore
from core.store.database import filter_condition, metadata_of
from core.store.vectors import StoredState, VectorRow, blend, to_arrow


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


X, Y, Z = np.eye(3, dtype=np.float32)


def full(item_id="1", image=X, text=Y, vector=Z):
    return VectorRow(item_id, "key", "gk", "rk", "home", "chair", "0f" * 8, image, text, vector)


def equal(first, second):
    return all(np.array_equal(getattr(first, n), getattr(second, n)) for n in VectorRow.__slots__)


def test_every_part_of_a_row_comes_back(vectors):
    vectors.upsert([full(), full("2", Y, Z, X)])
    assert equal(vectors.get(["1"])["1"], full())
    assert equal(vectors.get(["2", "1"])["2"], full("2", Y, Z, X))
    assert vectors.get([]) == vectors.get(["never"]) == {}
    assert vectors.state() == {name: StoredState("key", "home", "chair") for name in "12"}
    assert vectors.image_vector("2").tolist() == Y.tolist()
    assert vectors.get(["1"])["1"].vector.dtype == np.float32
    vectors.delete(["1", "never"])
    assert list(vectors.state()) == ["2"]
    vectors.upsert([])
    assert vectors.count() == 1


def test_cosines_are_those_of_the_columns_that_are_asked_for(vectors):
    vectors.upsert([full(), full("2", Y, Z, X)])
    query = unit(3, 4, 0)
    columns = ["vector", "image_vector", "text_vector"]
    assert vectors.cosines_of(["1", "2", "never"], query, columns) == {
        "1": pytest.approx((0.0, 0.6, 0.8)), "2": pytest.approx((0.6, 0.8, 0.0))
    }  # fmt: skip
    assert vectors.cosines(["2"], query) == pytest.approx({"2": 0.6})
    assert vectors.cosines_of([], query, columns) == {}
    assert vectors.cosines(["never"], query) == {}
    assert vectors.agreements() == pytest.approx({"1": 0.0, "2": 0.0})
    vectors.upsert([full("3", unit(1, 1, 0), X, X)])
    assert vectors.agreements()["3"] == pytest.approx(0.5**0.5)


def test_columns_are_in_the_order_of_ids(vectors):
    vectors.upsert([full("b", X, Y, Z), full("a", Y, Z, X)])
    ids, (image, vector, again) = vectors.columns("image_vector", "vector", "image_vector")
    assert ids == ["a", "b"]
    assert (image == np.stack([Y, X])).all()
    assert (vector == np.stack([X, Z])).all()
    assert (again == image).all()
    assert vectors.columns() == (["a", "b"], [])


def test_without_a_table_everything_is_empty(tmp_path):
    table = CatalogStore(tmp_path).vectors("clip")
    assert table.table is None
    assert (table.agreements(), table.cosines(["1"], X), table.image_vector("1")) == ({}, {}, None)
    assert table.matrix().shape == table.matrix(5).shape == (0, 0)
    ids, columns = table.columns("vector", "text_vector")
    assert (ids, [column.shape for column in columns]) == ([], [(0, 0), (0, 0)])
    assert columns[0].dtype == table.matrix().dtype == np.float32
    assert (table.counted(), table.index, table.index_is_due) == ((0, None), None, False)
    assert table.build_index() is None
    table.delete(["1"])
    table.drop()
    with pytest.raises(RuntimeError, match=r"vectors_clip: prepare\(\) comes first"):
        table.upsert([full()])


def test_a_table_says_what_made_it_and_can_be_dropped(vectors, tmp_path):
    assert metadata_of(vectors.table) == {
        "schema_version": "1", "engine_fingerprint": "fingerprint", "dim": "3",
        "text_weight": "0.1", "normalised": "l2",
    }  # fmt: skip
    assert vectors.counted() == (0, None)
    vectors.upsert([full()])
    assert vectors.counted() == (1, None)
    vectors.drop()
    assert (vectors.table, vectors.count()) == (None, 0)
    assert CatalogStore(tmp_path).engines() == ()


def test_rows_of_a_file_go_in_beside_those_that_are_there(vectors):
    vectors.upsert([full()])
    vectors.insert_new(to_arrow([full("1", Z, Z, Z), full("2")]))
    assert equal(vectors.get(["1"])["1"], full())
    assert equal(vectors.get(["2"])["2"], full("2"))


@pytest.mark.parametrize(
    ("limit", "taken"), [(None, 5), (5, 5), (9, 5), (2, [0, 2]), (3, [0, 1, 3]), (4, [0, 1, 2, 3])]
)
def test_a_matrix_is_thinned_evenly(vectors, limit, taken):
    every = np.stack([unit(n + 1, 1, 0) for n in range(5)])
    vectors.upsert([row(f"{n}", every[n]) for n in (3, 0, 4, 1, 2)])
    expected = every if isinstance(taken, int) else every[taken]
    assert (vectors.matrix(limit) == expected).all()


def test_relabelling_changes_both_labels_of_those_items_alone(vectors):
    vectors.upsert([full(), full("2", Y, Z, X), full("3")])
    vectors.relabel({"1": ("garden", "bench"), "2": ("", ""), "never": ("x", "y")})
    assert equal(
        vectors.get(["1"])["1"], replace(full(), department="garden", product_type="bench")
    )
    second = replace(full("2", Y, Z, X), department="", product_type="")
    assert equal(vectors.get(["2"])["2"], second)
    assert equal(vectors.get(["3"])["3"], full("3"))


def test_a_new_weight_of_the_text_is_blended_and_rows_are_unit_vectors():
    mixed = blend(np.stack([X, Y]), np.stack([Y, Y]), 0.5)
    assert np.allclose(mixed, [unit(1, 1, 0), Y])
    assert mixed.dtype == np.float32
    assert np.allclose(blend(X[None], Y[None], 1.0), Y)
