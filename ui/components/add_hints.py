"""What to know before one's own catalogue is added: the file, an example of it, and the time."""

from __future__ import annotations

from urllib.parse import quote

from core.app.measured_costs import MeasuredCosts
from ui.render import render

#: Items that the time is said for.
ITEMS = 1000
#: A file with the columns that are used most.
EXAMPLE = """\
id,title,description,product_type,colour,price,image
A-1,Oak dining chair,Chair with a high back,chair,brown,89.00,chair.jpg
A-2,Blue ceramic vase,Hand-painted,vase,blue,24.50,https://example.com/vase.jpg
"""


def add_hints(costs: MeasuredCosts | None) -> str:
    """Return the sentences above the form.

    Args:
        costs: What the models in use take; ``None`` says nothing of time.
    """
    return render(
        "add_hints.html",
        example=f"data:text/csv;charset=utf-8,{quote(EXAMPLE)}",
        items=ITEMS,
        plain=_minutes(costs.plain_photo_seconds) if costs else 0,
        cluttered=_minutes(costs.cluttered_photo_seconds) if costs else 0,
        machine=costs.machine if costs else "",
    )


def _minutes(seconds: float) -> int:
    return round(ITEMS * seconds / 60)
