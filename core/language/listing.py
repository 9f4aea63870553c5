"""Prepare an item for the agent: the downscaled photo, and the listing as escaped XML data."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from PIL import Image

from core.domain.detection import PICTURE, SALIENT, Grounding
from core.domain.geometry import Box
from core.domain.item import Item
from core.errors import ImageError
from core.language.plain import DESCRIPTION_LIMIT, TITLE_LIMIT, plain

if TYPE_CHECKING:
    from anthropic.types import ImageBlockParam, TextBlockParam

    from core.store.image_store import ImageStore

#: Long side of the photo that is sent, pixels: enough for shapes and patterns, cheap to send.
LONG_SIDE = 768
_MOST_ATTRIBUTES = 30
#: A product that takes a smaller part of its photo than this is pointed at with its box.
_MOST_OF_PHOTO = 0.5


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


def box_to_tell(grounding: Grounding | None) -> Box | None:
    """Return the product's box if its photo shows much else; ``None`` if no box is needed."""
    best = grounding.best if grounding is not None else None
    if grounding is None or best is None or best.phrase in (SALIENT, PICTURE):
        return None
    share = best.box.area / (grounding.width * grounding.height)
    return best.box if share < _MOST_OF_PHOTO else None


def item_blocks(
    item: Item, photo: Image.Image | None, box: Box | None = None
) -> list[ImageBlockParam | TextBlockParam]:
    """Return photo and listing as content blocks; the last block ends the cacheable part.

    Args:
        item: The listing.
        photo: The stored photo, if there is one.
        box: The product's place in it, in its pixels; told in those of the photo that is sent.
    """
    blocks: list[ImageBlockParam | TextBlockParam] = []
    if photo is not None:
        blocks.append(photo_block(photo))
    note = "There is no photo of this product.\n" if photo is None else ""
    if photo is not None and box is not None:
        note = _place(photo, box)
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


def _place(photo: Image.Image, box: Box) -> str:
    """Return a sentence on the box, in pixels of the photo as it is sent."""
    shrunk = min(1.0, LONG_SIDE / max(photo.size))
    width, height = (round(side * shrunk) for side in photo.size)
    left, top, right, bottom = (round(edge * shrunk) for edge in box.as_xyxy())
    return (
        f"The photo has {width} × {height} pixels and shows more than the product. The product is "
        f"in the box from ({left}, {top}) to ({right}, {bottom}).\n"
    )


def _attribute(name: str) -> str:
    return escape(plain(name, 60), {'"': "&quot;", "\n": " "})


def _jpeg(photo: Image.Image) -> str:
    picture = photo.convert("RGB")
    picture.thumbnail((LONG_SIDE, LONG_SIDE))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=85)
    return base64.standard_b64encode(buffer.getvalue()).decode("ascii")
