"""Engines: named recipes for turning items and queries into vectors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class ImageView(StrEnum):
    """Which picture of the item the encoder gets."""

    PHOTO = "photo"
    CROP = "crop"
    CUTOUT = "cutout"


class TextView(StrEnum):
    """Which text of the item the encoder gets."""

    TITLE = "title"
    REWRITE = "rewrite"


#: Names of the shipped profiles: ``compact`` runs anywhere, ``full`` needs the model hub.
COMPACT, FULL = "compact", "full"


#: Allowed values of ``Towers.fit``.
FITS = ("", "pad", "squash", "crop")


@dataclass(frozen=True, slots=True)
class Towers:
    """Where the two encoders of an engine come from, in one profile.

    Attributes:
        loader: ``compact``, ``open_clip`` or ``hf_clip`` (see ``core.embedding``).
        model: Name for the loader (an open_clip name, ``hf-hub:…``, ``local-dir:…``).
        pretrained: The open_clip pretrained tag, if the loader needs one.
        fit: How a picture that is no square becomes one: ``pad`` (white), ``squash`` or ``crop``
            (the middle); empty for what the checkpoint says.
    """

    loader: str
    model: str
    pretrained: str = ""
    fit: str = ""


@dataclass(frozen=True, slots=True)
class Engine:
    """A recipe in data: encoder × image view × text view.

    Attributes:
        name: Short name, ``[a-z0-9-]+``: ``clip``, ``vl-clip`` …
        title: Name for people.
        summary: One sentence on how it differs from other engines.
        image_view: Picture that is embedded for each item.
        text_view: Text that is embedded for each item.
        text_weight: Share of the text vector in the item vector, 0 to 1; the item vector is
            ``normalise((1 - w) * image + w * text)``.
        towers: Encoders per profile; the engine can't run in a profile that is missing here.
        photo_share: Share of the whole photo's vector in that of a crop or cut-out, 0 to 1.
        busy_share: The same where the photo shows more than the product.
        plain_share: The same, instead of both, where the photo's background is plain: around the
            product is nothing that could be taken for it.
        title_share: Share of the title's vector in that of a rewrite, 0 to 1.
        title_share_without_photo: The same for an item without a photo.
        smallest_crop: Side in pixels; of a product that covers less than such a square, the whole
            photo is embedded instead of a crop: too few pixels are left in it.
    """

    name: str
    title: str
    summary: str
    image_view: ImageView
    text_view: TextView
    text_weight: float
    towers: Mapping[str, Towers]
    photo_share: float = 0.0
    busy_share: float = 0.0
    plain_share: float = 0.0
    title_share: float = 0.0
    title_share_without_photo: float = 0.0
    smallest_crop: float = 0.0

    @property
    def mixes_photos(self) -> bool:
        """The picture's vector may hold a part of the whole photo's, or be that."""
        some = (self.photo_share, self.busy_share, self.plain_share, self.smallest_crop)
        return self.image_view is not ImageView.PHOTO and any(some)

    def title_part(self, has_photo: bool) -> float:
        """Return the share of the title in the text vector of an item with or without a photo."""
        if self.text_view is TextView.TITLE:
            return 0.0
        return self.title_share if has_photo else self.title_share_without_photo

    @property
    def shares(self) -> tuple[float, ...]:
        """What mixes views of pictures and of texts; empty where the engine has one of each.

        The share without photos is part of such items' own keys, so catalogues with photos stay.
        """
        shares = (self.photo_share, self.busy_share, self.title_share)
        if self.plain_share:
            return (*shares, self.smallest_crop, self.plain_share)
        if self.smallest_crop:
            return (*shares, self.smallest_crop)
        return shares if any(shares) else ()


def unreadable_engine(name: str) -> Engine:
    """Return a placeholder for an engine with an unusable recipe, so that it can be listed."""
    return Engine(name, name, "", ImageView.PHOTO, TextView.TITLE, 0.0, {})


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """An engine and whether it can run here; ``reason`` is a sentence where it can't."""

    engine: Engine
    available: bool
    reason: str = ""
