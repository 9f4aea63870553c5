"""What became of an imported log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Reason:
    """Why rows were left out: how many, and the first one as FILE:LINE."""

    reason: str
    rows: int
    first: str


@dataclass(frozen=True, slots=True)
class ImportedExperiment:
    """What a log has of one experiment.

    Attributes:
        id: Its id.
        made: Whether the import made it.
        variants: Variant → number of its events.
        note: What was assumed; empty if nothing.
    """

    id: str
    made: bool
    variants: Mapping[str, int]
    note: str = ""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a log.

    Attributes:
        files: Names of the files, and how each was understood.
        rows: Number of rows that were read.
        events: Number of events that they gave.
        stored: Number of events that were new.
        kinds: Kind → number of events.
        columns: Field → column of the log.
        unused: Columns that say nothing that is stored.
        left_out: Why rows were left out.
        experiments: The experiments.
        notes: Further sentences.
    """

    files: tuple[str, ...]
    rows: int
    events: int
    stored: int
    kinds: Mapping[str, int]
    columns: Mapping[str, str]
    unused: tuple[str, ...]
    left_out: tuple[Reason, ...]
    experiments: tuple[ImportedExperiment, ...]
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self)
