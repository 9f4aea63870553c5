"""A photo in a square tile, with the item framed: as a whole, or only the part an engine reads.

Several items may stand in one photo; without a frame their tiles look like an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.base.counts import listed
from core.base.image_views import reads_part
from core.domain import Box, Engine, Grounding, ImageView, Item
from ui.media import photo_url

#: Space around a part in its tile, as a share of its longer side: the frame stands in sight.
_AIR = 0.12


@dataclass(frozen=True, slots=True)
class FramedPhoto:
    """The photo of an item in a square tile.

    Attributes:
        url: The photo.
        place: Where the photo lies in the tile, in per cent of it, as a style.
        frame: Where the item's box lies in the tile, the same; empty where none is drawn.
        is_part: Whether the tile shows a part of the photo.
    """

    url: str
    place: str
    frame: str
    is_part: bool


#: What an engine of crops reads of a photo that shows more than the item.
PART = "the part shown (with the whole photo where the background is plain)"


def framed_photo(
    item: Item, grounding: Grounding | None, engine: Engine | None, catalog: str
) -> FramedPhoto | None:
    """Return an item's photo with its frame; ``None`` where it has none.

    Args:
        item: The item.
        grounding: Where it is in its photo, if that shows much more.
        engine: The engine whose result it is; an engine that reads crops shows the part.
        catalog: Name of the catalogue.
    """
    if grounding is None or grounding.best is None:
        return None
    box, size = grounding.best.box, (grounding.width, grounding.height)
    part = engine is not None and reads_part(engine, grounding)
    left, top, side = _window(box, *size) if part else _whole(*size)
    return FramedPhoto(
        url=photo_url(item.photo, catalog, thumbnail=not part),
        place=_style(-left, -top, *size, side),
        frame=_style(box.left - left, box.top - top, box.width, box.height, side),
        is_part=part,
    )


def part_of_photo(item: Item, grounding: Grounding | None, catalog: str) -> FramedPhoto | None:
    """Return the part of an item's photo that shows the item, as a shop shows it: without a frame.

    ``None`` where the whole photo shows the item, or where the item was not found in it.
    """
    if grounding is None or grounding.best is None:
        return None
    size = grounding.width, grounding.height
    left, top, side = _window(grounding.best.box, *size)
    url = photo_url(item.photo, catalog, thumbnail=False)
    return FramedPhoto(url, _style(-left, -top, *size, side), "", is_part=True)


def without_frame(framed: FramedPhoto | None) -> FramedPhoto | None:
    """Return a tile without its frame where it shows only the part with the item."""
    return replace(framed, frame="") if framed and framed.is_part else framed


def tiles_sentence(engine: Engine | None) -> str:
    """Return what the tiles of one engine's list show of photos that show more than the item."""
    if engine is None or engine.image_view is ImageView.PHOTO:
        return frames_sentence(() if engine is None else (engine,))
    return f"Of a photo that shows more than the item, you see the part that {engine.title} reads."


def frames_sentence(engines: Sequence[Engine]) -> str:
    """Return what frames and parts of photos mean in the lists of these engines."""
    parts = [e.title for e in engines if e.image_view is not ImageView.PHOTO]
    wholes = [e.title for e in engines if e.image_view is ImageView.PHOTO]
    reads = [
        f"{listed(titles)} {'read' if len(titles) > 1 else 'reads'} {what}"
        for titles, what in ((wholes, "the whole photo"), (parts, PART))
        if titles
    ]
    said = "A frame marks the item in a photo that shows more"
    said = f"{said}: {', '.join(reads)}." if reads else f"{said}."
    return f"{said} Without a frame, the item fills its photo or was not surely found in it."


def _whole(width: int, height: int) -> tuple[float, float, float]:
    """Return left, top and side of the square around a photo."""
    side = max(width, height)
    return (width - side) / 2, (height - side) / 2, side


def _window(box: Box, width: int, height: int) -> tuple[float, float, float]:
    """Return left, top and side of the square around a box; it keeps within the photo if it can."""
    side = (1 + 2 * _AIR) * max(box.width, box.height)
    left = _within(box.left + (box.width - side) / 2, side, width)
    return left, _within(box.top + (box.height - side) / 2, side, height), side


def _within(start: float, side: float, length: int) -> float:
    if side >= length:
        return (length - side) / 2
    return min(max(start, 0), length - side)


def _style(left: float, top: float, width: float, height: float, side: float) -> str:
    left, top, width, height = (100 * value / side for value in (left, top, width, height))
    return f"left:{left:.2f}%;top:{top:.2f}%;width:{width:.2f}%;height:{height:.2f}%"
