from __future__ import annotations

import pytest

from core.vision.type_names import names_type

TYPES = ("painting", "portrait", "poster", "still life", "hanging scroll", "table")


@pytest.mark.parametrize(
    "named",
    [
        "Painting",
        "round dining table",
        "Table, outdoor",
        "landscape painting",
        "Portrait of a man with a hat",
        "self-portrait",
        "Posters, set of 3",
        "flower still life",
        "hanging scroll (kakemono)",
    ],
)
def test_a_name_ends_with_its_type(named: str) -> None:
    assert names_type(named, TYPES)


@pytest.mark.parametrize(
    "named",
    [
        "",
        "picture frame",
        "painting lamp",
        "table lamp",
        "lamp on a table",
        "repainting",
        "painter",
    ],
)
def test_other_names_are_of_no_type(named: str) -> None:
    assert not names_type(named, TYPES)
