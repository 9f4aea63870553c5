"""Find the objects of a large JSON text block by block, so that each can be parsed alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from core.base.tables.table_rows import LONGEST, BadTable

_OUTSIDE = re.compile(r'["\[\]{},:]')
_INSIDE = re.compile(r'["\\]')
_DEEPEST = 10_000
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Target:
    """The list whose objects are the rows.

    Attributes:
        order: Which bracket opens it, counted from 1; 0 means objects one behind the other.
        name: The names that lead to it, with dots; empty for a list without a name.
    """

    order: int
    name: str = ""


@dataclass(slots=True)
class _Mark:
    """A bracket, comma or colon outside of texts."""

    sign: str
    end: int


@dataclass(slots=True)
class _Walk:
    """The position in the structure during a walk over JSON text."""

    open: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    order: int = 0
    quoted: bool = False
    escaped: bool = False
    text: str = ""

    def marks(self, block: str) -> Iterator[_Mark]:
        """Yield the structural signs of a block, each with the position behind it."""
        at = 0
        while at < len(block):
            if self.escaped:
                self.escaped = False
                at += 1
                continue
            match = (_INSIDE if self.quoted else _OUTSIDE).search(block, at)
            end = match.end() if match else len(block)
            if self.quoted and len(self.text) < _LONGEST_NAME:
                self.text += block[at : (match.start() if match else end)][:_LONGEST_NAME]
            at = end
            if match is None:
                return
            sign = match[0]
            if sign == "\\":
                self.escaped = True
            elif sign == '"':
                self.quoted = not self.quoted
                self.text = "" if self.quoted else self.text
            else:
                self._move(sign)
                yield _Mark(sign, end)

    def _move(self, sign: str) -> None:
        if sign in "[{":
            if len(self.open) >= _DEEPEST:
                raise BadTable("is nested too deeply to be read.")
            self.open.append(sign)
            self.names.append("")
            self.order += 1
        elif sign in "]}" and self.open:
            self.open.pop()
            self.names.pop()
        elif sign == ":" and self.names:
            self.names[-1] = self.text


#: Names of lists that stand before the rows and are none: judges by model in a Quepid book.
_NO_ROWS = frozenset({"ai_judges"})


def find_target(blocks: Iterator[str]) -> Target:
    """Find the first list that begins with an object; without one, objects one after another."""
    walk, before, target, closed = _Walk(), "", None, False
    for block in blocks:
        for mark in walk.marks(block):
            if closed:  # something follows the first value
                return Target(0) if mark.sign == "{" else target or Target(0)
            if target is None and mark.sign == "{" and before == "[":
                names = [name for name in walk.names if name]
                if _NO_ROWS.isdisjoint(names):
                    target = Target(walk.order - 1, ".".join(names))
                    if walk.open[0] == "[":
                        return target
            closed = not walk.open and mark.sign in "]}"
            before = mark.sign
    return target or Target(0)


def elements(blocks: Iterator[str], target: Target) -> Iterator[tuple[int, str, str]]:
    """Yield the elements of a list: the line each begins on, its text, and why it can't be read."""
    walk, piece, line = _Walk(), _Piece(), 1
    level = 0 if target.order == 0 else -1
    for block in blocks:
        start = 0
        for mark in walk.marks(block):
            if level < 0:
                if walk.order == target.order and mark.sign == "[":
                    level = len(walk.open)
                    line += block.count("\n", start, mark.end)
                    start = mark.end
                continue
            ended = mark.sign in "]}" and len(walk.open) == level - 1
            between = mark.sign == "," and len(walk.open) == level
            closed = level == 0 and mark.sign in "]}" and not walk.open
            if not (ended or between or closed):
                continue
            piece.add(block[start : mark.end if closed else mark.end - 1], line)
            line += block.count("\n", start, mark.end)
            start = mark.end
            if not piece.is_blank:
                yield piece.taken()
            piece = _Piece()
            if ended and level > 0:
                return
        if level >= 0:
            piece.add(block[start:], line)
        line += block.count("\n", start)
    if not piece.is_blank:
        yield piece.line, "", "The file ends in the middle of this row."


@dataclass(slots=True)
class _Piece:
    """The text of one element."""

    line: int = 0
    parts: list[str] = field(default_factory=list)
    size: int = 0

    @property
    def is_blank(self) -> bool:
        """Whether the text so far is only white space."""
        return self.size == 0

    def add(self, text: str, line: int) -> None:
        """Take more text, which begins on a line."""
        if self.size == 0:
            bare = text.lstrip("\ufeff \t\r\n")
            line += text.count("\n", 0, len(text) - len(bare))
            text = bare
        if not text:
            return
        if self.size == 0:
            self.line = line
        self.size += len(text)
        if self.size <= LONGEST:
            self.parts.append(text)
        else:
            self.parts = []

    def taken(self) -> tuple[int, str, str]:
        """Return the element: its line, its text, its problem."""
        if self.size > LONGEST:
            problem = f"This row (line {self.line}) is longer than {LONGEST:,} characters."
            return self.line, "", problem
        return self.line, "".join(self.parts), ""
