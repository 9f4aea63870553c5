"""What to know before one's own catalogue is added: its size and time, the file, an example."""

from __future__ import annotations

from urllib.parse import quote

from core.app.measured_costs import MeasuredCosts
from ui.render import render

#: Items that the time is said for.
ITEMS = 1000
#: Hours in which a catalogue of the largest size that is named is indexed.
NIGHT_HOURS = 10
#: A file with the columns that are used most.
EXAMPLE = """\
id,title,description,product_type,colour,price,image
A-1,Oak dining chair,Chair with a high back,chair,brown,89.00,chair.jpg
A-2,Blue ceramic vase,Hand-painted,vase,blue,24.50,https://example.com/vase.jpg
"""


def add_hints() -> str:
    """Return the sentences above the form: which files there are, and an example of one."""
    return render("add_hints.html", example=f"data:text/csv;charset=utf-8,{quote(EXAMPLE)}")


def size_and_time(costs: MeasuredCosts | None) -> str:
    """Return how large a catalogue may be and how long it takes.

    Args:
        costs: What the models in use take; ``None`` says nothing of time.
    """
    if costs is None:
        return (
            "A few hundred items are enough to judge by. “Look at the file first” estimates the "
            "time."
        )
    fast, slow = costs.plain_photo_seconds, costs.cluttered_photo_seconds
    return (
        f"A few hundred items are enough to judge by; about {_in_a_night(slow):,} are ready in a "
        f"night. {ITEMS:,} take about {_minutes(fast)} minutes with plain photos, {_minutes(slow)} "
        f"with cluttered ones (measured on {costs.machine})."
    )


def _minutes(seconds: float) -> int:
    return round(ITEMS * seconds / 60)


def _in_a_night(seconds: float) -> int:
    """Return how many items of so many seconds fit into a night, in whole thousands."""
    return int(NIGHT_HOURS * 3600 / seconds) // ITEMS * ITEMS
