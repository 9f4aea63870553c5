"""An item's further photos and its variants: written to and read from one JSON column."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from core.domain import Item, Photo, Variant
from core.store.row_decoding import UNDECODABLE, warn


@dataclass(frozen=True, slots=True)
class More:
    """An item's further photos and variants.

    Attributes:
        photos: The stored photos after the first, in order.
        links: Addresses of photos that could not be fetched.
        variants: The forms in which the product is sold.
    """

    photos: tuple[Photo, ...] = ()
    links: tuple[str, ...] = ()
    variants: tuple[Variant, ...] = ()


def more_text(item: Item) -> str | None:
    """Return an item's further photos and variants as JSON; ``None`` if it has neither."""
    if not (item.more_photos or item.photo_links or item.variants):
        return None
    content = {
        "photos": [asdict(photo) for photo in item.more_photos],
        "links": list(item.photo_links),
        "variants": [_fields(variant) for variant in item.variants],
    }
    return json.dumps(content, ensure_ascii=False)


def read_more(text: str | None, item_id: str) -> More:
    """Parse that JSON; what can't be read gives nothing, so that the item itself stays."""
    if not text:
        return More()
    try:
        content = json.loads(text)
        return More(
            tuple(Photo(**photo) for photo in content["photos"]),
            tuple(map(str, content["links"])),
            tuple(Variant(**variant) for variant in content["variants"]),
        )
    except (*UNDECODABLE, KeyError) as error:
        warn("items.more", item_id, error)
        return More()


def _fields(variant: Variant) -> Mapping[str, object]:
    return {
        "item_id": variant.item_id,
        "options": dict(variant.options),
        "price": variant.price,
        "photo": variant.photo,
    }
