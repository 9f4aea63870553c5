"""The catalogue that ships with the project: its items, its pictures, the example room photos."""

from __future__ import annotations

import csv
from pathlib import Path

from core.errors import CatalogError
from core.settings import SHIPPED

_DEMO = SHIPPED / "demo"


def demo_items_path() -> Path:
    """The demo catalogue's rows, a CSV file.

    Raises:
        CatalogError: It is not there.
    """
    return _shipped("items.csv")


def demo_images_dir() -> Path:
    """Folder that the demo rows' image paths are relative to.

    Raises:
        CatalogError: It is not there.
    """
    return _shipped("images").parent


def room_photos() -> tuple[tuple[Path, str], ...]:
    """The example query pictures and their captions, in order.

    Raises:
        CatalogError: They are not there.
    """
    with _shipped("rooms/rooms.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return tuple((_shipped(f"rooms/{row['file']}"), row["caption"]) for row in rows)


def _shipped(name: str) -> Path:
    path = _DEMO / name
    if not path.exists():
        raise CatalogError(
            f"The demo catalogue's {name} is missing from “{_DEMO}”. Get the project's files again."
        )
    return path
