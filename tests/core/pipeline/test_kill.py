"""After ``kill -9`` at any moment, the next run ends in the same state as without it."""

from __future__ import annotations

import random

import pytest

from tests.core.pipeline.killable_indexing import content, index, index_and_kill
from tests.core.pipeline.small import write_catalog


@pytest.mark.slow
def test_killed_at_random_moments_it_ends_in_the_same_state(tmp_path):
    """``python -m benchmarks.killed`` does it twenty times."""
    source = write_catalog(tmp_path / "source", 30)
    index(tmp_path / "undisturbed", source)
    index_and_kill(tmp_path / "killed", source, random.Random(11))
    index(tmp_path / "killed", source)
    assert content(tmp_path / "killed") == content(tmp_path / "undisturbed")
