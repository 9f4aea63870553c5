import numpy as np
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
    """Draw a small product on a white background."""
    picture = Image.new("RGB", (400, 500), "white")
    ImageDraw.Draw(picture).rectangle((150, 180, 250, 320), fill=colour)
    return picture


def test_colour_counts_also_of_a_small_product():
    assert not one_look(signature(shirt("navy")), signature(shirt("maroon")))


def test_a_smaller_copy_is_the_same_look():
    copy = shirt("navy").resize((240, 300))
    assert one_look(signature(shirt("navy")), signature(copy))


def test_hashes_at_the_limit_are_neighbours_and_one_bit_more_is_not():
    near, far = flipped(MAX_DISTANCE), flipped(MAX_DISTANCE + 1)
    assert neighbours([("a", flipped(0)), ("b", near)]) == ["a", "b"]
    assert neighbours([("a", flipped(0)), ("b", far)]) == []
    assert neighbours([("a", "f" * 16), ("b", "f" * 16)]) == ["a", "b"]


def test_a_copy_is_folded_under_the_first_that_looks_the_same():
    ranked = [
        ("a", flipped(0)),
        ("b", "ff" * 8),
        ("c", "ff" * 8),
        ("d", flipped(1)),
        ("e", "ff" * 8),
    ]
    assert fold(ranked) == {"a": ["d"], "b": ["c", "e"]}
    asked = []
    assert fold(ranked[:4], lambda *both: asked.append(both) or False) == {n: [] for n in "abcd"}
    assert asked == [("b", "c"), ("a", "d")]  # only those with close hashes are looked at
    assert list(fold([])) == []


def test_a_signature_is_the_colours_of_a_grid():
    grey = signature(Image.new("RGB", (64, 32), (119, 119, 119)))
    assert grey.shape == (16, 16, 3)
    assert str(grey.dtype) == "float32"
    assert abs(grey[..., 0] - 50).max() < 1
    assert abs(grey[..., 1:]).max() < 2
    assert abs(signature(Image.new("L", (8, 8), 0))).max() < 1
    red, blue = (signature(Image.new("RGB", (8, 8), name))[0, 0] for name in ("red", "blue"))
    assert abs(red - (54, 81, 70)).max() < 2
    assert abs(blue - (30, 68, -112)).max() < 2  # stored as a signed byte
    left = signature(Image.new("RGB", (160, 160), "white"))
    half = Image.new("RGB", (160, 160), "white")
    half.paste("black", (0, 0, 80, 160))
    assert abs(signature(half)[:, 8:] - left[:, 8:]).max() == 0
    assert signature(half)[:, :8, 0].max() == 0


def test_four_cells_decide_and_eight_steps_of_colour_are_the_limit():
    ground = np.zeros((16, 16, 3), np.float32)

    def differs(*steps):
        other = ground.copy()
        for cell, step in enumerate(steps):
            other[cell, cell, 0] = step
        return not one_look(ground, other)

    assert not differs(8, 8, 8, 8)
    assert differs(8, 8, 8, 8.1)
    assert not differs(31, 0, 0, 0)
    assert differs(33, 0, 0, 0)
    assert differs(33, 0, 0, 0, 0.1)
    assert not differs(8, 8, 8, 8, 7, 7, 7)
    assert one_look(ground, ground + np.array([4, 4, 4], np.float32))  # 6.9 in space
    assert not one_look(ground, ground + np.array([5, 5, 5], np.float32))  # 8.7
