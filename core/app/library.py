"""The catalogues of a data directory."""

from __future__ import annotations

import re
import threading
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from core.domain import CatalogInfo
from core.errors import CatalogError
from core.judging.judgment_queue import JudgmentQueue
from core.search.searcher import Searcher
from core.settings import Settings
from core.store.catalog_store import CatalogStore
from core.store.image_store import ImageStore

#: Name of the shipped catalogue; it is the default only where there is no other.
DEMO = "demo"

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")


@dataclass(frozen=True, slots=True)
class Catalog:
    """One opened catalogue: its tables, its pictures, search over both, and its judging desk."""

    name: str
    store: CatalogStore
    images: ImageStore
    searcher: Searcher
    desk: JudgmentQueue


class Library:
    """Opens each catalogue once per process; safe to use from several threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._root = settings.data_dir / "catalogs"
        self._open: dict[str, Catalog] = {}
        self._lock = threading.Lock()

    def names(self) -> tuple[str, ...]:
        """Names of all catalogues on disk, sorted."""
        if not self._root.is_dir():
            return ()
        return tuple(sorted(path.parent.name for path in self._root.glob("*/lance")))

    def resolve(self, name: str | None) -> str:
        """The name itself when it is there; ``None`` is the default: the latest with items in it.

        Raises:
            CatalogError: There is no such catalogue, or none at all.
        """
        names = self.names()
        if name in names:
            return str(name)
        if name:
            raise CatalogError(
                f"There is no catalogue “{name}” in {self._settings.data_dir}. "
                + (f"There are: {', '.join(names)}." if names else "There is none yet.")
            )
        if not names:
            raise CatalogError(
                f"There is no catalogue in {self._settings.data_dir} yet. Index one: "
                "`python app.py index FILE`, or `python app.py index --demo`."
            )
        # One that could not be read has no items; it must not hide the others.
        own = [name for name in names if name != DEMO and self.get(name).store.items.count()]
        return max(own, key=self._age, default=DEMO if DEMO in names else names[0])

    def get(self, name: str | None) -> Catalog:
        """An existing catalogue; ``None`` is the default one."""
        return self.create(self.resolve(name))

    def create(self, name: str) -> Catalog:
        """A catalogue, made where it is missing.

        Raises:
            CatalogError: The name is not ``[a-z0-9-]{1,60}``.
        """
        if not _NAME.fullmatch(name):
            raise CatalogError(
                f"A catalogue's name has small letters, digits and dashes only; got “{name[:80]}”."
            )
        with self._lock:
            if name not in self._open:
                root = self._root / name
                store = CatalogStore(root)
                images = ImageStore(
                    root / "images",
                    max_megapixels=self._settings.max_image_megapixels,
                    max_bytes=self._settings.max_upload_mb * 2**20,
                )
                self._open[name] = Catalog(
                    name, store, images, Searcher(store, images), JudgmentQueue(store.database)
                )
            return self._open[name]

    def info(self, name: str) -> CatalogInfo:
        """Counts and facets of a catalogue."""
        store = self.get(name).store
        meta, facets = store.meta.read(), store.items.facets()
        return CatalogInfo(
            name=name,
            title=meta.title or name,
            items=store.items.count(),
            searchable={engine: store.vectors(engine).count() for engine in store.engines()},
            quarantined=store.quarantine.count(),
            departments=tuple(sorted(value for value in facets.departments if value)),
            product_types=tuple(sorted(value for value in facets.product_types if value)),
            source=meta.source,
            updated=meta.updated,
            engine=meta.engine,
        )

    def _age(self, name: str) -> tuple[str, str]:
        return self.get(name).store.meta.read().updated, name


def name_from(path: Path) -> str:
    """A catalogue name from a file's name: ``Ünsere Möbel (2).csv`` → ``unsere-mobel-2``."""
    plain = unicodedata.normalize("NFKD", path.stem).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-") or "catalog"
