"""Show one product's photos and variants on Inspect."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from core.domain import Inspection, Item, Variant
from ui.components.cards import inspect_link, is_web
from ui.media import picture_url

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Shot:
    """A photo: its addresses and title."""

    thumbnail: str
    full: str
    title: str


@dataclass(frozen=True, slots=True)
class Form:
    """A variant of a product.

    Attributes:
        name: Its options, else its title or number.
        item_id: Its own number.
        price: As the catalogue gives it.
        photo: Its photo; ``None`` where it has none of its own.
        address: Web address of a photo that is not stored.
        inspect: Link to its own page; empty where it is a part of the item on the page.
    """

    name: str
    item_id: str = ""
    price: str = ""
    photo: Shot | None = None
    address: str = ""
    inspect: str = ""


def shots(item: Item, catalog: str) -> tuple[Shot, ...]:
    """Return all stored photos of an item in order."""
    count = len(item.photos)
    return tuple(
        _shot(photo.sha256, f"Photo {number} of {count}", catalog)
        for number, photo in enumerate(item.photos, start=1)
    )


def forms(inspection: Inspection, catalog: str) -> tuple[Form, ...]:
    """Return the variants of a product: the item's own ones, then other items of its group."""
    item = inspection.item
    own = tuple(_own_form(variant, catalog) for variant in item.variants)
    others = tuple(
        Form(
            name=_difference(other, item),
            item_id=other.item_id,
            price=other.price,
            photo=_shot(other.photo.sha256, other.title, catalog),
            inspect=inspect_link(other.item_id, catalog),
        )
        for other in inspection.relatives
    )
    return own + others


def _own_form(variant: Variant, catalog: str) -> Form:
    name = _options(variant.options) or variant.item_id or "Without options"
    stored = bool(_SHA256.fullmatch(variant.photo))
    return Form(
        name=name,
        item_id=variant.item_id,
        price=variant.price,
        photo=_shot(variant.photo, name, catalog) if stored else None,
        address=variant.photo if is_web(variant.photo) else "",
    )


def _difference(other: Item, item: Item) -> str:
    """Return the differing attributes of a variant, else its title."""
    differing = {
        name.replace("_", " ").capitalize(): value
        for name, value in other.attributes.items()
        if value and value != item.attributes.get(name, "")
    }
    return _options(differing) if 0 < len(differing) <= 3 else other.title


def _options(options: Mapping[str, str]) -> str:
    return " · ".join(f"{name}: {value}" for name, value in options.items() if value)


def _shot(sha256: str, title: str, catalog: str) -> Shot:
    return Shot(picture_url(sha256, catalog), picture_url(sha256, catalog, thumbnail=False), title)
