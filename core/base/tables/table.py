"""Open a table of any supported format; the content decides the format, not the name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from core.base.tables.delimited import delimiter_name, read_delimited
from core.base.tables.encodings import Encoding, NotText, Unsure, detect
from core.base.tables.header import NameScore
from core.base.tables.jsons import JsonText, read_json
from core.base.tables.parquet import parquet_rows, read_parquet
from core.base.tables.table_rows import BadTable, Content, TableRow
from core.base.tables.text_lines import Line, is_packed, open_bytes, read_blocks, read_lines
from core.base.tables.workbook import read_workbook
from core.base.tables.xmls import read_xml
from core.errors import StudioError

_DELIMITED = {".csv": "", ".tsv": "\t", ".tab": "\t", ".txt": "", ".impex": ""}
_JSON = {".json", ".jsonl", ".ndjson"}
_PARQUET = {".parquet", ".pq"}
_XML = {".xml", ".rss", ".atom"}
_WORKBOOK = {".xlsx", ".xlsm"}
_PACKED = ".gz"
#: Endings of the files that can be read; pages offer these for upload.
TABLE_ENDINGS = (
    *_DELIMITED, *sorted(_JSON), *sorted(_PARQUET), *sorted(_XML), *sorted(_WORKBOOK), _PACKED
)  # fmt: skip
#: First bytes of files that are no text, whatever their name says.
_OTHERS = {
    b"PAR1": "a Parquet file",
    b"PK\x03\x04": "an Excel or zip file",
    b"\xd0\xcf\x11\xe0": "an old Excel file",
    b"%PDF": "a PDF file",
}
_SAVE_AS = "Save it as CSV (.csv), JSON lines (.jsonl) or Parquet (.parquet)."


@dataclass(frozen=True, slots=True)
class Table:
    """A table in a file, and how it was understood.

    Attributes:
        path: The file.
        format: ``CSV``, ``JSON lines``, ``JSON``, ``Parquet``, ``XML`` or ``Excel``.
        encoding: For people; empty for Parquet, XML and Excel.
        delimiter: Delimiter of a CSV file; empty for other formats.
        packed: Whether it is packed with gzip.
        columns: Names of the columns (of JSON: those of the first hundred rows).
        notes: Sentences on what was guessed or changed.
        parts: The tables that it is made of, one after the other; empty for a file.
    """

    path: Path
    format: str
    encoding: str
    delimiter: str
    packed: bool
    columns: tuple[str, ...]
    notes: tuple[str, ...]
    _open: Callable[[], Content]
    _error: type[StudioError]
    parts: tuple[Table, ...] = ()

    @property
    def format_name(self) -> str:
        """The format with the delimiter: ``CSV with semicolons``."""
        return self.format + (f" with {delimiter_name(self.delimiter)}" if self.delimiter else "")

    @property
    def understood(self) -> str:
        """Format, delimiter and encoding: ``CSV with semicolons, Windows-1252``."""
        parts = [self.format_name]
        parts += [self.encoding] if self.encoding else []
        return ", ".join(parts + (["unpacked with gzip"] if self.packed else []))

    def changed(
        self, columns: tuple[str, ...], change: Callable[[Iterator[TableRow]], Iterator[TableRow]]
    ) -> Table:
        """Return the table with other columns, and with rows as ``change`` makes them."""

        def opened() -> Content:
            content = self._open()
            return replace(content, columns=columns, rows=change(content.rows))

        return replace(self, columns=columns, _open=opened)

    def rows(self) -> Iterator[TableRow]:
        """Yield the rows in order, read one by one; bad rows have a problem.

        Raises:
            StudioError: The file is damaged further on (of the type given to ``open_table``).
        """
        try:
            yield from self._open().rows
        except BadTable as error:
            raise self._error(f"“{self.path.name}” {error}") from None
        except OSError as error:
            raise self._error(f"“{self.path.name}” can't be read: {error.strerror}.") from None

    def count(self) -> int:
        """Return the number of rows: from the metadata in Parquet, else by counting.

        Raises:
            StudioError: As ``rows``.
        """
        if self.parts:
            return sum(part.count() for part in self.parts)
        if self.format == "Parquet":
            try:
                return parquet_rows(self.path)
            except BadTable as error:
                raise self._error(f"“{self.path.name}” {error}") from None
        number = 0
        for row in self.rows():
            number = row.number
        return number


def open_table(
    path: Path, error: type[StudioError] = StudioError, score: NameScore | None = None
) -> Table:
    """Open a file of rows and columns; only its head and its encoding are read.

    CSV with commas, semicolons, tabs or bars; JSON lines; a JSON list, also under a name; Parquet;
    XML feeds; text packed with gzip. Rows are streamed: memory is bounded by the longest row. Excel
    workbooks are read whole.

    Args:
        path: The file.
        error: Kind of the error that is raised.
        score: Counts the column names in a row that are looked for; with it, lines above the row of
            names are left out.

    Raises:
        StudioError: Of the kind ``error``: it is missing, empty, no table, in an encoding that
            can't be told, or has too many columns.
    """
    try:
        return _opened(path, error, score)
    except BadTable as problem:
        raise error(f"“{path.name}” {problem}") from None
    except OSError as problem:
        raise error(f"“{path.name}” can't be read: {problem.strerror}.") from None


def open_lines(path: Path, error: type[StudioError] = StudioError) -> TextFile:
    """Open a text file that is read line by line.

    Raises:
        StudioError: Of the kind ``error``, as ``open_table``.
    """
    try:
        _check(path)
        return TextFile(path, _encoding(path), error)
    except BadTable as problem:
        raise error(f"“{path.name}” {problem}") from None
    except OSError as problem:
        raise error(f"“{path.name}” can't be read: {problem.strerror}.") from None


@dataclass(frozen=True, slots=True)
class TextFile:
    """A text file whose encoding is known."""

    path: Path
    encoding: Encoding
    _error: type[StudioError]

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on what was guessed."""
        return self.encoding.notes

    def lines(self) -> Iterator[Line]:
        """Yield the lines, numbered from 1, without line ends.

        Raises:
            StudioError: It is damaged further on.
        """
        try:
            for line in read_lines(self.path, self.encoding):
                yield Line(line.number, line.text.rstrip("\r\n"), line.problem)
        except BadTable as problem:
            raise self._error(f"“{self.path.name}” {problem}") from None
        except OSError as problem:
            raise self._error(f"“{self.path.name}” can't be read: {problem.strerror}.") from None


# ── inside ───────────────────────────────────────────────────────────────────────────────────────
def _opened(path: Path, error: type[StudioError], score: NameScore | None) -> Table:
    _check(path)
    packed = is_packed(path)
    ending = _ending(path)
    with open_bytes(path) as file:
        head = file.read(4096)
    if not head.strip(b"\0 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise BadTable("is empty.")
    other = next((kind for start, kind in _OTHERS.items() if head.startswith(start)), "")
    if ending in _PARQUET:
        return _parquet(path, head, packed, error)
    if ending in _WORKBOOK and not packed and head.startswith(b"PK"):
        return _workbook(path, error, score)
    if other:
        raise BadTable(f"is {other} and not a text file, whatever its name says. {_SAVE_AS}")
    if ending in _XML or (ending not in _JSON and _looks_like_xml(head)):
        return _xml(path, packed, error)
    encoding = _encoding(path)
    json_text = JsonText(
        lambda most: read_lines(path, encoding, most), lambda: read_blocks(path, encoding)
    )
    is_json = ending in _JSON or (ending not in _DELIMITED and _looks_like_json(head))
    prefer = _DELIMITED.get(ending, "")

    def open_again() -> Content:
        if is_json:
            return read_json(json_text)
        return read_delimited(read_lines(path, encoding), prefer, score)

    content = open_again()
    return Table(
        path,
        content.format,
        encoding.label,
        content.delimiter,
        packed,
        content.columns,
        encoding.notes + content.notes,
        open_again,
        error,
    )


def _parquet(path: Path, head: bytes, packed: bool, error: type[StudioError]) -> Table:
    if packed or not head.startswith(b"PAR1"):
        raise BadTable("is not a Parquet file, whatever its name says.")
    content = read_parquet(path)
    return Table(
        path, "Parquet", "", "", False, content.columns, content.notes,
        lambda: read_parquet(path), error,
    )  # fmt: skip


def _workbook(path: Path, error: type[StudioError], score: NameScore | None) -> Table:
    def open_again() -> Content:
        return read_workbook(path, score)

    content = open_again()
    return Table(
        path, "Excel", "", "", False, content.columns, content.notes,
        open_again, error,
    )  # fmt: skip


def _xml(path: Path, packed: bool, error: type[StudioError]) -> Table:
    def open_again() -> Content:
        return read_xml(lambda: open_bytes(path))

    content = open_again()
    return Table(
        path, "XML", "", "", packed, content.columns, content.notes,
        open_again, error,
    )  # fmt: skip


def _check(path: Path) -> None:
    if path.is_dir():
        raise BadTable("is a folder, not a file.")
    if not path.is_file():
        raise BadTable("can't be read: it does not exist.")


def _ending(path: Path) -> str:
    """Return the ending that names the format; none for a packed file such as ``feed.gz``.

    Raises:
        BadTable: It is another kind of file.
    """
    endings = [part.lower() for part in path.suffixes[-2:]]
    packed = bool(endings) and endings[-1] == _PACKED
    if packed:
        endings.pop()
    ending = endings[-1] if endings else ""
    if ending in {*_DELIMITED, *_JSON, *_PARQUET, *_XML, *_WORKBOOK}:
        return ending
    if packed:
        return ""
    if ending in (".xls", ".ods", ".xlsb", ".numbers"):
        raise BadTable(
            "is a workbook of a kind that is not read. Save it as CSV (in Excel: Save as, “CSV "
            "UTF-8”), or as a workbook of today's Excel (.xlsx)."
        )
    raise BadTable(f"is not a kind of file that is read. {_SAVE_AS}")


def _encoding(path: Path) -> Encoding:
    try:
        return detect(lambda: open_bytes(path))
    except NotText:
        raise BadTable(f"is not a text file, whatever its name says. {_SAVE_AS}") from None
    except Unsure:
        raise BadTable(
            "is not UTF-8, and which encoding it has instead can't be told for sure. Rather than "
            "damage its words it was not read: save it as UTF-8 (in Excel: Save as, “CSV UTF-8”)."
        ) from None


def _looks_like_xml(head: bytes) -> bool:
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<?xml", b"<rss", b"<feed"))


def _looks_like_json(head: bytes) -> bool:
    return head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")[:1] in (b"{", b"[")
