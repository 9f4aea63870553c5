from dataclasses import replace
from types import SimpleNamespace

import pyarrow as pa
import pytest
from lancedb.index import HnswSq

from core.domain import Filters
from core.domain.search_index import Breadth, SearchIndex
from core.store import index_measurement, vector_index
from core.store.catalog_store import CatalogStore
from core.store.database import filter_condition, one_of
from tests.core.store.indexed import DIM, ROWS, closest, frozen_search, large_table, points, row


@pytest.fixture
def large(tmp_path, monkeypatch):
    """A table above the limit, without an index."""
    return large_table(tmp_path, monkeypatch)


@pytest.fixture
def compressed(tmp_path, monkeypatch):
    """A table whose index may not take the memory of full vectors."""
    return large_table(tmp_path, monkeypatch, index_bytes=0)


@pytest.fixture
def trained(monkeypatch):
    """The kinds of indices that are trained."""
    kinds, train = [], vector_index.train
    monkeypatch.setattr(vector_index, "train", lambda t, kind: kinds.append(kind) or train(t, kind))
    return kinds


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
        field = SimpleNamespace(metadata=facts, type=pa.list_(pa.float32(), 16))
        return SimpleNamespace(field=lambda name: field)


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
    made = SearchIndex("x", measured, breadths={20: Breadth(40, 0.99)}) if measured else None
    table = Made(rows, index, made)
    assert vector_index.is_due(table) == due
    assert vector_index.has_index(table) == bool(index)


def add(table, count, seed=5, first=5000):
    table.upsert([row(first + n, vector) for n, vector in enumerate(points(count, seed))])


def test_a_few_new_items_are_counted_and_not_looked_at(large, trained, monkeypatch):
    measured = large.build_index()
    monkeypatch.setattr(large._freezer, "now", lambda: pytest.fail("frozen"))
    add(large, 30)
    assert large.build_index() == replace(measured, unchecked=30) == large.index
    assert not large.index_is_due
    add(large, 30, seed=6, first=6000)
    assert large.build_index() == replace(measured, unchecked=60)
    assert trained == ["IvfHnswFlat"]


def test_many_new_items_are_looked_at_and_what_they_find_is_kept(large, trained):
    measured = large.build_index()
    add(large, 40)
    large.build_index()
    add(large, 40, seed=6, first=6000)
    checked = large.build_index()  # 80 of 680, the first 40 among them
    assert checked.new_recall >= measured.breadths[20].recall - 0.03
    assert checked == replace(measured, new_recall=checked.new_recall) == large.index
    assert trained == ["IvfHnswFlat"]


def test_the_items_that_are_looked_at_are_the_new_ones(large, monkeypatch):
    large.build_index()
    asked, recall_of = [], index_measurement.recall_of

    def noted(table, frozen, item_ids, breadth):
        asked.extend(item_ids)
        return recall_of(table, frozen, item_ids, breadth)

    monkeypatch.setattr(index_measurement, "recall_of", noted)
    large.delete([f"{n:04}" for n in range(20)])
    changed = points(30, seed=8)
    large.upsert([row(100 + n, vector) for n, vector in enumerate(changed)])
    add(large, 60)
    large.build_index()
    assert sorted(asked) == sorted([f"{100 + n:04}" for n in range(30)]
                                   + [f"{5000 + n:04}" for n in range(60)])  # fmt: skip


@pytest.mark.parametrize(("less", "anew"), [(0.02, False), (0.04, True)])
def test_an_index_is_trained_anew_where_new_items_find_much_less(large, trained, less, anew):
    measured = large.build_index()
    add(large, 100)
    new_recall = large.build_index().new_recall
    # As if more had been there when it was measured.
    breadths = {20: Breadth(measured.breadths[20].candidates, new_recall + less)}
    vector_index._stored(large.table, replace(measured, rows=700, breadths=breadths))
    add(large, 100, seed=5, first=7000)  # the same points: they find the same
    after = large.build_index()
    assert (len(trained) == 2) == anew
    assert (after.rows == 800) == anew
    assert after.new_recall == pytest.approx(new_recall, abs=0.01)
    assert not large.index_is_due


def test_a_table_that_grew_by_half_is_measured_again_and_a_smaller_one_not(large, trained):
    measured = large.build_index()
    add(large, ROWS // 2)
    assert large.build_index().rows == measured.rows  # 1.5 times as many
    add(large, 1, seed=6, first=9000)
    assert large.build_index().rows == ROWS // 2 * 3 + 1
    assert trained == ["IvfHnswFlat"]


def test_a_compressed_index_finds_what_an_exact_search_finds(compressed):
    queries = points(20, seed=1)
    measured = compressed.build_index()
    assert measured.kind == "IvfRq"
    assert measured.breadths[20].recall >= 0.98
    assert measured.breadths[20].probes > 0
    assert "compressed" in measured.summary
    assert not compressed.index_is_due
    hits = 0
    for query in queries:
        results = frozen_search(compressed, query, 20)
        hits += len({name for name, _, _ in results} & set(closest(query)))
        for name, _, cosine in results:
            assert cosine == pytest.approx(float(points(ROWS)[int(name)] @ query), abs=1e-4)
    assert hits >= 0.88 * 400  # training is random: 15 of them found 387 to 399


def test_a_compressed_index_answers_with_filters_and_new_rows(compressed):
    compressed.build_index()
    query = points(1, seed=3)[0]
    condition = filter_condition(Filters(departments=("garden",)))
    garden = compressed.nearest(query, 10, condition)
    expected = [name for name in closest(query, ROWS) if int(name) % 50 == 0][:10]
    assert [name for name, _, _ in garden] == expected
    compressed.upsert([row(9000, query)])
    assert compressed.nearest(query, 5)[0][0] == "9000"
    assert frozen_search(compressed, query, 5)[0][0] == "9000"
    compressed.delete(["9000"])
    assert compressed.nearest(query, 5)[0][0] != "9000"


def test_a_compressed_index_that_finds_too_little_gives_way_to_full_vectors(
    compressed, trained, monkeypatch
):
    monkeypatch.setattr(vector_index, "LEAST", 1.01)
    measured = compressed.build_index()
    assert trained == ["IvfRq", "IvfHnswFlat"]
    assert (measured.kind, measured.too_coarse) == ("IvfHnswFlat", True)
    assert not compressed.index_is_due  # it is not tried again and again
    add(compressed, 2 * ROWS)
    again = compressed.build_index()
    assert (again.rows, again.too_coarse) == (3 * ROWS, True)
    assert trained == ["IvfRq", "IvfHnswFlat"]


def test_searches_are_right_while_another_kind_takes_the_place_of_an_index(
    large, tmp_path, monkeypatch
):
    large.build_index()
    smaller, train = CatalogStore(tmp_path, index_bytes=0).vectors("clip"), vector_index.train

    def interrupted(table, kind):
        train(table, kind)
        raise KeyboardInterrupt

    monkeypatch.setattr(vector_index, "train", interrupted)
    with pytest.raises(KeyboardInterrupt):
        smaller.build_index()
    for query in points(20, seed=1):
        hits = smaller.nearest(query, 20)
        assert [name for name, _, _ in hits] == closest(query)  # every row is looked at
        for name, _, cosine in hits:
            assert cosine == pytest.approx(float(points(ROWS)[int(name)] @ query), abs=1e-4)
    assert smaller.index_is_due  # it is there, and not measured
    monkeypatch.setattr(vector_index, "train", train)
    assert smaller.build_index().breadths
    assert not smaller.index_is_due


def test_a_table_that_outgrows_its_memory_is_compressed(large, tmp_path, trained):
    large.build_index()
    smaller = CatalogStore(tmp_path, index_bytes=ROWS * 16).vectors("clip")
    assert smaller.index_is_due
    assert smaller.build_index().kind == "IvfRq"
    assert not smaller.index_is_due
    assert trained == ["IvfHnswFlat", "IvfRq"]
