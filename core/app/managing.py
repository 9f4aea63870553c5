"""Manage catalogues: title, default, removal and restoring."""

from __future__ import annotations

import re
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from core.app.library import Library
from core.errors import CatalogError
from core.language.orders import rewriting_job
from core.pipeline.indexing_job import indexing_job

_LONGEST_TITLE = 80
_STAMP = "%Y%m%dT%H%M%S%f"
_KEY = re.compile(r"([a-z0-9][a-z0-9-]{0,59})\.(\d{8}T\d{12})")


@dataclass(frozen=True, slots=True)
class RemovedCatalog:
    """A catalogue that was removed and can be restored.

    Attributes:
        key: Key for ``restore`` and ``delete``: its name and the time of removal.
        name: Its name before removal.
        removed: Time of removal, UTC.
    """

    key: str
    name: str
    removed: datetime


class CatalogManager:
    """Changes catalogues as a whole; only ``delete`` deletes data."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._removed = library.removed

    def choose_default(self, name: str) -> None:
        """Make a catalogue the default, used where a person or a link names none.

        Raises:
            CatalogError: There is no such catalogue, or a setting names another one.
        """
        self._library.choose_default(name)

    def rename(self, name: str, title: str) -> str:
        """Change a catalogue's title and return it; its name and links don't change.

        Raises:
            CatalogError: There is no such catalogue, or the title has no letters.
            CatalogBusy: It is being indexed.
        """
        title = " ".join(title.split())[:_LONGEST_TITLE]
        if not any(character.isalnum() for character in title):
            raise CatalogError("A title needs a letter or a digit.")
        catalog = self._library.get(self._library.resolve(name))
        with indexing_job(catalog.store.root).locked():
            catalog.store.meta.write(replace(catalog.store.meta.read(), title=title))
        return title

    def remove(self, name: str) -> RemovedCatalog:
        """Remove a catalogue with its items, judgments and corrections; it can be restored.

        Raises:
            CatalogError: There is no such catalogue.
            CatalogBusy: A job is at work on it.
        """
        root = self._library.folder(self._library.resolve(name))
        removed = datetime.now(UTC)
        key = f"{root.name}.{removed.strftime(_STAMP)}"
        with ExitStack() as held:
            for job in (indexing_job(root), rewriting_job(root)):
                held.enter_context(job.locked())
            self._removed.add(root.name, key)
        self._library.forget(root.name)
        return RemovedCatalog(key, root.name, removed)

    def removed(self) -> tuple[RemovedCatalog, ...]:
        """Return the removed catalogues that are not deleted, the latest first."""
        entries = map(_entry, self._removed.keys())
        catalogs = [entry for entry in entries if entry is not None]
        return tuple(sorted(catalogs, key=lambda entry: entry.removed, reverse=True))

    def restore(self, key: str) -> str:
        """Restore a removed catalogue under its former name; return the name.

        Raises:
            CatalogError: It is not there, or another catalogue has the name now.
        """
        entry = self._get(key)
        if self._library.has(entry.name):
            raise CatalogError(
                f"There is a catalogue “{entry.name}” again. Remove that one first, then restore "
                "the other."
            )
        self._removed.restore(entry.name, entry.key)
        self._library.forget(entry.name)
        return entry.name

    def delete(self, key: str) -> str:
        """Delete a removed catalogue permanently; return its former name.

        Raises:
            CatalogError: It is not there, or can't be deleted.
        """
        entry = self._get(key)
        try:
            self._removed.delete(entry.name, entry.key)
        except OSError as error:
            raise CatalogError(
                f"“{entry.name}” can't be deleted for good: {error.strerror}."
            ) from None
        return entry.name

    def _get(self, key: str) -> RemovedCatalog:
        """Find a removed catalogue by its key, or the latest one by its name."""
        for entry in self.removed():
            if key in (entry.key, entry.name):
                return entry
        raise CatalogError(f"No removed catalogue is called “{key[:80]}”.")


def _entry(key: str) -> RemovedCatalog | None:
    match = _KEY.fullmatch(key)
    if match is None:
        return None
    removed = datetime.strptime(match[2], _STAMP).replace(tzinfo=UTC)
    return RemovedCatalog(key, match[1], removed)
