"""Boxes in a photo."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NUMBER = re.compile(r"[0-9]{1,6}")


@dataclass(frozen=True, slots=True)
class Box:
    """An axis-aligned box in integer pixels of the upright photo; right and bottom are exclusive.

    Raises:
        ValueError: The box is empty or starts left of or above the photo.
    """

    left: int
    top: int
    right: int
    bottom: int

    def __post_init__(self) -> None:
        if not (0 <= self.left < self.right and 0 <= self.top < self.bottom):
            raise ValueError(f"empty or negative box {self.as_xyxy()}")

    @classmethod
    def whole(cls, width: int, height: int) -> Box:
        """Return the box of the whole photo."""
        return cls(0, 0, width, height)

    @classmethod
    def clipped(
        cls, left: float, top: float, right: float, bottom: float, width: int, height: int
    ) -> Box | None:
        """Round a box outwards and clip it to the photo; return ``None`` if nothing is left."""
        x0, y0 = max(0, int(left // 1)), max(0, int(top // 1))
        x1, y1 = min(width, int(-(-right // 1))), min(height, int(-(-bottom // 1)))
        return cls(x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None

    @classmethod
    def read(cls, text: str) -> Box | None:
        """Parse ``x,y,width,height``, as in links and commands; return ``None`` if it is no box.

        >>> Box.read("10,20,30,40")
        Box(left=10, top=20, right=40, bottom=60)
        """
        parts = text.split(",")
        if len(parts) != 4 or not all(_NUMBER.fullmatch(part.strip()) for part in parts):
            return None
        left, top, width, height = (int(part) for part in parts)
        return cls(left, top, left + width, top + height) if width and height else None

    def spell(self) -> str:
        """Return the box as text that :meth:`read` parses: ``x,y,width,height``."""
        return ",".join(map(str, self.as_xywh()))

    @property
    def width(self) -> int:
        """Width in pixels."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Height in pixels."""
        return self.bottom - self.top

    @property
    def area(self) -> int:
        """Area in pixels."""
        return self.width * self.height

    def as_xyxy(self) -> tuple[int, int, int, int]:
        """Return ``(left, top, right, bottom)``, as Pillow and SAM expect it."""
        return self.left, self.top, self.right, self.bottom

    def as_xywh(self) -> tuple[int, int, int, int]:
        """Return ``(left, top, width, height)``, as COCO writes it."""
        return self.left, self.top, self.width, self.height

    def padded(self, fraction: float, width: int, height: int) -> Box:
        """Extend each edge by ``fraction`` of the longer side; the result stays in the photo."""
        pad = round(fraction * max(self.width, self.height))
        return Box(
            max(0, self.left - pad),
            max(0, self.top - pad),
            min(width, self.right + pad),
            min(height, self.bottom + pad),
        )

    def iou(self, other: Box) -> float:
        """Return the intersection over union with another box, 0 to 1."""
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        common = max(0, across) * max(0, down)
        return common / (self.area + other.area - common)
