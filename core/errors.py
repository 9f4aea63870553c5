"""Errors with a sentence for the person who can act on them.

The sentence says what went wrong, where, and what to do. The command line prints it on stderr and
exits with 2, the pages show it; neither shows a traceback.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TypeVar


class StudioError(Exception):
    """A problem that the person at the screen or the keyboard can understand and act on."""


#: Message of a job that a person stopped.
STOPPED = "It was stopped. Start it again: it goes on where it was."


class JobStopped(StudioError):
    """A stop of long work was requested; finished work is kept."""

    def __init__(self, sentence: str = STOPPED) -> None:
        super().__init__(sentence)


class SettingsError(StudioError):
    """A setting is missing or not valid."""


class WeightsUnavailable(StudioError):
    """Model weights can't be fetched, or are damaged."""


class EngineUnavailable(StudioError):
    """An engine can't run here, or is unknown."""


class FingerprintMismatch(StudioError):
    """Stored vectors were made by other weights or rules than the engine has now."""


class BucketError(StudioError):
    """The object store of a data directory does not answer, refuses or lacks something."""


class CatalogError(StudioError):
    """A catalogue file, its columns, or a named catalogue is not usable."""


class CatalogDamaged(CatalogError):
    """Stored files of a catalogue can't be read; the sentence names the table and its folder."""


class CatalogBusy(CatalogError):
    """Another job is writing to the catalogue."""


class ImageError(StudioError):
    """A picture can't be read, or is too large to be read safely."""


class QueryError(StudioError):
    """A query is empty, or asks for something that does not exist."""


class JudgmentError(StudioError):
    """A judgment, a judgment set or an import of judgments is not valid."""


class JudgmentTooLate(JudgmentError):
    """A pair takes nothing more from this annotator: trying again, or another grade, is no use."""


class NotSaved(StudioError):
    """Valid data could not be written to disk; it can be sent again."""


class WorkerLost(StudioError):
    """A worker on this or another machine ended, twice, before its work was done."""

    def __init__(self) -> None:
        super().__init__("The worker that had it in hand ended, twice.")


class ClusterLost(StudioError):
    """The head of a cluster can't be reached any more, or was started again meanwhile.

    Args:
        place: Address of the cluster.
    """

    def __init__(self, place: str) -> None:
        super().__init__(
            f"The connection with the head of {place} was lost: it ended, was started again, or "
            "can't be reached. What was stored is kept. Start the head again if it does not run, "
            "then run the same command: it goes on with what is not stored yet."
        )


class RewritingFailed(StudioError):
    """An item's text could not be rewritten; the old text stays."""


class EvaluationError(StudioError):
    """Queries, relevance judgments or a run are not usable, or a task does not fit a catalogue."""


class EvaluationStopped(EvaluationError, JobStopped):
    """A stop of an evaluation was requested."""

    def __init__(self, kept: str = "Nothing was stored.") -> None:
        super().__init__(f"The evaluation was stopped. {kept}")


class ExperimentError(StudioError):
    """An online experiment, its events or their log are not usable."""


class EventsRefused(ExperimentError):
    """Events over HTTP were refused: the token, the origin or the amount is not allowed.

    Args:
        sentence: The sentence.
        status: Status of the answer.
        wait: When to try again, seconds; 0 if that does not help.
    """

    def __init__(self, sentence: str, status: int, wait: int = 0) -> None:
        self.status, self.wait = status, wait
        super().__init__(sentence)


class TrainingError(StudioError):
    """Training data or settings are not usable."""


class TrainingStopped(TrainingError, JobStopped):
    """A stop of training was requested; started again under its name, it resumes."""


class BudgetReached(StudioError):
    """The budget is spent; finished work is kept."""


class AccessDenied(StudioError):
    """A person's role does not allow the action."""


class TooManyTries(AccessDenied):
    """Too many wrong passwords: sign-in is locked for some time.

    Args:
        what: Which attempts, for people.
        seconds: Time until the next attempt.
    """

    def __init__(self, what: str, seconds: float) -> None:
        self.seconds = math.ceil(seconds)
        minutes = math.ceil(seconds / 60)
        span = f"{minutes} minutes" if minutes > 1 else f"{self.seconds} seconds"
        super().__init__(f"There were too many wrong tries {what}. Try again in {span}.")


# ── names that nothing has ───────────────────────────────────────────────────────────────────────
E = TypeVar("E", bound=StudioError)

#: Sentences for the case that there is no catalogue, or no judgment set.
NO_CATALOG_YET = (
    "There is no catalogue yet. Index one: `python app.py index FILE`, or "
    "`python app.py index --demo`."
)
NO_SET_YET = "There is no judgment set yet; make one on the Annotate page first."


def no_such(error: type[E], what: str, name: str, names: Iterable[str] = (), place: str = "") -> E:
    """Make the error for a name that nothing has; it lists the names that there are.

    Args:
        error: Kind of the error.
        what: Kind of thing, as in “There is no … “name””.
        name: What somebody asked for; a long one is cut.
        names: The names that there are.
        place: Where it was looked for, as in “ in the catalogue “demo””.
    """
    listing = ", ".join(names)
    listed = f" There are: {listing}." if listing else ""
    return error(f"There is no {what} “{name[:100]}”{place}.{listed}")


def no_item(item_id: str, catalog: str) -> QueryError:
    """Make the error for an item that a catalogue does not have."""
    return no_such(QueryError, "item", item_id, place=f" in the catalogue “{catalog}”")


def no_catalog(name: str, existing: Iterable[str]) -> CatalogError:
    """Make the error for a catalogue that is not in the data directory."""
    names = tuple(existing)
    error = no_such(CatalogError, "catalogue", name, names)
    return error if names else CatalogError(f"{error} There is none yet.")


def no_engine(name: str, names: Iterable[str]) -> EngineUnavailable:
    """Make the error for an engine that has no recipe."""
    return no_such(EngineUnavailable, "engine", name, names)


def no_set(set_id: str) -> JudgmentError:
    """Make the error for a judgment set that a catalogue does not have."""
    return no_such(JudgmentError, "judgment set", set_id)


def no_experiment(experiment_id: str, existing: Iterable[str] = ()) -> ExperimentError:
    """Make the error for an experiment that a data directory does not have."""
    return no_such(ExperimentError, "experiment", experiment_id, existing)


def no_report(report_id: str) -> EvaluationError:
    """Make the error for a report that is not stored."""
    return no_such(EvaluationError, "stored report", report_id)
