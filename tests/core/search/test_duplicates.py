from core.search.duplicates import MAX_DISTANCE, distance, fold


def flipped(bits):
    return f"{(1 << bits) - 1:016x}"


def test_distance():
    assert distance("00" * 8, "00" * 8) == 0
    assert distance("00" * 8, "ff" * 8) == 64
    assert distance("f0" * 8, "00" * 8) == 32


def test_the_best_ranked_of_a_group_stays():
    ranked = [("a", flipped(0)), ("b", "ff" * 8), ("c", flipped(MAX_DISTANCE)), ("d", flipped(0))]
    assert fold(ranked) == {"a": ["c", "d"], "b": []}


def test_one_bit_more_is_another_picture():
    assert fold([("a", flipped(0)), ("b", flipped(MAX_DISTANCE + 1))]) == {"a": [], "b": []}
