from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.training.pairs import Pairs, PairsError, read_pairs, write_pairs


@pytest.fixture
def pairs() -> Pairs:
    vectors = np.random.default_rng(0).normal(size=(4, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Pairs(
        keys=["a", "b", "c", "d"],
        sources=np.array(["shop", "shop", "art", "art"]),
        domains=np.full(4, "photo"),
        groups=np.array(["1", "1", "1", "2"]),
        splits=np.array(["train", "train", "val", "train"]),
        texts=[["red chair", "a chair"], ["blue chair"], ["a ship"], ["naïve 椅子"]],
        vectors=vectors,
    )


def test_comes_back_as_it_was_written(pairs: Pairs, tmp_path: Path) -> None:
    write_pairs(pairs, tmp_path / "p.parquet")
    back = read_pairs([tmp_path / "p.parquet"])
    assert back.keys == pairs.keys
    assert back.texts == pairs.texts
    assert back.groups.tolist() == pairs.groups.tolist()
    np.testing.assert_allclose(back.vectors, pairs.vectors, atol=1e-3)


def test_joins_files(pairs: Pairs, tmp_path: Path) -> None:
    write_pairs(pairs.take(np.array([0, 1])), tmp_path / "1.parquet")
    write_pairs(pairs.take(pairs.sources == "art"), tmp_path / "2.parquet")
    back = read_pairs([tmp_path / "1.parquet", tmp_path / "2.parquet"])
    assert back.keys == ["a", "b", "c", "d"]
    assert back.titles() == ["red chair", "blue chair", "a ship", "naïve 椅子"]


def test_a_group_on_both_sides_is_refused(pairs: Pairs) -> None:
    leaking = replace(pairs, splits=np.array(["train", "test", "val", "train"]))
    with pytest.raises(PairsError, match="Group '1' of shop is in train and in test"):
        leaking.check()


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(PairsError, match="can't be read"):
        read_pairs([tmp_path / "none.parquet"])
