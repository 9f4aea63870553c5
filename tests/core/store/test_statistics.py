import numpy as np

from core.store.catalog_store import CatalogStore
from core.store.statistics import CosineStatistics


def test_moments_are_those_of_the_cosines_themselves(tmp_path):
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(300, 24)).astype(np.float32) + 0.5
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    query = vectors[7]
    table = CatalogStore(tmp_path).statistics
    table.write("clip", "f", "digest", CosineStatistics.of(vectors))
    mean, deviation = table.read("clip", "f").moments(query)
    cosines = vectors @ query
    assert np.isclose(mean, cosines.mean(), atol=1e-5)
    assert np.isclose(deviation, cosines.std(), atol=1e-5)
    assert table.digest("clip") == "digest"


def test_other_engines_and_fingerprints_have_none(tmp_path):
    table = CatalogStore(tmp_path).statistics
    table.write("clip", "f", "digest", CosineStatistics.of(np.eye(3, dtype=np.float32)))
    assert table.read("clip", "g") is None
    assert table.read("gcl", "f") is None
    assert table.digest("gcl") == ""


def test_statistics_are_mean_and_covariance_and_each_engine_has_its_own(tmp_path):
    vectors = np.array([[1, 0], [0, 1], [1, 1]], np.float32)
    made = CosineStatistics.of(vectors)
    assert made.rows == 3
    assert np.allclose(made.mean, 2 / 3)
    assert np.allclose(made.covariance, [[2 / 9, -1 / 9], [-1 / 9, 2 / 9]])
    table = CatalogStore(tmp_path).statistics
    before = table.version
    table.write("clip", "f", "one digest", made)
    table.write("vl-clip", "g", "other", CosineStatistics.of(vectors[:1]))
    assert table.version == before + 3  # the first write names the key before
    read = CatalogStore(tmp_path).statistics.read("clip", "f")
    assert (read.rows, read.mean.dtype, read.covariance.dtype) == (3, np.float32, np.float32)
    assert np.array_equal(read.mean, made.mean)
    assert np.array_equal(read.covariance, made.covariance)
    assert (table.digest("clip"), table.digest("vl-clip")) == ("one digest", "other")
    table.write("clip", "h", "new", CosineStatistics.of(vectors[:2]))
    assert table.read("clip", "f") is None
    assert table.read("clip", "h").rows == 2
    assert table.read("vl-clip", "g").rows == 1


def test_a_variance_that_rounding_made_negative_counts_as_none():
    statistics = CosineStatistics(1, np.ones(1, np.float32), -np.ones((1, 1), np.float32))
    assert statistics.moments(np.ones(1, np.float32)) == (1.0, 0.0)
