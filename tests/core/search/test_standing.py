from types import SimpleNamespace

import numpy as np
import pytest

from core.errors import CatalogDamaged
from core.search.standing import Standing, StatisticsCache
from core.store.catalog_store import CatalogStore
from core.store.statistics import CosineStatistics


def test_zscore_says_how_far_an_item_stands_out():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(500, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    query = vectors[3]
    cosines = vectors @ query
    standing = Standing.of(query, CosineStatistics.of(vectors))
    expected = (cosines - cosines.mean()) / cosines.std()
    assert [standing.zscore(float(c)) for c in cosines[:9]] == pytest.approx(expected[:9], abs=1e-3)


def test_where_all_items_are_alike_nothing_stands_out():
    same = np.ones((5, 4), np.float32) / 2
    standing = Standing.of(same[0], CosineStatistics.of(same))
    assert standing.zscore(1.0) == 0.0


def test_a_score_is_the_distance_from_the_mean_in_deviations():
    assert Standing(0.25, 0.5, 10).zscore(1.0) == 1.5
    assert Standing(0.25, 1e-6, 10).zscore(1.0) == 0.0
    assert Standing(0.0, 2e-6, 10).zscore(1e-6) == pytest.approx(0.5)


def unit(rows, seed=0):
    vectors = np.random.default_rng(seed).normal(size=(rows, 4)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


class Table:
    """An engine's vectors, which note how many were asked for."""

    def __init__(self, vectors):
        self.vectors, self.asked = vectors, []

    def matrix(self, limit=None):
        self.asked.append(limit)
        return self.vectors


def model(fingerprint="f"):
    return SimpleNamespace(name="clip", fingerprint=fingerprint, encoder=SimpleNamespace(dim=4))


def same(first, second):
    return first.rows == second.rows and np.allclose(first.mean, second.mean)


def test_stored_statistics_are_read_once_and_again_after_a_change(tmp_path, monkeypatch):
    store, vectors = CatalogStore(tmp_path), unit(9)
    cache, table = StatisticsCache(store), Table(unit(5, seed=1))
    assert same(cache.of(model(), table), CosineStatistics.of(table.vectors))
    assert table.asked == [2_000]
    store.statistics.write("clip", "f", "d", CosineStatistics.of(vectors))
    kept = cache.of(model(), table)
    assert same(kept, CosineStatistics.of(vectors))
    with monkeypatch.context() as patch:
        patch.setattr(store.statistics, "read", None)
        assert cache.of(model(), table) is kept
    assert same(cache.of(model("g"), table), CosineStatistics.of(table.vectors))
    store.statistics.write("clip", "f", "d", CosineStatistics.of(vectors[:3]))
    assert cache.of(model(), table).rows == 3
    assert table.asked == [2_000, 2_000]


def test_before_anything_is_embedded_nothing_stands_out(tmp_path):
    statistics = StatisticsCache(CatalogStore(tmp_path)).of(model(), Table(unit(0)))
    assert (statistics.rows, statistics.mean.tolist()) == (1, [0.0] * 4)
    assert statistics.mean.dtype == np.float32


def test_damaged_statistics_are_made_of_a_sample(tmp_path, monkeypatch):
    store = CatalogStore(tmp_path)

    def damaged(*given):
        raise CatalogDamaged("x")

    monkeypatch.setattr(store.statistics, "read", damaged)
    vectors = unit(5)
    assert same(StatisticsCache(store).of(model(), Table(vectors)), CosineStatistics.of(vectors))
