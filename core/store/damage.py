"""Turn LanceDB's errors for damaged files into sentences for people.

LanceDB raises ``RuntimeError``, ``OSError``, ``ValueError``, Arrow's errors or a Rust panic for a
torn manifest, a missing data file or a column that is not there; none of them names the table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath
from typing import TYPE_CHECKING

from core.base.credentials import without_credentials
from core.errors import CatalogDamaged, StudioError

if TYPE_CHECKING:
    from lancedb.table import Table

#: A place in LanceDB's own source, which is left out of sentences for people.
_RUST_SOURCE = re.compile(r",?\s*/\S+\.rs:\d+:\d+.*", re.DOTALL)
_LAYERS = re.compile(r"^(?:lance error: |LanceError\(\w+\): |Invalid input, )+")
_LONGEST = 200

#: Tables that indexing makes anew from the catalogue's file.
_MADE_BY_INDEXING = ("items", "groundings", "rewrites", "quarantine", "statistics", "vectors_")


@contextmanager
def reading(table: Table | str) -> Iterator[None]:
    """Turn whatever reading a table raises into ``CatalogDamaged``.

    Args:
        table: The open table, or its address: ``…/<catalog>/lance/<table>.lance``.
    """
    try:
        yield
    except (StudioError, MemoryError):  # already a sentence, or not the table's fault
        raise
    except Exception as error:
        address = table if isinstance(table, str) else getattr(table, "uri", table.name)
        raise CatalogDamaged(sentence(str(address), error)) from error


@contextmanager
def reading_folder(folder: PurePath) -> Iterator[None]:
    """Turn what opening a catalogue's folder raises into ``CatalogDamaged``."""
    try:
        yield
    except (StudioError, MemoryError):
        raise
    except Exception as error:
        raise CatalogDamaged(
            f"The folder of the catalogue “{folder.name}” can't be read ({plain_reason(error)}). "
            f"Put {folder} back from a backup, or move it elsewhere and index the catalogue again."
        ) from error


def sentence(address: str, error: Exception) -> str:
    """Say which table of which catalogue can't be read, why, and what to do."""
    folder = PurePath(address)
    table = folder.name.removesuffix(".lance")
    begin = (
        "index the catalogue again, which makes it anew."
        if table.startswith(_MADE_BY_INDEXING)
        else "go on with an empty one; what it held is lost then."
    )
    owner = folder.parent.parent.name
    return (
        f"The table “{table}” of the catalogue “{owner}” can't be read ({plain_reason(error)}). "
        f"Put its folder {address} back from a backup. Without one, move the folder elsewhere and "
        f"{begin}"
    )


def plain_reason(error: BaseException) -> str:
    """Return an error's first line, without places in LanceDB's source and without credentials."""
    text = _LAYERS.sub("", _RUST_SOURCE.sub("", without_credentials(str(error))).strip())
    first = (text.splitlines() or [""])[0].strip().rstrip(".")
    return first[:_LONGEST] or type(error).__name__
