"""Data directories in a bucket: a local folder is connected with a prefix of an object store.

Everything in a data directory is named by its path in the local folder, in a bucket, too. There
the folder is only this machine's cache; whoever stores something that all servers share asks
``bucket_of`` and gets the bucket, or ``None`` for a plain folder.

``obstore`` talks to the store: LanceDB itself uses the library below it, so both read the same
variables of the environment (``AWS_…``, ``GOOGLE_…``, ``AZURE_…``), and it has the conditional
writes of all three kinds of stores.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from core.base.credentials import without_credentials
from core.domain.bucket_address import BucketAddress
from core.errors import BucketError, SettingsError, no_such

_log = logging.getLogger(__name__)

#: How often and how long the library tries again where the store does not answer.
RETRIES: dict[str, Any] = {"max_retries": 5, "retry_timeout": timedelta(seconds=20)}

#: Folders of a data directory that stay this machine's own: uploads, files that pages offer, and
#: the weights of engines that were trained here.
OWN_FOLDERS = frozenset({"uploads", "temporary", "engines", "profiles"})

#: A version of an object: what a conditional write names.
Tag = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Stored:
    """An object: its content, the tag of its version, and when the store wrote that."""

    data: bytes
    tag: Tag
    modified: datetime


class Bucket:
    """The objects of one data directory, named by paths in its local folder; safe with threads.

    Every method raises ``BucketError`` where the store does not answer or refuses.

    Args:
        folder: The local folder.
        address: Where its content lies.
    """

    def __init__(self, folder: Path, address: BucketAddress) -> None:
        self.folder, self.address = folder, address
        self._store = _opened(address)

    def uri(self, path: Path) -> str:
        """Return the URI of a path in the folder."""
        return f"{self.address}/{self._key(path)}"

    def get(self, path: Path) -> Stored | None:
        """Return an object, or ``None`` where there is none."""
        import obstore

        with self._asking():
            try:
                answer = obstore.get(self._store, self._key(path))
            except FileNotFoundError:
                return None
            meta = answer.meta
            return Stored(bytes(answer.bytes()), _tag(meta), meta["last_modified"])

    def newer(self, path: Path, tag: Tag | None) -> Stored | None:
        """Return an object; ``None`` where there is none, or where it is still this version."""
        import obstore
        from obstore.exceptions import NotModifiedError

        options: Any = {"if_none_match": tag["e_tag"]} if tag and "e_tag" in tag else {}
        with self._asking():
            try:
                answer = obstore.get(self._store, self._key(path), options=options)
            except (FileNotFoundError, NotModifiedError):
                return None
            stored = Stored(bytes(answer.bytes()), _tag(answer.meta), answer.meta["last_modified"])
        return None if stored.tag == tag else stored

    def has(self, path: Path) -> bool:
        """Tell whether there is an object."""
        import obstore

        with self._asking():
            try:
                obstore.head(self._store, self._key(path))
            except FileNotFoundError:
                return False
            return True

    def put(self, path: Path, data: bytes) -> Tag:
        """Store an object, in place of one that is there."""
        import obstore

        with self._asking():
            return _tag(obstore.put(self._store, self._key(path), data))

    def put_new(self, path: Path, data: bytes) -> Tag | None:
        """Store an object that is not there yet; return ``None`` where there is one."""
        import obstore
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        with self._asking():
            try:
                return _tag(obstore.put(self._store, self._key(path), data, mode="create"))
            except (AlreadyExistsError, PreconditionError):
                return None

    def put_over(self, path: Path, data: bytes, tag: Tag) -> Tag | None:
        """Replace one version of an object; return ``None`` where it is another version by now."""
        import obstore
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        mode: Any = dict(tag)
        with self._asking():
            try:
                return _tag(obstore.put(self._store, self._key(path), data, mode=mode))
            except (AlreadyExistsError, PreconditionError, FileNotFoundError):
                return None

    def delete(self, path: Path) -> None:
        """Delete an object, where there is one."""
        import obstore

        with self._asking():
            try:
                obstore.delete(self._store, self._key(path))
            except FileNotFoundError:
                return

    def delete_all(self, folder: Path) -> None:
        """Delete all objects below a folder."""
        import obstore

        with self._asking():
            for entries in obstore.list(self._store, f"{self._key(folder)}/", chunk_size=1000):
                obstore.delete(self._store, [entry["path"] for entry in entries])

    def files(self, folder: Path) -> dict[str, Tag]:
        """Return names and tags of the objects directly below a folder."""
        import obstore

        prefix = self._key(folder)
        with self._asking():
            entries = obstore.list_with_delimiter(self._store, prefix)["objects"]
        return {entry["path"].rpartition("/")[2]: _tag(entry) for entry in entries}

    def check(self) -> None:
        """Check that the store can be written to and that its conditional writes hold.

        Raises:
            BucketError: They don't.
        """
        path = self.folder / f"check-{secrets.token_hex(8)}"
        first = self.put_new(path, b"1")
        try:
            again = self.put_new(path, b"2")
            second = self.put_over(path, b"3", first) if first is not None else None
            stale = self.put_over(path, b"4", first) if first is not None else None
        finally:
            self.delete(path)
        if first is None or again is not None or second is None or stale is not None:
            raise BucketError(
                f"The store of {self.address} ignores conditional writes (If-None-Match and "
                "If-Match), so two servers could overwrite each other's work. Use a store that "
                "has them, or a version of it that does."
            )

    def _key(self, path: Path) -> str:
        inner = path.absolute().relative_to(self.folder)
        if ".." in inner.parts:
            raise ValueError("a key of the bucket leaves its folder")
        return "/".join(inner.parts)

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Turn the store's errors into sentences; none of them repeats what the store wrote."""
        from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

        try:
            yield
        except (PermissionDeniedError, UnauthenticatedError) as error:
            raise self._refused(error) from None
        except FileNotFoundError as error:
            self._note(error)
            unseen = ", or the credentials in the environment may not see it"
            raise no_such(BucketError, "bucket", self.address.bucket, place=unseen) from None
        except BaseError as error:
            text = str(error)
            if "InvalidAccessKeyId" in text or "SignatureDoesNotMatch" in text or " 403" in text:
                raise self._refused(error) from None
            self._note(error)
            raise BucketError(
                f"The store of {self.address} can't be reached or gave an error. Check its "
                "address and the network; the server's log says more. Then try again."
            ) from None

    def _refused(self, error: Exception) -> BucketError:
        self._note(error)
        return BucketError(
            f"The store refuses to let the studio read or write {self.address}. Check the "
            "credentials in the environment, and what they may do."
        )

    def _note(self, error: Exception) -> None:
        _log.warning("%s: %s", self.address, without_credentials(str(error)))


_connected: dict[Path, Bucket] = {}
_lock = threading.Lock()


def connect(folder: Path, address: str) -> Bucket:
    """Connect a local folder with a bucket in this process; the store is checked the first time.

    Raises:
        SettingsError: The address is none, or ``obstore`` is not installed.
        BucketError: The store can't be used.
    """
    folder, parsed = folder.absolute(), BucketAddress.parse(address)
    with _lock:
        bucket = _connected.get(folder)
        if bucket is None or bucket.address != parsed:
            bucket = Bucket(folder, parsed)
            bucket.check()
            folder.mkdir(parents=True, exist_ok=True)
            _connected[folder] = bucket
        return bucket


def bucket_of(path: Path) -> Bucket | None:
    """Return the bucket that a path lies in; ``None`` for what is this machine's own."""
    if not _connected:
        return None
    path = path.absolute()
    for folder in (path, *path.parents):
        bucket = _connected.get(folder)
        if bucket is not None:
            inner = path.relative_to(folder).parts
            return None if inner and inner[0] in OWN_FOLDERS else bucket
    return None


def folder_at(uri: str) -> Path:
    """Return the local folder of a URI in a connected bucket; any other text is a path itself."""
    for bucket in _connected.values():
        inner = uri.removeprefix(f"{bucket.address}/")
        if inner != uri:
            return bucket.folder / inner
    return Path(uri)


def _opened(address: BucketAddress) -> Any:
    try:
        from obstore.exceptions import BaseError
        from obstore.store import from_url
    except ImportError:
        raise SettingsError(
            f"A data directory at {address.scheme}:// needs one more package: "
            "pip install 'obstore>=0.12,<1'."
        ) from None
    try:
        retries: Any = RETRIES
        return from_url(str(address), retry_config=retries)
    except (BaseError, ValueError) as error:
        _log.warning("%s: %s", address, without_credentials(str(error)))
        raise SettingsError(
            f"The environment's settings for {address} are not usable; the log says why."
        ) from None


def _tag(entry: Mapping[str, Any]) -> Tag:
    return {name: entry[name] for name in ("e_tag", "version") if entry.get(name) is not None}
