from __future__ import annotations

import numpy as np
import pytest

from core.vision import heat as heating


def test_the_prompt_is_hot_where_it_beats_the_distractors() -> None:
    words = np.eye(3, dtype=np.float32)
    features = np.tile(words[1], (6, 8, 1))
    features[2:5, 3:6] = words[0]
    heat_map = heating.heat(features, words[0], words[1:], 50)
    assert heat_map.shape == (6, 8)
    assert np.unravel_index(heat_map.argmax(), heat_map.shape) == (3, 4)
    assert heat_map[3, 4] > 0.99
    assert heat_map[0, 0] < 0.01
    assert heating.peaks(heat_map, 4)[0].tolist() == [3, 4]


def test_synonyms_do_not_compete() -> None:
    prompt = np.array([1, 0], np.float32)
    vocabulary = np.array([[0.99, 0.141], [0, 1]], np.float32)
    assert heating.rivals(prompt, vocabulary).tolist() == [[0, 1]]


def test_a_flat_map_has_a_peak_and_a_box() -> None:
    flat = np.zeros((4, 5), np.float32)
    cells = heating.peaks(flat, 3)
    assert 1 <= len(cells) <= 3
    assert heating.blob_box(flat, cells[0], 0.5, (50, 40)).as_xyxy() == (0, 0, 50, 40)


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (640, 480)])
def test_boxes_and_points_lie_inside_the_photo(size: tuple[int, int]) -> None:
    heat_map = np.random.default_rng(0).random((7, 9)).astype(np.float32)
    cells = heating.peaks(heat_map, 4)
    points = heating.cell_centres(cells, heat_map.shape, size)
    assert np.all((points >= 0) & (points < size))
    box = heating.blob_box(heat_map, cells[0], 0.5, size)
    assert box.right <= size[0]
    assert box.bottom <= size[1]


def test_cosine_is_one_where_the_mask_explains_all() -> None:
    mask = np.zeros((4, 4), np.float32)
    mask[1:3, 1:3] = 1
    assert heating.cosine(mask, mask * 0.3) == pytest.approx(1)
    assert heating.cosine(mask, 1 - mask) == 0
    assert heating.cosine(mask * 0, mask) == 0


def test_maps_of_several_sizes_are_averaged_on_the_finest_grid() -> None:
    coarse, fine = np.ones((2, 3), np.float32), np.zeros((4, 6), np.float32)
    average = heating.averaged([coarse, fine])
    assert average.shape == (4, 6)
    assert np.allclose(average, 0.5)


@pytest.mark.parametrize("size", [(64, 64), (550, 832), (333, 500)])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_tiles_cover_the_photo_and_their_heat_keeps_its_position(
    size: tuple[int, int], count: int
) -> None:
    boxes = heating.tiles(size, count)
    assert len(boxes) == count * count
    covered = np.zeros(size[::-1], bool)
    maps = []
    for box in boxes:
        covered[box.top : box.bottom, box.left : box.right] = True
        hot = np.zeros((14, 14), np.float32)
        if box.left == 0:
            hot[:, 0] = 1  # only along the photo's left edge
        maps.append(hot)
    assert covered.all()
    stitched = heating.stitched(maps, boxes, size)
    assert stitched[:, 0].min() > 0.4
    assert stitched[:, stitched.shape[1] // 2 :].max() == 0


def test_the_mean_of_directions_is_a_direction() -> None:
    direction = heating.mean_direction(np.eye(2, dtype=np.float32))
    assert direction.dtype == np.float32
    assert np.allclose(direction, 0.5**0.5)


def test_grid_points_are_spread_evenly() -> None:
    points = heating.grid_points(2, (80, 40))
    assert points.tolist() == [[20, 10], [60, 10], [20, 30], [60, 30]]
