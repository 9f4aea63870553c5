"""The pictures of a catalogue: read safely, stored once under the hash of their content."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import imagehash
from PIL import Image

from core.base.atomic import atomic_write
from core.base.buckets import bucket_of
from core.base.image_decoding import decode, read_bytes, read_image
from core.base.jpeg import strip_metadata
from core.domain import Photo
from core.errors import CatalogError, ImageError
from core.store.picture_copies import PictureCopies

__all__ = ["ImageStore", "read_image"]

_SHA256 = re.compile(r"[0-9a-f]{64}")
_THUMBNAIL = 320
#: Largest thumbnail that is taken from a bucket, bytes; a small picture is its own thumbnail.
_MOST_THUMBNAIL = 2 * 2**20
_JPEG = b"\xff\xd8\xff"


@dataclass(frozen=True, slots=True)
class PictureLimits:
    """What a picture is held to; see ``ImageStore``."""

    long_side: int
    max_megapixels: float
    max_bytes: int


@dataclass(frozen=True, slots=True)
class StoredPicture:
    """A picture, as its files are.

    Attributes:
        photo: Its hash, size and perceptual hash.
        content: The JPEG file.
        thumbnail: The JPEG file of its thumbnail; empty where that is stored already.
    """

    photo: Photo
    content: bytes
    thumbnail: bytes


class ImageStore:
    """Pictures on disk, addressed by the SHA-256 of the stored file.

    A picture is stored as ``<root>/ab/<sha256>.jpg`` (upright RGB JPEG, no metadata) beside its
    thumbnail ``<sha256>.320.jpg``. Files are written atomically and never change, so any number of
    threads and processes may add pictures. In a bucket they are objects of these names, and the
    folder holds copies of those that this server has read or added.

    Args:
        root: Folder of the pictures; made when the first one is added.
        long_side: Larger pictures are shrunk to this many pixels on their longer side.
        max_megapixels: Larger pictures are refused before they are decoded.
        max_bytes: Larger files are refused.
        copies: Limits the copies of pictures in a bucket.
    """

    def __init__(
        self,
        root: Path,
        *,
        long_side: int = 1024,
        max_megapixels: float = 100,
        max_bytes: int = 20 * 2**20,
        copies: PictureCopies | None = None,
    ) -> None:
        self.root = root
        self._bucket, self._copies = bucket_of(root), copies
        self.long_side = long_side
        self.max_megapixels = max_megapixels
        self.max_bytes = max_bytes

    def add(self, source: bytes | Path) -> Photo:
        """Store a picture; adding it again changes nothing and gives the same photo.

        An upright RGB JPEG within the size keeps its own compressed pixels, only its metadata
        goes; everything else is encoded with quality 90.

        Raises:
            ImageError: The picture can't be used; see ``read_image``.
            CatalogError: The folder can't be written to.
        """
        return self.put(stored_picture(source, self.limits, self._has_thumbnail))

    def put(self, picture: StoredPicture) -> Photo:
        """Store a picture that was made ready before; raises ``CatalogError``."""
        sha256 = picture.photo.sha256
        # The thumbnail is written first, so a picture always has its thumbnail.
        thumbnail = self._file(sha256, thumbnail=True)
        if picture.thumbnail and not thumbnail.is_file():
            self._keep(thumbnail, picture.thumbnail)
        path = self._file(sha256)
        if not path.is_file():
            self._keep(path, picture.content)
        return picture.photo

    def read(self, sha256: str) -> bytes:
        """Return the stored file of a picture; raises ``ImageError`` as ``open`` does."""
        return read_bytes(self._existing(sha256))

    def path(self, sha256: str, thumbnail: bool = False) -> Path:
        """Return the file of a stored picture (it need not exist); from a bucket it is fetched.

        Raises:
            ImageError: The name is not a SHA-256 in lower-case hex, or the object in the bucket is
                not the picture that was stored.
            BucketError: The store does not answer.
        """
        path = self._file(sha256, thumbnail)
        if self._bucket is not None and not self._is_copied(path):
            stored = self._bucket.get(path)
            if stored is not None:
                self._check(sha256, stored.data, thumbnail)
                self._write(path, stored.data)
        return path

    def _is_copied(self, path: Path) -> bool:
        return self._copies.used(path) if self._copies is not None else path.is_file()

    def _file(self, sha256: str, thumbnail: bool = False) -> Path:
        """Return the file of a picture in the folder; raises ``ImageError`` as ``path``."""
        if not sha256:
            raise ImageError("The item has no photo.")
        if not _SHA256.fullmatch(sha256):
            raise ImageError("A stored picture is named by 64 hexadecimal digits; this is not one.")
        suffix = f".{_THUMBNAIL}.jpg" if thumbnail else ".jpg"
        return self.root / sha256[:2] / f"{sha256}{suffix}"

    def _has_thumbnail(self, sha256: str) -> bool:
        return self._file(sha256, thumbnail=True).is_file()

    def __contains__(self, sha256: str) -> bool:
        path = self._file(sha256)
        return path.is_file() or (self._bucket is not None and self._bucket.has(path))

    def thumbnail(self, sha256: str) -> Image.Image:
        """Return a small copy of the stored picture; raises as ``open``."""
        path = self.path(sha256, thumbnail=True)
        if not path.is_file():
            return self.open(sha256)
        return read_image(path, max_megapixels=self.max_megapixels)

    def open(self, sha256: str) -> Image.Image:
        """Return the stored picture, upright RGB, decoded.

        Raises:
            ImageError: It is not there, or its file is damaged.
        """
        return read_image(self._existing(sha256), max_megapixels=self.max_megapixels)

    def _existing(self, sha256: str) -> Path:
        path = self.path(sha256)
        if not path.is_file():
            raise ImageError(
                f"The picture {sha256[:12]}… is not in the store. Index the catalogue again."
            )
        return path

    @property
    def limits(self) -> PictureLimits:
        """What a picture is held to before it is stored."""
        return PictureLimits(self.long_side, self.max_megapixels, self.max_bytes)

    def _keep(self, path: Path, content: bytes) -> None:
        """Store a picture that is not in the folder; in a bucket first, so that a copy says so."""
        if self._bucket is not None:
            self._bucket.put_new(path, content)
        self._write(path, content)

    def _write(self, path: Path, content: bytes) -> None:
        _write(path, content)
        if self._copies is not None:
            self._copies.added(len(content))

    def _check(self, sha256: str, content: bytes, thumbnail: bool) -> None:
        """Check an object of the bucket: a picture's hash, and of a thumbnail that it is one.

        Raises:
            ImageError: It is something else.
        """
        if thumbnail:
            right = len(content) <= _MOST_THUMBNAIL and content.startswith(_JPEG)
            if right:
                right = max(decode(content, max_megapixels=1).image.size) <= _THUMBNAIL
        else:
            right = hashlib.sha256(content).hexdigest() == sha256
        if not right:
            raise ImageError(
                f"The bucket's object for the picture {sha256[:12]}… is not what was stored there. "
                "Delete it and index the catalogue again."
            )


def stored_picture(
    source: bytes | Path,
    limits: PictureLimits,
    has_thumbnail: Callable[[str], bool] = lambda sha256: False,
) -> StoredPicture:
    """Make a picture ready to be stored; nothing is written. Raises as ``read_image``.

    Args:
        source: The file's bytes, or its path.
        limits: What it is held to.
        has_thumbnail: Tells of a hash whether its thumbnail is stored already.
    """
    data = read_bytes(source, limits.max_bytes)
    decoded = decode(data, max_megapixels=limits.max_megapixels, long_side=limits.long_side)
    kept = strip_metadata(data) if decoded.as_stored else None
    content = kept or _encode(decoded.image, quality=90)
    sha256 = hashlib.sha256(content).hexdigest()
    photo = Photo(sha256, *decoded.image.size, phash=str(imagehash.phash(decoded.image)))
    thumbnail = b"" if has_thumbnail(sha256) else _thumbnail(decoded.image, content)
    return StoredPicture(photo, content, thumbnail)


def _encode(image: Image.Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def _thumbnail(image: Image.Image, stored: bytes) -> bytes:
    if max(image.size) <= _THUMBNAIL:
        return stored
    small = image.copy()
    small.thumbnail((_THUMBNAIL, _THUMBNAIL), Image.Resampling.LANCZOS)
    return _encode(small, quality=85)


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(path, content, fsync=False)  # thousands of them: a flush each would take hours
    except OSError as error:
        raise CatalogError(
            f"A picture can't be stored in “{path.parent}”: {error.strerror}."
        ) from None
