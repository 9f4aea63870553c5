"""The photo of a painting is the product as a whole; things painted on it are not cropped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from core.domain import Box
from core.embedding.compact import CompactEncoder
from core.ports.grounder import PICTURE
from core.settings import SHIPPED
from core.vision.compact_grounder import CompactGrounder
from core.vision.flat_pictures import PICTURE_LOOKS, ROOM_LOOKS, looks_like_picture, names_picture

TYPES = ("painting", "portrait", "poster", "still life", "hanging scroll")
DEMO = SHIPPED / "demo"


@pytest.mark.parametrize(
    "named",
    [
        "Painting",
        "landscape painting",
        "Portrait of a man with a hat",
        "self-portrait",
        "Posters, set of 3",
        "flower still life",
        "hanging scroll (kakemono)",
    ],
)
def test_types_that_name_a_flat_picture(named: str) -> None:
    assert names_picture(named, TYPES)


@pytest.mark.parametrize(
    "named", ["", "picture frame", "painting table", "table with painting", "repainting", "painter"]
)
def test_types_that_name_no_flat_picture(named: str) -> None:
    assert not names_picture(named, TYPES)


def test_a_picture_is_closer_to_pictures_than_to_rooms() -> None:
    east, north = np.eye(2, dtype=np.float32)
    assert looks_like_picture(east, east[None], north[None])
    assert not looks_like_picture(north, east[None], north[None])


def photo_of(item_id: str) -> Image.Image:
    items = pd.read_csv(DEMO / "items.csv", index_col="item_id")
    return Image.open(DEMO / str(items.loc[item_id, "image"])).convert("RGB")


def test_a_painting_of_a_room_is_not_cropped_to_what_hangs_in_it(grounder: CompactGrounder) -> None:
    photo = photo_of("met-437881")
    grounding = grounder.ground(photo, "genre painting")
    assert [detection.phrase for detection in grounding.detections] == [PICTURE]
    assert grounding.box == Box.whole(*photo.size)


def test_a_photo_of_a_room_is_not_a_flat_picture(encoder: CompactEncoder) -> None:
    rooms = [Image.open(path).convert("RGB") for path in sorted(rooms_of(DEMO))[:2]]
    pictures, walls = encoder.encode_texts(PICTURE_LOOKS), encoder.encode_texts(ROOM_LOOKS)
    for vector in encoder.encode_images(rooms):
        assert not looks_like_picture(vector, pictures, walls)


def rooms_of(folder: Path) -> list[Path]:
    return list((folder / "rooms").glob("*.jpg"))
