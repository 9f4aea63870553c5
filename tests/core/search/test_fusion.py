import pytest

from core.search.fusion import reciprocal_ranks


def test_scores_are_the_papers():
    scores = reciprocal_ranks([["a", "b"], ["b", "c"]])
    assert scores == pytest.approx({"b": 1 / 62 + 1 / 61, "a": 1 / 61, "c": 1 / 62})
    assert list(scores) == ["b", "a", "c"]


def test_ties_and_nothing():
    assert list(reciprocal_ranks([["a"], ["b"]])) == ["a", "b"]
    assert reciprocal_ranks([[], []]) == {}
