"""Split a row of a delimited file into cells, without the csv module's limit on their length."""

from __future__ import annotations

import csv


class CellSplitter:
    """Splits one row, line by line, by the rules of the csv module.

    Attributes:
        cells: Those that are complete.
        is_open: Whether the row goes on in the next line.
        quotes: Quotation marks that were opened.
    """

    def __init__(self, delimiter: str) -> None:
        self._delimiter = delimiter
        self._parts: list[str] = []
        self.cells: list[str] = []
        self.is_open = False
        self.quotes = 0

    def add(self, text: str) -> None:
        """Take the row's next line.

        Raises:
            csv.Error: Something stands behind a closing quotation mark.
        """
        at = self._quoted(text, 0) if self.is_open else self._cell(text, 0)
        while at >= 0:
            at = self._cell(text, at)

    def _cell(self, text: str, at: int) -> int:
        """Take the cell that begins at ``at``; returns where the next begins, or -1."""
        while text[at : at + 1] == " ":
            at += 1
        if text[at : at + 1] == '"':
            self.quotes += 1
            return self._quoted(text, at + 1)
        end = text.find(self._delimiter, at)
        if end < 0:
            self.cells.append(text[at:].rstrip("\r\n"))
            return -1
        self.cells.append(text[at:end])
        return end + 1

    def _quoted(self, text: str, at: int) -> int:
        while True:
            end = text.find('"', at)
            if end < 0:
                self._parts.append(text[at:])
                self.is_open = True
                return -1
            self._parts.append(text[at:end])
            at = end + 1
            if text[at : at + 1] != '"':
                break
            self._parts.append('"')
            at += 1
        self.is_open = False
        self.cells.append("".join(self._parts))
        self._parts = []
        if text[at : at + 1] == self._delimiter:
            return at + 1
        if text[at:].strip("\r\n"):
            raise csv.Error(f"“{self._delimiter}” expected behind a quotation mark")
        return -1
