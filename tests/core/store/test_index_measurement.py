from dataclasses import replace

import numpy as np
import pytest

from core.domain.search_index import Breadth
from core.store import index_kinds, index_measurement
from core.store.catalog_store import CatalogStore
from tests.core.store.indexed import DIM, ROWS, large_table, points, row


@pytest.mark.parametrize("block", [1, 3, 7, 100])
def test_the_truly_closest_rows_are_found_block_by_block(block):
    vectors, queries = points(40), points(3, seed=1)
    ids = np.arange(100, 140, dtype=np.uint64)
    parts = ((ids[at : at + block], vectors[at : at + block]) for at in range(0, 40, block))
    nearest = index_measurement.closest(parts, queries, 5)
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
    breadth, seconds = index_measurement._narrowest(
        frozen, points(2), truth, index_kinds.steps(index_kinds.FULL, 100)
    )
    assert breadth == Breadth(candidates, recall)
    assert frozen.asked == [(100, number) for number in tried for _ in range(2)]
    assert seconds > 0


def test_pictures_and_texts_of_evenly_spread_items_are_the_queries(tmp_path, monkeypatch):
    table = CatalogStore(tmp_path).vectors("clip")
    table.prepare("f", DIM, 0.0)
    images, texts = points(10), points(10, seed=1)
    table.upsert([replace(row(n, images[n]), text_vector=texts[n]) for n in range(10)])
    ids = [f"{n:04}" for n in range(10)]
    queries = index_measurement.sample(table.table, ids)
    assert sorted(map(tuple, queries.tolist())) == sorted(
        map(tuple, np.concatenate([images, texts]).tolist())
    )
    monkeypatch.setattr(index_measurement, "SAMPLE", 3)
    queries = index_measurement.sample(table.table, ids)
    expected = np.concatenate([images[[0, 3, 6]], texts[[0, 3, 6]]]).tolist()
    assert sorted(map(tuple, queries.tolist())) == sorted(map(tuple, expected))


def test_blocks_have_the_ids_and_vectors_of_all_rows(tmp_path, monkeypatch):
    large = large_table(tmp_path, monkeypatch)
    parts = list(index_measurement.blocks(large.table))
    vectors = np.concatenate([vectors for _, vectors in parts])
    assert sum(len(ids) for ids, _ in parts) == len(vectors) == ROWS
    assert vectors.shape[1] == DIM
