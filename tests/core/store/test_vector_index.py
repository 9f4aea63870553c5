import threading
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from lancedb.index import HnswSq

from core.domain import Filters
from core.domain.search_index import Breadth, SearchIndex
from core.store import frozen_rows, vector_index
from core.store.catalog_store import CatalogStore
from core.store.database import filter_condition, one_of
from core.store.vectors import VectorRow

ROWS, DIM = 600, 16


def points(rows, seed=0):
    made = np.random.default_rng(seed).normal(size=(rows, DIM)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def row(number, vector):
    department = "garden" if number % 50 == 0 else "home"
    name, phash = f"{number:04}", f"{number:016x}"
    return VectorRow(name, "k", "g", "r", department, "chair", phash, vector, vector, vector)


@pytest.fixture
def large(tmp_path, monkeypatch):
    """A table above the limit, without an index."""
    monkeypatch.setattr(vector_index, "EXACT_LIMIT", 500)
    monkeypatch.setattr(frozen_rows, "SETTLED", 0.0)
    store = CatalogStore(tmp_path)
    table = store.vectors("clip")
    table.prepare("f", DIM, 0.0)
    table.upsert([row(number, vector) for number, vector in enumerate(points(ROWS))])
    return table


def closest(query, count=20):
    order = np.argsort(-(points(ROWS) @ query))[:count]
    return [f"{number:04}" for number in order]


def frozen_search(table, *given):
    """Search until the rows are frozen, which happens in the background."""
    for _ in range(100):
        answer = table.nearest(*given)
        for thread in threading.enumerate():
            if thread.name == "freezer":
                thread.join()
        if table._freezer._frozen is not None:
            return table.nearest(*given)
    raise AssertionError(f"never frozen; the last answer was {answer}")


def test_a_small_table_gets_no_index(tmp_path):
    table = CatalogStore(tmp_path).vectors("clip")
    assert (table.build_index(), table.index_is_due) == (None, False)
    table.prepare("f", DIM, 0.0)
    table.upsert([row(1, points(1)[0])])
    assert (table.build_index(), table.index, table.index_is_due) == (None, None, False)


def test_an_index_is_built_measured_and_kept_with_the_table(large, tmp_path):
    assert large.index_is_due
    measured = large.build_index()
    assert (measured.kind, measured.rows) == ("IvfHnswFlat", ROWS)
    assert set(measured.breadths) == {20, 100}
    assert all(breadth.recall >= 0.98 for breadth in measured.breadths.values())
    assert measured.breadths[20].candidates < 320
    assert measured.milliseconds > 0
    assert measured.exact_milliseconds > 0
    assert not large.index_is_due
    again = CatalogStore(tmp_path).vectors("clip")
    assert again.index == measured
    assert again.build_index() == measured  # nothing to do
    columns = {tuple(index.columns) for index in again.table.list_indices()}
    assert columns == {("vector",), ("department",), ("product_type",), ("item_id",)}


def test_an_index_finds_what_an_exact_search_finds(large):
    exact = [large.nearest(query, 20) for query in points(20, seed=1)]
    large.build_index()
    hits = 0
    for query, expected in zip(points(20, seed=1), exact, strict=True):
        results = frozen_search(large, query, 20)
        hits += len({name for name, _, _ in results} & {name for name, _, _ in expected})
        truth = {name: (phash, cosine) for name, phash, cosine in expected}
        for name, phash, cosine in results:
            if name in truth:
                assert (phash, cosine) == (truth[name][0], pytest.approx(truth[name][1], abs=1e-4))
    assert hits >= 0.95 * 400


def test_new_rows_are_found_at_once_and_deleted_ones_are_not(large):
    large.build_index()
    query = points(1, seed=2)[0]
    frozen_search(large, query, 20)
    large.upsert([row(9000, query)])
    assert large.index_is_due
    assert large.nearest(query, 5)[0][0] == "9000"
    assert frozen_search(large, query, 5)[0][0] == "9000"
    large.delete(["9000"])
    assert large.nearest(query, 5)[0][0] != "9000"
    assert frozen_search(large, query, 5)[0][0] != "9000"
    large.upsert([row(9001, query)])
    large.build_index()
    assert not large.index_is_due
    assert frozen_search(large, query, 5)[0][0] == "9001"


def test_filters_leave_full_answers(large):
    large.build_index()
    query = points(1, seed=3)[0]
    garden = large.nearest(query, 10, filter_condition(Filters(departments=("garden",))))
    assert [int(name) % 50 for name, _, _ in garden] == [0] * 10
    some = large.nearest(query, 10, one_of("item_id", ["0003", "0004"]))
    assert {name for name, _, _ in some} == {"0003", "0004"}


def test_an_index_in_eight_bits_is_replaced(large):
    large.table.create_index("vector", config=HnswSq(distance_type="cosine"))
    assert large.index_is_due
    assert large.index is None
    query = points(1, seed=4)[0]
    assert len({name for name, _, _ in large.nearest(query, 20)} & set(closest(query))) >= 18
    assert large.build_index().kind == "IvfHnswFlat"
    assert [i.index_type for i in large.table.list_indices() if i.columns == ["vector"]] == [
        "IvfHnswFlat"
    ]


def test_a_measurement_of_a_later_version_is_as_none(large):
    large.build_index()
    large.table.update_field_metadata(
        {"path": "vector", "metadata": {"search_index": '{"kind": 5, "news": []}'}}
    )
    assert large.index is None
    assert large.index_is_due
    assert len(large.nearest(points(1)[0], 20)) == 20


def test_breadth_grows_with_the_number_of_results():
    index = SearchIndex("x", 10, breadths={20: Breadth(40, 0.99), 100: Breadth(150, 0.98)})
    assert index.breadth(5).candidates == 40
    assert index.breadth(21).candidates == 150
    assert index.breadth(240).candidates == 360
    assert SearchIndex("x", 10).breadth(5) is None
    assert "98" in index.summary or "99" in index.summary


class Made:
    """A table as the index sees it."""

    name = uri = "x"

    def __init__(self, rows, index=None, measured=None):
        self.rows, self.index, self.measured = rows, index, measured

    def count_rows(self, condition=None):
        return self.rows

    def list_indices(self):
        other = SimpleNamespace(columns=["item_id"], index_type="BTree", num_unindexed_rows=9)
        return [other, *([self.index] if self.index else [])]

    @property
    def schema(self):
        text = vector_index._JSON.dump_json(self.measured) if self.measured else b""
        facts = {b"search_index": text} if text else None
        return SimpleNamespace(field=lambda name: SimpleNamespace(metadata=facts))


def index_over_vectors(kind="IvfHnswFlat", unindexed=0):
    return SimpleNamespace(columns=["vector"], index_type=kind, num_unindexed_rows=unindexed)


@pytest.mark.parametrize(
    ("rows", "index", "measured", "due"),
    [
        (20_000, None, None, False),
        (20_001, None, None, True),
        (30_000, index_over_vectors(), 20_000, False),
        (30_001, index_over_vectors(), 20_000, True),
        (20_001, index_over_vectors(unindexed=1), 20_000, True),
        (20_001, index_over_vectors("IvfHnswSq"), 20_000, True),
        (20_001, index_over_vectors(), None, True),
        (20_001, None, 20_000, True),
    ],
)
def test_an_index_is_due_where_a_large_table_s_is_missing_or_out_of_date(
    rows, index, measured, due
):
    table = Made(rows, index, SearchIndex("x", measured) if measured else None)
    assert vector_index.is_due(table) == due
    assert vector_index.has_index(table) == bool(index)


@pytest.mark.parametrize("block", [1, 3, 7, 100])
def test_the_truly_closest_rows_are_found_block_by_block(block):
    vectors, queries = points(40), points(3, seed=1)
    ids = np.arange(100, 140, dtype=np.uint64)
    parts = ((ids[at : at + block], vectors[at : at + block]) for at in range(0, 40, block))
    nearest = vector_index.closest(parts, queries, 5)
    assert (nearest == ids[np.argsort(-(queries @ vectors.T), axis=1)[:, :5]]).all()


class Frozen:
    """Has a share of the expected rows among its answers, by the number of candidates."""

    def __init__(self, recalls):
        self.recalls, self.asked = recalls, []

    def search(self, query, count, breadth):
        self.asked.append((count, breadth.candidates))
        hits = round(self.recalls.get(breadth.candidates, 0) * count)
        rows = [*range(hits), *range(1000, 1000 + count - hits)]
        return np.array(rows, np.uint64), None


@pytest.mark.parametrize(
    ("recalls", "candidates", "recall", "tried"),
    [
        ({100: 0.98}, 100, 0.98, [100]),
        ({100: 0.5, 150: 0.97, 200: 0.99}, 200, 0.99, [100, 150, 200]),
        ({100: 0.5, 150: 0.6, 400: 0.6}, 150, 0.6,
         [100, 150, 200, 300, 400, 600, 800, 1200, 1600, 2400, 3200]),
    ],
)  # fmt: skip
def test_the_fewest_candidates_that_find_enough_are_chosen(recalls, candidates, recall, tried):
    frozen = Frozen(recalls)
    truth = np.tile(np.arange(100, dtype=np.uint64), (2, 1))
    breadth, seconds = vector_index._narrowest(frozen, points(2), truth)
    assert breadth == Breadth(candidates, recall)
    assert frozen.asked == [(100, number) for number in tried for _ in range(2)]
    assert 0 < seconds < 1


def test_pictures_and_texts_of_evenly_spread_items_are_the_queries(tmp_path, monkeypatch):
    table = CatalogStore(tmp_path).vectors("clip")
    table.prepare("f", DIM, 0.0)
    images, texts = points(10), points(10, seed=1)
    table.upsert([replace(row(n, images[n]), text_vector=texts[n]) for n in range(10)])
    ids = pa.array([f"{n:04}" for n in range(10)])
    frozen = frozen_rows.FrozenRows(1, None, np.zeros(10, np.uint64), ids, ids)
    queries = vector_index.sample(table.table, frozen)
    assert sorted(map(tuple, queries.tolist())) == sorted(
        map(tuple, np.concatenate([images, texts]).tolist())
    )
    monkeypatch.setattr(vector_index, "SAMPLE", 3)
    queries = vector_index.sample(table.table, frozen)
    expected = np.concatenate([images[[0, 3, 6]], texts[[0, 3, 6]]]).tolist()
    assert sorted(map(tuple, queries.tolist())) == sorted(map(tuple, expected))


def test_blocks_have_the_ids_and_vectors_of_all_rows(large):
    parts = list(vector_index.blocks(large.table))
    vectors = np.concatenate([vectors for _, vectors in parts])
    assert sum(len(ids) for ids, _ in parts) == len(vectors) == ROWS
    assert vectors.shape[1] == DIM


def test_a_table_that_grew_by_half_is_measured_again_and_a_smaller_one_not(large, monkeypatch):
    measured = large.build_index()
    frozen = []
    monkeypatch.setattr(large._freezer, "now", lambda: frozen.append(1) or fail())

    def fail():
        raise AssertionError("measured again")

    more = points(ROWS // 2, seed=5)
    large.upsert([row(5000 + n, vector) for n, vector in enumerate(more)])
    assert large.build_index() == measured  # 1.5 times as many
    large.upsert([row(9000, points(1, seed=6)[0])])
    with pytest.raises(AssertionError, match="measured again"):
        large.build_index()
    assert frozen == [1]
