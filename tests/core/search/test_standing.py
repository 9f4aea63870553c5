import numpy as np
import pytest

from core.search.standing import Standing
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
