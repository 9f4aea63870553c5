"""The report on reading a file: what was guessed and which rows were left out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from core.base.counts import verb

#: Number of rows that the sentence names; the others are counted.
_SHOWN = 5
#: Number of rows that are kept with their reason; further rows are only counted.
_KEPT = 1000


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A row that was left out.

    Attributes:
        place: Its place: ``row 3`` of a table, ``line 3`` of a text.
        column: The faulty column; empty if the whole row is faulty.
        reason: Why, the rest of a sentence: ``“maybe” is no whole number``.
    """

    place: str
    column: str
    reason: str

    def __str__(self) -> str:
        column = f" ({self.column})" if self.column else ""
        return f"{self.place}{column}: {self.reason.rstrip('.')}"


@dataclass(slots=True)
class FileReport:
    """The report on reading one or several files.

    Attributes:
        guesses: Sentences on what was guessed: an encoding, a column.
        left_out: The rows that were left out, the first thousand of them.
        notes: The report as sentences, with a few rows of each file.
    """

    guesses: list[str] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Reading:
    """Collects the report on one file while it is read.

    Args:
        name: The file's name.
        report: Receives the result at the end; optional.
    """

    def __init__(self, name: str, report: FileReport | None = None) -> None:
        self._name = name
        self._report = report or FileReport()
        self._guesses: list[str] = []
        self._kept: list[LeftOut] = []
        self.count = 0

    def guessed(self, notes: Iterable[str]) -> None:
        """Add the sentences of a table or text on what was guessed."""
        self._guesses += notes

    def leave_out(self, place: str, column: str, reason: str) -> None:
        """Note a row that is left out."""
        self.count += 1
        if len(self._kept) < _KEPT:
            self._kept.append(LeftOut(place, column, reason))

    def end(self, taken: int) -> None:
        """Complete the report; ``taken`` rows were used."""
        self._report.guesses += self._guesses
        self._report.left_out += self._kept
        self._report.notes += [f"“{self._name}”: {note}" for note in self._guesses]
        if self.count:
            self._report.notes.append(
                f"“{self._name}”: {self.count:,} of {taken + self.count:,} rows "
                f"{verb(self.count, 'was', 'were')} left out: "
                f"{self.reasons()}."
            )

    def reasons(self) -> str:
        """Return the first rows that were left out, with their reasons; empty if there are none."""
        more = self.count - len(self._kept[:_SHOWN])
        rest = [f"and {more:,} more"] if more else []
        return "; ".join([*map(str, self._kept[:_SHOWN]), *rest])

    def why(self) -> str:
        """Return the same in brackets, as the end of a sentence: `` (row 1: …)``."""
        return f" ({self.reasons()})" if self.count else ""
