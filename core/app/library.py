"""The catalogues of a data directory."""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

from core.app.default_catalog import DefaultCatalog
from core.app.facets import FacetIndex, groups_of
from core.base.buckets import bucket_of
from core.base.locks import WRITE, file_lock
from core.catalog import demo_judgments
from core.catalog.feed_parts import folder_of, is_pattern
from core.domain import CatalogInfo
from core.errors import NO_CATALOG_YET, CatalogError, no_catalog
from core.judging.judgment_queue import JudgmentQueue
from core.search.searcher import Searcher
from core.settings import Settings
from core.store.catalog_folders import CatalogFolders
from core.store.catalog_store import CatalogStore
from core.store.damage import reading_folder
from core.store.image_store import ImageStore
from core.store.overview import Overview
from core.store.picture_copies import PictureCopies
from core.store.removed_catalogs import RemovedCatalogs

#: Name of the shipped catalogue.
DEMO = "demo"
#: What a person's file called like it is named.
OWN_DEMO = "my-demo"

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")


class Catalog:
    """One opened catalogue: its tables, its pictures, search over both, and its judging desk.

    ``shipped_set`` is the id of the judgment set that ships with it; empty where none does.
    """

    def __init__(
        self, name: str, store: CatalogStore, images: ImageStore, shipped_set: str = ""
    ) -> None:
        self.name, self.store, self.images = name, store, images
        searched = store.for_searches()
        self.facets = FacetIndex(searched)
        self.searcher = Searcher(searched, images, self.facets.ids)
        # The overview keeps what it reads for a version that it looks up itself.
        groups = self.facets.groups if searched is store else partial(groups_of, store)
        self.overview = Overview(store, groups)
        self._shipped_set = shipped_set
        self._queue: JudgmentQueue | None = None
        self._lock = threading.Lock()

    @property
    def judgment_queue(self) -> JudgmentQueue:
        """The judgment queue, opened on first use, so that damaged judgments don't break search."""
        with self._lock:
            if self._queue is None:
                self._queue = JudgmentQueue(self.store.database, self._shipped_set)
            return self._queue


class Library:
    """Opens each catalogue once per process; safe to use from several threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._root = settings.data_dir / "catalogs"
        self._folders = CatalogFolders(self._root)
        self._copies: PictureCopies | None = None
        if bucket_of(self._root) is not None:
            most = settings.picture_copies_mb * 2**20
            self._copies = PictureCopies(settings.data_dir, most)
        self._default = DefaultCatalog(settings)
        self._open: dict[str, tuple[object, Catalog]] = {}
        self._lock = threading.RLock()  # describing a catalogue opens it

    def names(self) -> tuple[str, ...]:
        """Return the names of all catalogues, sorted."""
        return self._folders.names()

    def resolve(self, name: str | None) -> str:
        """Return the name of an existing catalogue; ``None`` gives the default catalogue's name.

        Raises:
            CatalogError: There is no such catalogue, or none at all.
        """
        names = self.names()
        if name in names:
            return str(name)
        if name:
            raise no_catalog(name, names)
        if not names:
            raise CatalogError(NO_CATALOG_YET)
        return self._default_of(names)

    def _default_of(self, names: tuple[str, ...]) -> str:
        """Return the chosen default, else the catalogue indexed last, own before the demo."""
        chosen = self._default.read()
        if chosen in names and self._describe(chosen).usable:
            return chosen
        infos = [self._describe(name) for name in names]
        own = [info for info in infos if info.name != DEMO and info.usable]
        if own:
            return max(own, key=lambda info: (info.updated, info.name)).name
        return min(infos, key=lambda info: (bool(info.problem), info.name != DEMO)).name

    def choose_default(self, name: str) -> None:
        """Make an existing catalogue the default catalogue.

        Raises:
            CatalogError: There is no such catalogue, or the setting ``catalog`` names another one.
        """
        self._default.choose(self.resolve(name))

    def get(self, name: str | None) -> Catalog:
        """Return an existing catalogue; ``None`` is the default one."""
        return self.create(self.resolve(name))

    def folder(self, name: str | None) -> Path:
        """Return the folder of an existing catalogue without opening it."""
        return self._root / self.resolve(name)

    @property
    def removed(self) -> RemovedCatalogs:
        """The catalogues that were removed and can be put back."""
        return RemovedCatalogs(self._root)

    def has(self, name: str) -> bool:
        """Tell whether the name is that of a catalogue, opened or not."""
        return self._folders.taken(name)

    def claim(self, name: str, owner: str, *, any_catalog: bool) -> None:
        """Make a new catalogue belong to a person; look whose it is where it is there already.

        Args:
            name: The catalogue.
            owner: Name of the person; empty for nobody.
            any_catalog: The person may write catalogues that are not theirs, too.

        Raises:
            CatalogError: It is there and not theirs, or the name can't be used.
        """
        with file_lock(self._root / ".claims.lock", WRITE):
            if self._folders.taken(name):
                if not any_catalog and (not owner or self._owner(name) != owner):
                    raise CatalogError(
                        f"There is a catalogue “{name[:80]}” already, and it is not yours. Choose "
                        "another name, or ask an admin of this studio."
                    )
            elif owner:
                meta = self.create(name).store.meta
                meta.write(replace(meta.read(), owner=owner))

    def _owner(self, name: str) -> str:
        return self.create(name).store.meta.read().owner

    def create(self, name: str) -> Catalog:
        """Open a catalogue; create it if it is missing.

        Raises:
            CatalogError: The name is not ``[a-z0-9-]{1,60}``.
        """
        if not _NAME.fullmatch(name):
            raise CatalogError(
                f"A catalogue's name has small letters, digits and dashes only; got “{name[:80]}”."
            )
        with self._lock:
            if not self._folders.has(name):
                self._open.pop(name, None)  # it was removed, maybe by another process
                self._keep_default(name)
            opened = self._open.get(name)
            if opened is None or opened[0] != self._folders.identity(name):
                self._folders.prepare(name)
                catalog = self._opened(name)
                opened = self._open[name] = (self._folders.identity(name), catalog)
            return opened[1]

    def forget(self, name: str) -> None:
        """Close a catalogue that was removed or put back."""
        with self._lock:
            self._open.pop(name, None)
            self._folders.look_again()

    def _keep_default(self, added: str) -> None:
        """Store the present default before a catalogue is added, so that it does not change."""
        if not self._default.read():
            names = self.names()
            self._default.choose(self._default_of(names) if names else added)

    def info(self, name: str) -> CatalogInfo:
        """Return counts and facets of an existing catalogue; ``problem`` names damaged tables."""
        return self._describe(self.resolve(name))

    def infos(self) -> tuple[CatalogInfo, ...]:
        """Return all catalogues, last updated first, including damaged ones."""
        infos = map(self._describe, self.names())
        return tuple(sorted(infos, key=lambda info: (info.updated, info.name), reverse=True))

    def _describe(self, name: str) -> CatalogInfo:
        try:
            return self.create(name).overview.info()
        except CatalogError as error:
            return CatalogInfo(name, name, 0, {}, 0, (), (), problem=str(error))

    def _opened(self, name: str) -> Catalog:
        root = self._root / name
        with reading_folder(root):
            store = CatalogStore(root, index_bytes=self._settings.search_index_mb * 10**6)
        images = ImageStore(
            root / "images",
            max_megapixels=self._settings.max_image_megapixels,
            max_bytes=self._settings.max_upload_mb * 2**20,
            copies=self._copies,
        )
        shipped = self._settings.shipped / demo_judgments.FOLDER
        shipped_set = demo_judgments.shipped_id(shipped) if name == DEMO else ""
        return Catalog(name, store, images, shipped_set)


def own_name(name: str | None, source: Path) -> str:
    """Name of a person's catalogue: the given one, else one made from the file's name.

    Raises:
        CatalogError: It is the name of the shipped catalogue.
    """
    if name == DEMO:
        raise CatalogError(
            f"“{DEMO}” is the name of the catalogue that comes with the studio. Choose another "
            f"name for yours, for example “{OWN_DEMO}”."
        )
    return name or name_from(source)


def name_from(path: Path) -> str:
    """Return a catalogue name from a file's name: ``Ünsere Möbel (2).csv`` → ``unsere-mobel-2``."""
    named = folder_of(path) if is_pattern(path) else path
    name = _plain(named.stem) or "catalog"
    return OWN_DEMO if name == DEMO else name


def name_and_title(label: str, catalogs: Iterable[CatalogInfo]) -> tuple[str | None, str]:
    """Return the name of the catalogue that a person means, and the title of a new one.

    Args:
        label: What a person calls it: the name or title of a catalogue, or that of a new one; empty
            leaves the name to the file.
        catalogs: The catalogues that there are.

    Raises:
        CatalogError: No name can be made of it, or it is that of a catalogue with another title.
    """
    label = " ".join(label.split())
    titles = {info.name: info.title for info in catalogs}
    if not label or label in titles:
        return label or None, ""
    with_title = [name for name, title in titles.items() if title == label]
    if len(with_title) > 1:
        raise CatalogError(
            f"Several catalogues are called “{label}”. Give a name: {', '.join(with_title)}."
        )
    if with_title:
        return with_title[0], ""
    name = _plain(label)
    if not name:
        raise CatalogError("A name needs a letter from a to z or a digit; its title can be any.")
    if name in titles:
        raise CatalogError(
            f"There is a catalogue “{name}” already, with the title “{titles[name]}”. Give that "
            "name to update it, or another one."
        )
    return name, label if label != name else ""


def _plain(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-")
