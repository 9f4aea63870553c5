"""Errors are sentences for the person who can act on them.

Every exception of our own carries one: what went wrong, where, what to do. The command line prints
it on stderr and exits with 2, the pages show it; neither shows a traceback for it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TypeVar


class StudioError(Exception):
    """A problem that the person at the screen or the keyboard can understand and act on."""


#: Said of long work that somebody stopped.
STOPPED = "It was stopped. Start it again: it goes on where it was."


class JobStopped(StudioError):
    """Somebody asked long work to stop; what it has done is kept."""

    def __init__(self, sentence: str = STOPPED) -> None:
        super().__init__(sentence)


class SettingsError(StudioError):
    """A setting is missing or makes no sense."""


class WeightsUnavailable(StudioError):
    """Model weights can't be had, or are not what they claim to be."""


class EngineUnavailable(StudioError):
    """An engine is a known recipe but can't run here, or is not known at all."""


class FingerprintMismatch(StudioError):
    """Stored vectors were made by other weights or rules than the engine now asks with."""


class CatalogError(StudioError):
    """A catalogue file, its columns, or a named catalogue is not usable."""


class CatalogDamaged(CatalogError):
    """Stored files of a catalogue can't be read; the sentence names the table and its folder."""


class CatalogBusy(CatalogError):
    """Somebody else is writing to the catalogue right now."""


class ImageError(StudioError):
    """A picture can't be read, or is too large to be read safely."""


class QueryError(StudioError):
    """A query has nothing to search for, or asks for something that is not there."""


class JudgmentError(StudioError):
    """A judgment, a judgment set or an import of judgments is not valid."""


class NotSaved(StudioError):
    """Something could not be written to disk; nothing is wrong with it, so it can be sent again."""


class RewritingFailed(StudioError):
    """An item's text could not be rewritten; it keeps what it had."""


class EvaluationError(StudioError):
    """Queries, relevance judgments or a run are not usable, or a task does not fit a catalogue."""


class EvaluationStopped(EvaluationError, JobStopped):
    """Somebody asked an evaluation to stop."""

    def __init__(self, kept: str = "Nothing was stored.") -> None:
        super().__init__(f"The evaluation was stopped. {kept}")


class TrainingError(StudioError):
    """Training data or settings are not usable."""


class TrainingStopped(TrainingError, JobStopped):
    """Somebody asked training to stop; started again under its name, it goes on where it was."""


class BudgetReached(StudioError):
    """What may be spent is spent; what was done is kept."""


class AccessDenied(StudioError):
    """Somebody asked for what their role does not allow."""


class TooManyTries(AccessDenied):
    """Too many wrong passwords: no try is answered for a while.

    Args:
        what: Which tries, for people.
        seconds: How long.
    """

    def __init__(self, what: str, seconds: float) -> None:
        self.seconds = math.ceil(seconds)
        minutes = math.ceil(seconds / 60)
        span = f"{minutes} minutes" if minutes > 1 else f"{self.seconds} seconds"
        super().__init__(f"There were too many wrong tries {what}. Try again in {span}.")


# ── names that nothing has ───────────────────────────────────────────────────────────────────────
E = TypeVar("E", bound=StudioError)

#: Said where there is no catalogue, or no judgment set, at all.
NO_CATALOG_YET = (
    "There is no catalogue yet. Index one: `python app.py index FILE`, or "
    "`python app.py index --demo`."
)
NO_SET_YET = "There is no judgment set yet; make one on the Annotate page first."


def no_such(error: type[E], what: str, name: str, known: Iterable[str] = (), place: str = "") -> E:
    """Make the error for a name that nothing has; it lists the names that there are.

    Args:
        error: Kind of the error.
        what: Kind of thing, as in “There is no … “name””.
        name: What somebody asked for; a long one is cut.
        known: The names that there are.
        place: Where it was looked for, as in “ in the catalogue “demo””.
    """
    names = ", ".join(known)
    listed = f" There are: {names}." if names else ""
    return error(f"There is no {what} “{name[:100]}”{place}.{listed}")


def no_item(item_id: str, catalog: str) -> QueryError:
    """Make the error for an item that a catalogue does not have."""
    return no_such(QueryError, "item", item_id, place=f" in the catalogue “{catalog}”")


def no_catalog(name: str, known: Iterable[str]) -> CatalogError:
    """Make the error for a catalogue that is not in the data directory."""
    names = tuple(known)
    error = no_such(CatalogError, "catalogue", name, names)
    return error if names else CatalogError(f"{error} There is none yet.")


def no_engine(name: str, known: Iterable[str]) -> EngineUnavailable:
    """Make the error for an engine that has no recipe."""
    return no_such(EngineUnavailable, "engine", name, known)


def no_set(set_id: str) -> JudgmentError:
    """Make the error for a judgment set that a catalogue does not have."""
    return no_such(JudgmentError, "judgment set", set_id)
