"""Where an item stands in other lists, and how far it moved from the first."""

from __future__ import annotations

import pytest

from ui.components.rank_changes import Places, change, places

TITLES = {"clip": "CLIP", "vl-clip": "VL-CLIP", "gcl": "GCL"}
TWO = {"clip": "CLIP", "vl-clip": "VL-CLIP"}


@pytest.mark.parametrize(
    ("ranks", "engine", "sign", "tone"),
    [
        ({"clip": 5, "vl-clip": 2}, "vl-clip", "▲3", "up"),
        ({"clip": 1, "vl-clip": 3}, "vl-clip", "▼2", "down"),
        ({"clip": 4, "vl-clip": 4}, "vl-clip", "=", "equal"),
        ({"vl-clip": 1}, "vl-clip", "VL-CLIP only", "only"),
        ({"clip": 1}, "clip", "CLIP only", "only"),
        ({"vl-clip": 1, "gcl": 2}, "gcl", "new", "only"),
    ],
)
def test_changes_against_the_first_column(
    ranks: dict[str, int], engine: str, sign: str, tone: str
) -> None:
    shown = change(ranks, engine, TITLES)
    assert shown is not None
    assert (shown.sign, shown.tone) == (sign, tone)


def test_the_first_column_has_nothing_to_be_compared_with() -> None:
    assert change({"clip": 1, "vl-clip": 2}, "clip", TITLES) is None
    assert change({"clip": 1}, "clip", {"clip": "CLIP"}) is None


def test_changes_are_told_in_words() -> None:
    shown = change({"clip": 2, "vl-clip": 1}, "vl-clip", TITLES)
    assert shown is not None
    assert shown.words == "1 rank higher than with CLIP"


def test_of_two_lists_each_says_where_the_other_has_the_item() -> None:
    assert places({"clip": 3, "vl-clip": 1}, "vl-clip", TWO) == Places("number 3 with CLIP")
    assert places({"clip": 3, "vl-clip": 1}, "clip", TWO) == Places("number 1 with VL-CLIP")
    assert places({"vl-clip": 1}, "vl-clip", TWO) == Places("not with CLIP")
    assert places({"clip": 1}, "clip", {"clip": "CLIP"}) == Places()


def test_of_several_lists_only_the_first_is_named_on_the_card() -> None:
    shown = places({"clip": 3, "vl-clip": 1}, "vl-clip", TITLES)
    assert shown.said == "number 3 with CLIP"
    assert shown.lists == "in 1 of 2 other lists"
    assert shown.ranks == (("CLIP", "number 3"), ("GCL", "not shown"))


def test_in_the_first_of_several_lists_the_others_are_counted() -> None:
    shown = places({"clip": 3, "vl-clip": 1, "gcl": 9}, "clip", TITLES)
    assert (shown.said, shown.lists) == ("", "in 2 of 2 other lists")
    assert places({"clip": 3}, "clip", TITLES) == Places("in no other list")
