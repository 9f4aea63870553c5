"""The lines of a file for the csv module; the lines of a row can be read again."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from core.base.tables.table_rows import LONGEST, BadTable
from core.base.tables.text_lines import Line

#: Most lines of one row; bounds the search behind an unclosed quotation mark.
_MOST_LINES = 5000
#: Characters that may be read again behind unclosed marks, besides four times those read.
_AGAIN = 16 * 2**20


class Unclosed(Exception):
    """A row is too long, so a quotation mark must be missing."""


class LineFeed:
    """Lines for the csv module; those of the present row can be read again."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self._lines = lines
        self._next: deque[Line] = deque()
        self.taken: list[Line] = []
        self._size = 0
        self._read = 0
        self._again = 0

    def __iter__(self) -> LineFeed:
        return self

    def __next__(self) -> str:
        if self._next:
            line = self._next.popleft()
        else:
            line = next(self._lines)
            self._read += len(line.text)
        self.taken.append(line)
        self._size += len(line.text)
        if len(self.taken) > _MOST_LINES or self._size > LONGEST:
            raise Unclosed
        return line.text

    def peek(self, count: int) -> list[Line]:
        """Return the next lines without reading them; blank lines before the first are skipped."""
        while not self._next or (len(self._next) < count and not self._next[-1].problem):
            line = next(self._lines, None)
            if line is None:
                break
            self._read += len(line.text)
            if self._next or line.problem or line.text.strip():
                self._next.append(line)
        return list(self._next)

    def drop(self) -> None:
        """Skip the next line."""
        self._next.popleft()
        self.peek(1)

    def start(self) -> None:
        """Begin a row."""
        self.taken, self._size = [], 0

    def back_to(self, first: int) -> None:
        """Put back the present row's lines from ``first`` on, to be read again.

        Raises:
            BadTable: So many quotation marks are unclosed that this would never end.
        """
        again = self.taken[first:]
        self._again += sum(len(line.text) for line in again)
        if self._again > _AGAIN + 4 * self._read:
            raise BadTable(
                "has too many quotation marks that are never closed, the last of them near line "
                f"{self.taken[0].number}. Save it anew as CSV."
            )
        self._next.extendleft(reversed(again))
        self.taken = self.taken[:first]
