"""What a catalogue was indexed from last, so that an interrupted job can be continued."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from core.base.atomic import atomic_write
from core.catalog.feed_parts import is_there
from core.errors import CatalogError

#: Name of the file in a catalogue's folder.
NAME = "source.json"


@dataclass(frozen=True, slots=True)
class LastSource:
    """The arguments of an indexing run.

    Attributes:
        table: The catalogue file.
        images: Folder of the photos; ``None`` is the file's own.
        columns: Field → column, as a person chose.
    """

    table: Path
    images: Path | None = None
    columns: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_there(self) -> bool:
        """Whether file and folder are still there."""
        return is_there(self.table) and (self.images is None or self.images.is_dir())


def remember(root: Path, source: LastSource) -> None:
    """Store the arguments of a run in a catalogue's folder."""
    content = {
        "table": str(source.table.absolute()),
        "images": str(source.images.absolute()) if source.images else None,
        "columns": dict(source.columns),
    }
    atomic_write(root / NAME, json.dumps(content, ensure_ascii=False), fsync=False)


def last_source(root: Path) -> LastSource | None:
    """Return the arguments of the last run; ``None`` where they are unknown or damaged."""
    try:
        content = json.loads((root / NAME).read_text("utf-8"))
        images = content["images"]
        columns = {str(name): str(column) for name, column in content["columns"].items()}
        return LastSource(Path(content["table"]), Path(images) if images else None, columns)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def check_there(source: LastSource | None, catalog: str) -> LastSource:
    """Return a source whose files are still there.

    Raises:
        CatalogError: They are not; the sentence says how to go on.
    """
    if source is None or not source.is_there:
        raise CatalogError(
            f"The file of “{catalog}” is not here any more. Add it again under the same name: "
            "what is done is kept, and indexing goes on where it stopped."
        )
    return source
