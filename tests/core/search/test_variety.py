import numpy as np

from core.search.variety import varied


def test_the_best_stays_first_and_its_likes_move_back():
    vectors = np.array([[1, 0, 0], [0.999, 0.04, 0], [0, 1, 0], [0, 0, 1]], np.float32)
    order = varied(np.array([0.9, 0.89, 0.8, 0.7]), vectors)
    assert order[0] == 0
    assert order.index(1) > order.index(2)
    assert sorted(order) == [0, 1, 2, 3]


def test_one_hit_or_none_stays():
    assert varied(np.zeros(0), np.zeros((0, 3), np.float32)) == []
    assert varied(np.ones(1), np.ones((1, 3), np.float32)) == [0]


def test_equal_hits_keep_their_order():
    assert varied(np.ones(3), np.ones((3, 2), np.float32)) == [0, 1, 2]
