"""Products as stored in a catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Photo:
    """A stored picture, addressed by its content.

    Attributes:
        sha256: Hex digest of the stored (upright, RGB, size-capped) file; also its name.
        width: Pixels of the stored picture.
        height: Pixels of the stored picture.
        phash: 64-bit perceptual hash, 16 hex digits (``imagehash.phash``).
    """

    sha256: str
    width: int
    height: int
    phash: str


#: In place of the photo of an item that has none.
NO_PHOTO = Photo("", 0, 0, "")


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the forms in which a product is sold.

    Attributes:
        item_id: Its own number in the shop; may be empty.
        options: What it differs in: ``{"Size": "M"}``.
        price: As the catalogue gives it.
        photo: SHA-256 of one of the item's stored photos, or a web address, or empty.
    """

    item_id: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    price: str = ""
    photo: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One product: its texts, its photo and the source of both.

    ``attributes`` holds further named columns of the catalogue (``colour``, ``brand``, ``gender``,
    ``material`` …) as text. Variants of one product share a ``group``. ``price`` is the file's
    text; it may be empty. ``photo`` is the one that is embedded, or ``NO_PHOTO`` in a catalogue of
    words alone; ``more_photos`` are the further stored ones in order, ``photo_links`` addresses of
    further ones that could not be fetched.
    """

    item_id: str
    title: str
    photo: Photo
    description: str = ""
    product_type: str = ""
    department: str = ""
    price: str = ""
    group: str = ""
    url: str = ""
    credit: str = ""
    licence: str = ""
    licence_url: str = ""
    source: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    more_photos: tuple[Photo, ...] = ()
    photo_links: tuple[str, ...] = ()
    variants: tuple[Variant, ...] = ()

    @property
    def has_photo(self) -> bool:
        """Whether the item has a stored photo."""
        return bool(self.photo.sha256)

    @property
    def photos(self) -> tuple[Photo, ...]:
        """All stored photos in order."""
        return (self.photo, *self.more_photos) if self.has_photo else ()

    @property
    def prompt(self) -> str:
        """The text that the grounder looks for: product type, else title (paper, stage 1)."""
        return self.product_type or self.title
