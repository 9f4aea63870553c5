"""Stages of an indexing job and their expected pace.

It is light to import, so that a command can say how long it takes before all else is loaded.
"""

from __future__ import annotations

from core.domain.job import Progress
from core.jobs.time_left import Stage, TimeLeft

#: Expected seconds on two cores: per row to read and embed, per item to ground and rewrite, and for
#: finishing. Times measured in the catalogue's last run weigh more.
_READING, _GROUNDING, _FINISHING = 0.05, 1.0, 2.0
#: Expected seconds per item whose results are shipped, or stored already.
_LOOKING_UP = 0.02


def plan(rows: int, new: int, *, shipped: bool = False) -> tuple[Stage, ...]:
    """Return the stages for a file with ``rows`` rows, ``new`` of them without stored results.

    The results of a catalogue that is ``shipped`` with them are only looked up.
    """
    return (
        Stage("reading", rows, _READING),
        Stage("grounding", new, _LOOKING_UP if shipped else _GROUNDING),
        Stage("finishing", 1, _FINISHING),
    )


def first_progress(rows: int, *, is_new: bool) -> Progress:
    """Return the progress of a job that is about to begin.

    Args:
        rows: Rows of the file; 0 if unknown.
        is_new: Whether the catalogue is not there yet; if it is, only the job knows what is left.
    """
    progress = Progress("reading", 0, rows, "Getting ready.")
    seconds = TimeLeft(plan(rows, rows), {}).seconds(progress) if is_new and rows else None
    return Progress("reading", 0, rows, progress.message, seconds)
