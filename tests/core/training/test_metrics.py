from __future__ import annotations

import numpy as np
import pytest

from core.training.metrics import ranks, retrieval

EYE = np.eye(4, dtype=np.float32)


def test_perfect_and_worst() -> None:
    assert ranks(EYE, EYE).tolist() == [0, 0, 0, 0]
    assert ranks(-EYE, EYE).tolist() == [3, 3, 3, 3]


def test_a_tower_that_says_one_thing_wins_nothing_by_ties() -> None:
    constant = np.ones((4, 4), dtype=np.float32) / 2
    assert ranks(constant, EYE).tolist() == [3, 3, 3, 3]


def test_other_photos_of_the_product_do_not_count_against_it() -> None:
    image = EYE.copy()
    image[1] = image[0]
    assert ranks(EYE, image)[0] == 1
    assert ranks(EYE, image, np.array(["a", "a", "b", "c"]))[0] == 0


def test_figures() -> None:
    text = EYE[[1, 0, 2, 3]]
    figures = retrieval(text, EYE)
    assert figures.items == 4
    assert figures.hits1 == pytest.approx(0.5)
    assert figures.hits5 == 1.0
    assert figures.mrr == pytest.approx((0.25 + 0.25 + 1 + 1) / 4)
