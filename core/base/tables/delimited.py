"""Read CSV and similar text: cells between commas, semicolons, tabs or bars, quoted or not."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from core.base.counts import counted, verb
from core.base.tables.cell_splitter import CellSplitter
from core.base.tables.header import NameScore, header_rows, split_line
from core.base.tables.line_feed import LineFeed, Unclosed
from core.base.tables.table_rows import BadTable, Content, TableRow, column_names
from core.base.tables.text_lines import Line

_DELIMITERS = (",", ";", "\t", "|")
_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
#: Lines that are looked at to find the delimiter.
_HEAD = 20
#: Message of the csv module for a cell above its limit. The limit is global to the process, so it
#: is not changed; such rows are split here.
_CSV_LIMIT = "field larger than field limit"


def delimiter_name(delimiter: str) -> str:
    """Return the delimiter's name for people: ``;`` → ``semicolons``."""
    return _NAMES.get(delimiter, f"“{delimiter}”")


def read_delimited(
    lines: Iterator[Line], prefer: str = "", score: NameScore | None = None
) -> Content:
    """Open a table whose first row names its columns.

    With ``score``, lines above the column names and a second row of names are skipped. A line
    ``sep=;`` above the names sets the delimiter. A row with an unclosed quotation mark is left out;
    reading goes on in the next line.

    Args:
        lines: The file's lines.
        prefer: Delimiter that the file's ending suggests.
        score: Counts the expected column names in a row.

    Raises:
        BadTable: There are no column names, or too many.
    """
    feed = LineFeed(lines)
    delimiter = _delimiter(feed, prefer)
    above, more = 0, 0
    if score is not None:
        delimiter, above, more = _header(feed, delimiter, score)
    for _ in range(above):
        feed.drop()
    header = next(_records(feed, delimiter, 0), None)
    if header is None:
        raise BadTable("is empty.")
    if header.problem:
        raise BadTable(f"has no readable row of column names: {header.problem}")
    while len(header.cells) > 1 and not header.cells[-1].strip():
        header.cells.pop()
    names, notes = column_names(header.cells)
    for _ in range(more):
        feed.drop()
    if above + more:
        lines_left = counted(above + more, "line")
        notes = (
            f"{lines_left} above the first row, besides the column names, "
            f"{verb(above + more, 'was', 'were')} left out.",
            *notes,
        )
    return Content("CSV", tuple(names), _rows(feed, delimiter, names), delimiter, notes)


def _rows(feed: LineFeed, delimiter: str, names: list[str]) -> Iterator[TableRow]:
    number, width = 0, len(names)
    for record in _records(feed, delimiter, width):
        cells = record.cells
        if not record.problem:
            while len(cells) > width and not cells[-1].strip():
                cells.pop()
            if not any(cell.strip() for cell in cells):
                continue
        number += 1
        if record.problem:
            yield TableRow(number, record.line, problem=record.problem)
        elif len(cells) > width:
            yield TableRow(
                number,
                record.line,
                problem=f"This row (line {record.line}) has {len(cells)} fields and the header has "
                f"{width}. Put fields that hold the delimiter in quotation marks.",
            )
        else:
            cells += [""] * (width - len(cells))
            yield TableRow(number, record.line, dict(zip(names, cells, strict=True)))


# ── the delimiter ────────────────────────────────────────────────────────────────────────────────
def _delimiter(feed: LineFeed, prefer: str) -> str:
    """Return the delimiter that a ``sep=`` line names, or that the first lines agree on."""
    head = feed.peek(_HEAD)
    if not head:
        raise BadTable("is empty.")
    first = head[0].text.strip().strip('"')
    if first.lower().startswith("sep=") and len(first) <= 5:
        feed.drop()
        return head[0].text.strip("\r\n").strip().strip('"')[4:] or "\t"
    if prefer and prefer in head[0].text:
        return prefer
    texts = [line.text for line in head]
    return max(_DELIMITERS, key=lambda mark: _agreement(texts, mark))


def _header(feed: LineFeed, delimiter: str, score: NameScore) -> tuple[str, int, int]:
    """Return the delimiter, the lines above the column names, and the further lines of names."""
    texts = [line.text for line in feed.peek(_HEAD)]
    best = (0, 0, delimiter, 0, 1)
    for mark in (delimiter, *(mark for mark in _DELIMITERS if mark != delimiter)):
        rows = [split_line(text, mark) for text in texts]
        at, below = header_rows(rows, score)
        best = max(best, (score(rows[at]) if rows else 0, mark == delimiter, mark, at, below))
    _, _, mark, at, below = best
    return mark, at, below - at - 1


def _agreement(texts: Sequence[str], mark: str) -> tuple[int, int]:
    """Return the number of fields of the first line, and how many other lines have as many."""
    try:
        widths = [len(cells) for cells in csv.reader(texts, delimiter=mark)]
    except csv.Error:
        widths = [texts[0].count(mark) + 1]
    return widths[0] if widths else 0, sum(width == widths[0] for width in widths)


# ── records ──────────────────────────────────────────────────────────────────────────────────────
@dataclass(slots=True)
class _Record:
    line: int
    cells: list[str] = field(default_factory=list)
    problem: str = ""


def _records(feed: LineFeed, delimiter: str, width: int) -> Iterator[_Record]:
    """Yield rows as lists of cells; ``width`` is the number of columns, 0 if not known yet."""
    reader = csv.reader(feed, delimiter=delimiter, strict=True, skipinitialspace=True)
    while True:
        feed.start()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (csv.Error, Unclosed) as error:
            reader = csv.reader(feed, delimiter=delimiter, strict=True, skipinitialspace=True)
            if str(error).startswith(_CSV_LIMIT):
                feed.back_to(0)
                yield _long_record(feed, delimiter, width)
            else:
                yield _broken(feed, delimiter, width, error)
            continue
        if not cells and not feed.taken[0].problem:
            continue
        if width and len(feed.taken) > 1 and len(cells) != width:
            opened = _swallowed(feed.taken, delimiter, width)
            if opened:
                yield _unclosed(feed, opened)
                continue
        yield _complete(feed, cells)


def _complete(feed: LineFeed, cells: list[str]) -> _Record:
    problem = next((line.problem for line in feed.taken if line.problem), "")
    return _Record(feed.taken[0].number, [] if problem else cells, problem)


def _broken(feed: LineFeed, delimiter: str, width: int, error: Exception) -> _Record:
    """Return the row that an error ended; the lines behind it are put back."""
    first = feed.taken[0]
    if len(feed.taken) > 1 or _is_open(first.text, delimiter):
        return _unclosed(feed, _opened_line(feed.taken, delimiter, width) + 1)
    problem = first.problem or (
        f"This row (line {first.number}) is not valid CSV: {error}. Check its quotation marks."
    )
    return _Record(first.number, problem=problem)


def _unclosed(feed: LineFeed, opened: int) -> _Record:
    """Return a row whose ``opened``-th line (from 1) opens a quotation mark that nothing closes."""
    first, line = feed.taken[0].number, feed.taken[opened - 1].number
    feed.back_to(opened)
    return _Record(
        first,
        problem=f"A quotation mark is opened in line {line} and not closed properly, so this row "
        'can\'t be read. Close it; a mark that belongs to the text is written twice ("").',
    )


def _swallowed(lines: Sequence[Line], delimiter: str, width: int) -> int:
    """Return the line (from 1) whose open quotation mark spans lines that look like rows, or 0."""
    opened = _opened_line(lines, delimiter, width)
    inner = [line.text for line in lines[opened + 1 :]]
    try:
        whole = any(
            len(cells) == width
            for text in inner
            for cells in csv.reader([text], delimiter=delimiter, strict=True)
        )
    except csv.Error:
        return 0
    return opened + 1 if whole and width > 1 else 0


def _opened_line(lines: Sequence[Line], delimiter: str, width: int) -> int:
    """Return the position of the line with the unclosed quotation mark.

    It is the last opened mark; if there are more cells than columns, rows were swallowed and it is
    the first.
    """
    splitter, first, last = CellSplitter(delimiter), -1, 0
    for position, line in enumerate(lines):
        before = splitter.quotes
        try:
            splitter.add(line.text)
        except csv.Error:
            break
        if splitter.is_open and splitter.quotes > before:
            first, last = position if first < 0 else first, position
        if 0 < width < len(splitter.cells):
            return max(first, 0)
    return last


def _is_open(text: str, delimiter: str) -> bool:
    splitter = CellSplitter(delimiter)
    try:
        splitter.add(text)
    except csv.Error:
        return False
    return splitter.is_open


def _long_record(feed: LineFeed, delimiter: str, width: int) -> _Record:
    """Return a row with a cell that is too long for the csv module."""
    splitter = CellSplitter(delimiter)
    feed.start()
    try:
        for text in feed:
            splitter.add(text)
            if not splitter.is_open:
                return _complete(feed, splitter.cells)
    except (csv.Error, Unclosed) as error:
        return _broken(feed, delimiter, width, error)
    return _unclosed(feed, _opened_line(feed.taken, delimiter, width) + 1)
