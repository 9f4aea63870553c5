from PIL import Image, ImageDraw

from core.search.duplicates import MAX_DISTANCE, distance, fold, neighbours
from core.search.photo_look import one_look, signature


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


def test_what_looks_different_does_not_fold():
    ranked = [("red", flipped(0)), ("blue", flipped(0)), ("red again", flipped(1))]
    alike = {("red", "red again")}
    folded = fold(ranked, lambda first, second: (first, second) in alike)
    assert folded == {"red": ["red again"], "blue": []}


def test_neighbours_are_those_with_a_close_hash():
    assert neighbours([("a", flipped(0)), ("b", "ff" * 8), ("c", flipped(3))]) == ["a", "c"]
    assert neighbours([]) == []


def shirt(colour: str) -> Image.Image:
    """A small product on a white background."""
    picture = Image.new("RGB", (400, 500), "white")
    ImageDraw.Draw(picture).rectangle((150, 180, 250, 320), fill=colour)
    return picture


def test_colour_counts_also_of_a_small_product():
    assert not one_look(signature(shirt("navy")), signature(shirt("maroon")))


def test_a_smaller_copy_is_the_same_look():
    copy = shirt("navy").resize((240, 300))
    assert one_look(signature(shirt("navy")), signature(copy))
