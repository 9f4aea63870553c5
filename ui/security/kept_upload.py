"""Keep an uploaded catalogue in a folder of its own until its indexing has ended."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from core.base.locks import AS_LONG_AS_IT_TAKES, AT_ONCE, LockBusy, file_lock
from core.errors import CatalogError
from ui.security.zipped_photos import unpack_photos

_LOCK = ".indexing.lock"
_UNSAFE = re.compile(r"[^\w.-]+")


class KeptUpload:
    """One uploaded catalogue file and its photos, side by side as the file names them.

    The run outlives the page and the upload, so it has its own links to the files (or copies where
    the file system knows no links).

    Attributes:
        table: The catalogue file.
        folder: The folder of file and photos.
    """

    def __init__(self, table: Path) -> None:
        self.table, self.folder = table, table.parent

    @classmethod
    def take(
        cls, uploads: Path, table: Path, photos: Sequence[Path], most_bytes: int = 2**30
    ) -> KeptUpload:
        """Link uploaded files into a new folder; zip files of photos are unpacked there.

        Args:
            uploads: The folder of all kept uploads.
            table: The catalogue file.
            photos: Photos, or zip files of photos.
            most_bytes: Most bytes of a zip file's photos.

        Raises:
            CatalogError: Two of them have one name, or a zip file can't be unpacked.
        """
        stem = _UNSAFE.sub("-", table.stem)[:60] or "upload"
        folder = uploads / f"{stem}-{secrets.token_hex(8)}"
        folder.mkdir(parents=True)
        (folder / _LOCK).touch()
        kept = cls(folder / table.name)
        try:
            packed = [photo for photo in photos if photo.suffix.lower() == ".zip"]
            for source in (table, *(photo for photo in photos if photo not in packed)):
                kept._link(source)
            for source in packed:
                if not unpack_photos(source, folder, most_bytes):
                    raise CatalogError(f"“{source.name[:80]}” has no picture in it.")
        except BaseException:
            kept.remove()
            raise
        return kept

    @classmethod
    def again(cls, uploads: Path, table: Path) -> KeptUpload | None:
        """Return the upload that an earlier run has left; ``None`` if the file is no upload."""
        kept = cls(table)
        inside = table.resolve().parent.parent == uploads.resolve()
        return kept if inside and (kept.folder / _LOCK).is_file() else None

    def during(self, work: Callable[[], object]) -> Callable[[], object]:
        """The work, after which the folder is removed; it stays if the work can be continued.

        Work that returns ``False`` or raises was not done to its end. ``sweep_kept`` removes
        uploads that are never continued.
        """

        def run() -> object:
            with file_lock(self.folder / _LOCK, AS_LONG_AS_IT_TAKES):
                result = work()
                if result is not False:
                    self.remove()
                return result

        return run

    def remove(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _link(self, source: Path) -> None:
        target = self.folder / source.name
        if target.exists():
            raise CatalogError(f"Two of the files are called “{source.name[:80]}”; rename one.")
        try:
            os.link(source, target)
        except OSError:  # another disk, or one without links
            shutil.copyfile(source, target)


def sweep_kept(uploads: Path, life: float) -> None:
    """Remove uploads that killed servers have left.

    Args:
        uploads: The folder of all kept uploads; folders of older versions in it stay.
        life: Seconds after which a folder that no run holds goes.
    """
    for lock in uploads.glob(f"*/{_LOCK}"):
        with suppress(OSError, LockBusy):
            if lock.stat().st_mtime < time.time() - life:
                with file_lock(lock, AT_ONCE):
                    shutil.rmtree(lock.parent, ignore_errors=True)
