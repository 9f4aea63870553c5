"""Prepare an item for the agent: the downscaled photo, and the listing as escaped XML data."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from PIL import Image

from core.domain.item import Item
from core.errors import ImageError
from core.language.plain import DESCRIPTION_LIMIT, TITLE_LIMIT, plain

if TYPE_CHECKING:
    from anthropic.types import ImageBlockParam, TextBlockParam

    from core.store.image_store import ImageStore

#: Long side of the photo that is sent, pixels: enough for shapes and patterns, cheap to send.
LONG_SIDE = 768
_MOST_ATTRIBUTES = 30


def photo_of(item: Item, images: ImageStore) -> Image.Image | None:
    """Return an item's photo, or ``None`` if its file is lost or damaged."""
    try:
        return images.open(item.photo.sha256)
    except (ImageError, OSError):
        return None


def listing_xml(item: Item) -> str:
    """Return the listing's fields in ``<listing>`` tags that no field can close."""
    fields = [
        ("title", plain(item.title, TITLE_LIMIT)),
        ("product_type", plain(item.product_type, 200)),
        ("department", plain(item.department, 200)),
        *(
            (f'attribute name="{_attribute(name)}"', plain(value, 200))
            for name, value in list(item.attributes.items())[:_MOST_ATTRIBUTES]
        ),
        ("description", plain(item.description, DESCRIPTION_LIMIT)),
    ]
    lines = [f"<{tag}>{escape(text)}</{tag.split()[0]}>" for tag, text in fields if text]
    return "\n".join(["<listing>", *lines, "</listing>"])


def draft_xml(draft: str) -> str:
    """Return a draft between ``<draft>`` tags."""
    return f"<draft>{escape(draft)}</draft>"


def item_blocks(item: Item, photo: Image.Image | None) -> list[ImageBlockParam | TextBlockParam]:
    """Return photo and listing as content blocks; the last block ends the cacheable part."""
    blocks: list[ImageBlockParam | TextBlockParam] = []
    if photo is not None:
        blocks.append(photo_block(photo))
    note = "" if photo is not None else "There is no photo of this product.\n"
    blocks.append(
        {
            "type": "text",
            "text": note + listing_xml(item),
            "cache_control": {"type": "ephemeral"},
        }
    )
    return blocks


def photo_block(photo: Image.Image) -> ImageBlockParam:
    """Return a photo as a content block, downscaled."""
    source = {"type": "base64", "media_type": "image/jpeg", "data": _jpeg(photo)}
    return {"type": "image", "source": source}  # type: ignore[typeddict-item]


def _attribute(name: str) -> str:
    return escape(plain(name, 60), {'"': "&quot;", "\n": " "})


def _jpeg(photo: Image.Image) -> str:
    picture = photo.convert("RGB")
    picture.thumbnail((LONG_SIDE, LONG_SIDE))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=85)
    return base64.standard_b64encode(buffer.getvalue()).decode("ascii")
