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


def test_closeness_and_difference_weigh_the_same():
    # By hand: alike from 0 to 1, scores from 0 to 1. After the first, worth of b is
    # 0.5 * 0.8 - 0.5 * 0.6 = 0.1, of c 0.5 * 0.5 - 0.5 * 0 = 0.25, of d 0 - 0.5 * 0.1 = -0.05.
    vectors = np.array([[1, 0, 0], [0.6, 0.8, 0], [0, 0, 1], [0.1, 0, 0.995]], np.float32)
    assert varied(np.array([3.0, 2.6, 2.0, 1.0]), vectors) == [0, 2, 1, 3]
    # Where all differ alike, the scores decide; where all scores are the same, the difference.
    assert varied(np.array([4.0, 3.0, 2.0, 1.0]), np.eye(4, dtype=np.float32)) == [0, 1, 2, 3]
    assert varied(np.array([1.0, 1.0, 1.0, 1.0]), vectors) == [0, 2, 1, 3]


def test_a_hit_is_compared_with_the_most_alike_of_those_before():
    vectors = np.array([[1, 0, 0], [0, 1, 0], [0, 0.9, 0.436], [0.7, 0.7, 0.141]], np.float32)
    assert varied(np.array([1.0, 0.9, 0.6, 0.6]), vectors) == [0, 1, 3, 2]


def test_two_hits_stay():
    assert varied(np.array([2.0, 1.0]), np.eye(2, dtype=np.float32)) == [0, 1]
