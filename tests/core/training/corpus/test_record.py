from __future__ import annotations

from core.training.corpus.record import bucket, clean


def test_buckets_depend_on_the_name_only() -> None:
    assert bucket("red chair", 25) == bucket("red chair", 25) < 25
    assert {bucket(f"title {i}", 4) for i in range(100)} == {0, 1, 2, 3}


def test_clean_drops_repeats_and_spaces() -> None:
    assert clean(["a  b", "", " ", "a b", "c\n"]) == ("a b", "c")
