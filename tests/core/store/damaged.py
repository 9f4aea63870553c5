"""Ways in which a table's files get damaged, and a small catalogue to damage."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from core.app.library import Catalog, Library
from core.domain import Item, Photo, QuarantinedRow
from core.settings import load_settings
from core.store.database import open_database
from core.store.items import ItemRecord
from core.store.meta import CatalogMeta
from core.store.vectors import VectorRow

ITEM = Item("i-1", "Chair", Photo("a" * 64, 10, 10, "0" * 16), department="home")


def library(data_dir: Path) -> Library:
    """Open a library as a new process would."""
    return Library(load_settings(data_dir=data_dir))


def fill(data_dir: Path, name: str, updated: str = "2026-01-01") -> Catalog:
    """Make a catalogue of one item with vectors of two engines, and a row in every other table."""
    catalog = library(data_dir).create(name)
    store = catalog.store
    store.items.upsert([ItemRecord(ITEM, "row")])
    store.items.index_words()
    vector = np.eye(1, 4, dtype=np.float32)[0]
    for engine in ("clip", "vl-clip"):
        store.vectors(engine).prepare("f" * 8, 4, 0.1)
        row = VectorRow(ITEM.item_id, "key", "", "", "home", "", "0" * 16, vector, vector, vector)
        store.vectors(engine).upsert([row])
    store.quarantine.replace([QuarantinedRow(2, "i-2", "image", "It has no photo.")])
    store.meta.write(CatalogMeta(name.capitalize(), updated=updated))
    catalog.judgment_queue.sets.all()
    return catalog


def cut_manifests(table: Path) -> None:
    """Cut every manifest after five bytes, as a full disk does."""
    for manifest in (table / "_versions").glob("*.manifest"):
        manifest.write_bytes(manifest.read_bytes()[:5])


def lose_data(table: Path) -> None:
    """Delete the data files."""
    shutil.rmtree(table / "data")


def lose_manifests(table: Path) -> None:
    """Delete the manifests and keep the data."""
    shutil.rmtree(table / "_versions")


def folder_for_file(table: Path) -> None:
    """Folders lie where files should be."""
    for file in (table / "data").iterdir():
        file.unlink()
        file.mkdir()


def file_for_folder(table: Path) -> None:
    """Put a file where the table's folder should be."""
    shutil.rmtree(table)
    table.write_text("not a table")


def other_bytes(table: Path) -> None:
    """Fill the data files with other bytes."""
    for file in (table / "data").iterdir():
        file.write_bytes(b"\0" * file.stat().st_size)


def other_schema(table: Path) -> None:
    """Another program has put a table of its own there."""
    data = pa.table({"colour": ["red"]})
    open_database(table.parent).create_table(table.stem, data, mode="overwrite")


DAMAGES: tuple[Callable[[Path], None], ...] = (
    cut_manifests,
    lose_data,
    lose_manifests,
    folder_for_file,
    file_for_folder,
    other_bytes,
    other_schema,
)
