from __future__ import annotations

import pytest

from core.domain import Box


def test_iou_by_hand() -> None:
    assert Box(0, 0, 10, 10).iou(Box(5, 0, 15, 10)) == pytest.approx(50 / 150)
    assert Box(0, 0, 10, 10).iou(Box(20, 20, 30, 30)) == 0
    assert Box(0, 0, 10, 10).iou(Box(0, 0, 10, 10)) == 1


def test_clipped_rounds_outwards_and_stays_inside() -> None:
    assert Box.clipped(-3.2, 1.6, 7.1, 99, 20, 10) == Box(0, 1, 8, 10)
    assert Box.clipped(30, 0, 40, 5, 20, 10) is None


@pytest.mark.parametrize("corners", [(5, 5, 5, 9), (5, 5, 9, 5), (-1, 0, 4, 4), (9, 0, 4, 4)])
def test_empty_or_negative_boxes_are_refused(corners: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="box"):
        Box(*corners)


def test_padding_stays_inside_the_photo() -> None:
    assert Box(10, 10, 20, 30).padded(0.5, 100, 35) == Box(0, 0, 30, 35)


@pytest.mark.parametrize(
    "text", ["", "1,2,3", "1,2,0,4", "1,2,3,-4", "a,b,c,d", "1,2,3,1e9", "²,1,1,1"]
)
def test_what_is_no_region_reads_as_none(text: str) -> None:
    assert Box.read(text) is None


def test_a_region_is_spelled_as_it_is_read() -> None:
    box = Box(10, 20, 40, 60)
    assert box.spell() == "10,20,30,40"
    assert Box.read(" 10, 20,30,40") == box
