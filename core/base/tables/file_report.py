"""What a reader of a file says besides its rows: what was guessed, what was left out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

#: Rows that are named in the sentence; the others are counted.
_SHOWN = 5
#: Rows that are kept with their reason; behind them, rows are only counted.
_KEPT = 1000


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A row that was left out.

    Attributes:
        place: Which one: ``row 3`` of a table, ``line 3`` of a text.
        column: The column that is to blame; empty where it is the row as a whole.
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
    """How the reading of files went; one may go through several readers.

    Attributes:
        guesses: Sentences on what was guessed: an encoding, a column.
        left_out: The rows that were left out, the first thousand of them.
        notes: All of it as sentences, a few rows of each file named.
    """

    guesses: list[str] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Reading:
    """One file while it is read; its end tells the report.

    Args:
        name: The file's name.
        report: Told at the end; may be left out by those who don't ask.
    """

    def __init__(self, name: str, report: FileReport | None = None) -> None:
        self._name = name
        self._report = report or FileReport()
        self._guesses: list[str] = []
        self._kept: list[LeftOut] = []
        self.count = 0

    def guessed(self, notes: Iterable[str]) -> None:
        """Take the sentences of a table or a text on what was guessed."""
        self._guesses += notes

    def leave_out(self, place: str, column: str, reason: str) -> None:
        """Leave a row out."""
        self.count += 1
        if len(self._kept) < _KEPT:
            self._kept.append(LeftOut(place, column, reason))

    def end(self, taken: int) -> None:
        """Tell the report, after ``taken`` rows were taken."""
        self._report.guesses += self._guesses
        self._report.left_out += self._kept
        self._report.notes += [f"“{self._name}”: {note}" for note in self._guesses]
        if self.count:
            self._report.notes.append(
                f"“{self._name}”: {self.count:,} of {taken + self.count:,} rows were left out: "
                f"{self.reasons()}."
            )

    def reasons(self) -> str:
        """The first rows that were left out, with their reasons; empty where there are none."""
        more = self.count - len(self._kept[:_SHOWN])
        rest = [f"and {more:,} more"] if more else []
        return "; ".join([*map(str, self._kept[:_SHOWN]), *rest])

    def why(self) -> str:
        """The same as the end of a sentence that says that there is nothing: `` (row 1: …)``."""
        return f" ({self.reasons()})" if self.count else ""
