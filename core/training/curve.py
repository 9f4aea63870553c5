"""A run's log as a picture: loss and validation recall over the epochs, one small SVG."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

#: The file of a run's plot.
CURVE = "curve.svg"
_WIDTH, _HEIGHT, _MARGIN = 640, 260, 46
_LOSS, _RECALL = "#b4532a", "#2f6f4f"


def write_curve(log: Path, target: Path) -> None:
    """Draw the log of a run (``log.jsonl``); nothing where it has no line."""
    rows = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    if rows:
        losses = [float(row["loss"]) for row in rows]
        recalls = [float(row["validation"]["hits5"]) for row in rows]
        target.write_text(curve(losses, recalls), "utf-8")


def curve(losses: Sequence[float], recalls: Sequence[float]) -> str:
    """Draw an SVG of loss (left scale) and recall (right scale) over epochs."""
    top = max(losses) or 1.0
    epochs = "".join(
        f'<text x="{_x(at, len(losses)):.1f}" y="{_HEIGHT - 24}" text-anchor="middle">'
        f"{at + 1}</text>"
        for at in range(0, len(losses), max(1, len(losses) // 12))
    )
    scales = "".join(
        f'<text x="{_MARGIN - 8}" y="{_y(part):.1f}" text-anchor="end" fill="{_LOSS}">'
        f"{part * top:.2f}</text>"
        f'<text x="{_WIDTH - _MARGIN + 8}" y="{_y(part):.1f}" fill="{_RECALL}">{part:.2f}</text>'
        f'<line x1="{_MARGIN}" x2="{_WIDTH - _MARGIN}" y1="{_y(part):.1f}" y2="{_y(part):.1f}" '
        f'stroke="#8884"/>'
        for part in (0.0, 0.5, 1.0)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'font-family="sans-serif" font-size="12" fill="#777" role="img">'
        f"<title>Loss and validation recall at 5 by epoch</title>{scales}{epochs}"
        f"{_line([loss / top for loss in losses], _LOSS)}{_line(recalls, _RECALL)}"
        f'<text x="{_MARGIN}" y="16" fill="{_LOSS}">loss</text>'
        f'<text x="{_WIDTH - _MARGIN}" y="16" text-anchor="end" fill="{_RECALL}">'
        f"HITS@5, validation</text>"
        f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 6}" text-anchor="middle">epoch</text></svg>\n'
    )


def _line(shares: Sequence[float], colour: str) -> str:
    points = [(_x(at, len(shares)), _y(share)) for at, share in enumerate(shares)]
    drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points)
    return f'<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="2"/>{dots}'


def _x(at: int, count: int) -> float:
    return _MARGIN + (at / max(1, count - 1)) * (_WIDTH - 2 * _MARGIN)


def _y(share: float) -> float:
    return _HEIGHT - 40 - share * (_HEIGHT - 66)
