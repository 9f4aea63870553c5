"""What the studio takes in time and memory, as it was measured: ``studio.costs()``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

#: File among what ships.
FILE = "costs.toml"


@dataclass(frozen=True, slots=True)
class MeasuredCosts:
    """Figures of the compact models on one machine.

    Attributes:
        machine: The machine, in words.
        measured: When.
        plain_photo_seconds: Indexing an item whose photo shows nothing but the product.
        cluttered_photo_seconds: Indexing an item whose photo shows much more.
        search_milliseconds: Median of a search in words by VL-CLIP.
        memory_gb: Memory of the served studio with a page open.
        memory_in_use_gb: The same after searches in words and by picture.
    """

    machine: str
    measured: date
    plain_photo_seconds: float
    cluttered_photo_seconds: float
    search_milliseconds: float
    memory_gb: float
    memory_in_use_gb: float


def read_costs(path: Path) -> MeasuredCosts:
    """Read the shipped figures."""
    table = tomllib.loads(path.read_text("utf-8"))
    figures = {name: entry["value"] for name, entry in table.items() if isinstance(entry, dict)}
    return MeasuredCosts(machine=table["machine"], measured=table["measured"], **figures)
