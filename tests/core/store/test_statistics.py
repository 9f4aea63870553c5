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
