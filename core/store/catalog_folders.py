"""Which catalogues a data directory has, and whether one is still the same as before."""

from __future__ import annotations

import shutil
import threading
import time
import uuid
from pathlib import Path

from core.base.atomic import atomic_write
from core.base.buckets import Bucket, Tag, bucket_of
from core.errors import CatalogError

#: Ending of the object that says that a catalogue is in a bucket.
MADE = ".made"
#: Folder of the data directory that removed catalogues are moved to.
REMOVED = "removed"
#: A listing of a bucket is used again for so long, seconds.
_FRESH = 1.0


class CatalogFolders:
    """The catalogues' folders in ``root``; in a bucket, an object ``NAME.made`` stands for each."""

    def __init__(self, root: Path) -> None:
        self._root, self._bucket = root, bucket_of(root)
        self._listed: tuple[float, dict[str, Tag]] = (float("-inf"), {})
        self._lock = threading.Lock()

    def names(self) -> tuple[str, ...]:
        """Return the names of all catalogues, sorted."""
        if self._bucket is not None:
            return tuple(sorted(self._made(self._bucket)))
        if not self._root.is_dir():
            return ()
        return tuple(sorted(path.parent.name for path in self._root.glob("*/lance")))

    def has(self, name: str) -> bool:
        """Tell whether there is a catalogue of that name."""
        if self._bucket is not None:
            return name in self._made(self._bucket)
        return (self._root / name / "lance").is_dir()

    def taken(self, name: str) -> bool:
        """Tell whether the name can't be used for a new catalogue."""
        return self.has(name) if self._bucket is not None else (self._root / name).exists()

    def identity(self, name: str) -> object:
        """Return a value that differs after a catalogue was removed and made again."""
        if self._bucket is not None:
            return str(self._made(self._bucket).get(name))
        return (self._root / name / "lance").stat().st_ino

    def prepare(self, name: str) -> None:
        """Make a catalogue known in its bucket; drop this server's copies of an earlier one.

        Raises:
            CatalogError: It is new, and one of its name was removed and is not deleted.
        """
        if self._bucket is None:
            return
        removed = self._bucket.files(self._root.parent / REMOVED)
        if not self.has(name) and any(key.startswith(f"{name}.") for key in removed):
            raise CatalogError(
                f"A catalogue “{name}” was removed from the bucket and is still kept there. "
                "Restore it, delete it for good, or choose another name."
            )
        self._bucket.put_new(self._root / f"{name}{MADE}", uuid.uuid4().hex.encode())
        self.look_again()
        folder, identity = self._root / name, str(self.identity(name))
        note = folder / MADE
        if not note.is_file() or note.read_text("utf-8") != identity:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            atomic_write(note, identity)

    def look_again(self) -> None:
        """List the bucket at the next question, whenever that was done last."""
        with self._lock:
            self._listed = (float("-inf"), {})

    def _made(self, bucket: Bucket) -> dict[str, Tag]:
        with self._lock:
            listed, made = self._listed
            if time.monotonic() - listed >= _FRESH:
                files = bucket.files(self._root)
                made = {n.removesuffix(MADE): tag for n, tag in files.items() if n.endswith(MADE)}
                self._listed = (time.monotonic(), made)
            return made
