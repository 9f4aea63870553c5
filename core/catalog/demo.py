"""The demo catalogue that ships with the project: items, pictures, example room photos."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from core.base.shared_files import latest, share
from core.errors import CatalogError
from core.settings import SHIPPED

_DEMO = SHIPPED / "demo"


def demo_items_path() -> Path:
    """Return the demo catalogue's rows, a CSV file.

    Raises:
        CatalogError: It is not there.
    """
    return _shipped("items.csv")


def demo_images_dir() -> Path:
    """Return the folder that the demo rows' image paths are relative to.

    Raises:
        CatalogError: It is not there.
    """
    return _shipped("images").parent


def ablation_path() -> Path:
    """Return the file of the ablation's report on the demo, which takes minutes to make."""
    return _DEMO / "ablation.json"


def room_photos() -> tuple[tuple[Path, str], ...]:
    """Return the example query pictures and their captions, in order.

    Raises:
        CatalogError: They are not there.
    """
    with _shipped("rooms/rooms.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return tuple((_shipped(f"rooms/{row['file']}"), row["caption"]) for row in rows)


def brought_earlier(home: Path) -> frozenset[str]:
    """Return the ids of items that earlier demo versions added; add today's to the stored list.

    Only these may be removed if the demo no longer has them, because earlier versions let people
    add their own items to this catalogue.

    Args:
        home: Folder of the demo catalogue.
    """
    note = home / "shipped-items.json"
    try:
        earlier = frozenset(map(str, json.loads(latest(note).read_text("utf-8"))))
    except (OSError, ValueError, TypeError):
        earlier = frozenset()
    with demo_items_path().open(encoding="utf-8", newline="") as file:
        now = earlier | {row["item_id"] for row in csv.DictReader(file)}
    if now != earlier:
        share(note, json.dumps(sorted(now)))
    return earlier


def _shipped(name: str) -> Path:
    path = _DEMO / name
    if not path.exists():
        raise CatalogError(
            f"The demo catalogue's {name} is missing from “{_DEMO}”. Get the project's files again."
        )
    return path
