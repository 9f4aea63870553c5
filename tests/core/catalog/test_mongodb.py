"""Values as MongoDB's exports wrap them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from core.app.dry_run import preview_file
from core.settings import Settings


def test_ids_and_prices_are_those_inside_the_wrapping(tmp_path: Path, pictures: Any) -> None:
    (tmp_path / "a.jpg").write_bytes(pictures.jpeg())
    row = {
        "_id": {"$oid": "65a0000000000000000000aa"},
        "name": "Oak Stool",
        "price": {"$numberDecimal": "49.90"},
        "image": "a.jpg",
    }
    path = tmp_path / "items.jsonl"
    path.write_text(json.dumps(row), encoding="utf-8")
    (item,) = preview_file(path, Settings()).samples
    assert (item.item_id, item.price) == ("65a0000000000000000000aa", "49.90")
