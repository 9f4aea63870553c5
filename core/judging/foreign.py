"""Other tools' files of lines and tables.

TREC qrels; CSVs with one rating a row (``query, docid, rating``, as OpenSearch and Quepid use them)
or one column per rater (a Quepid book). Their JSON is read by ``foreign_json``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from core.base.counts import counted
from core.base.tables import Line, Table
from core.domain import JudgmentQuery
from core.errors import JudgmentError
from core.judging.grade_columns import grade_columns
from core.judging.judgment_rows import File, Rejected, Row, cell_text, file_of, graded

#: Column names of other tools, in lower case, with underscores for spaces.
QUERY = ("query", "query_text", "querytext", "q", "search")
QUERY_ID = ("query_id", "qid", "queryid")
DOC = (
    "docid", "doc_id", "document_id", "item_id", "doc", "product_id", "corpus_id", "pid", "id",
)  # fmt: skip
#: What the annotator wrote about a label; `notes` of Quepid's are about the query.
NOTE = ("explanation", "note", "comment", "reason", "rationale")
RATER = ("rater", "annotator", "judge", "user", "username")


def qrels(lines: Iterable[Line]) -> File:
    """Read TREC qrels: ``query 0 item grade`` per line."""

    def parse() -> Iterator[Row | Rejected]:
        for line in lines:
            number, cells = line.number, line.text.split()
            if line.problem:
                yield Rejected(number, f"can't be read: {line.problem}")
                continue
            if not cells:
                continue
            if len(cells) != 4:
                yield Rejected(number, "is not “query 0 item grade”")
                continue
            yield graded(number, JudgmentQuery(cells[0]), cells[2], cells[3])

    return file_of("TREC qrels", parse())


def csv_rows(table: Table, names: Mapping[str, str], people: Sequence[str] = ()) -> File:
    """Return the judgments of another tool's CSV.

    Args:
        table: The CSV file.
        names: Its columns by their names in lower case.
        people: The raters' columns, where a person named them.

    Raises:
        JudgmentError: A column that is needed is missing.
    """
    query = next((names[n] for n in QUERY if n in names), None)
    query_id = next((names[n] for n in QUERY_ID if n in names), None)
    doc = next((names[n] for n in DOC if n in names), None)
    if doc is None or (query is None and query_id is None):
        raise JudgmentError(
            f"{table.path.name} has no column for the query or none for the item; it has: "
            f"{', '.join(names) or 'none'}."
        )
    rater = next((names[n] for n in RATER if n in names), None)
    noted = next((names[n] for n in NOTE if n in names), None)
    used = {query or "", doc, *(names[n] for n in names if n in (*QUERY_ID, *NOTE))}
    columns = grade_columns(table, names, used, people)
    if not (columns.rating or columns.raters):
        raise JudgmentError(f"{table.path.name} has no column with ratings.")

    def parse() -> Iterator[Row | Rejected]:
        for entry in table.rows():
            line = entry.line
            if entry.problem:
                yield Rejected(line, f"can't be read: {entry.problem}")
                continue
            row = {name: cell_text(cell) for name, cell in entry.cells.items()}
            asked = JudgmentQuery(
                row[query_id].strip() if query_id else "", row[query].strip() if query else ""
            )
            item_id = (row[doc] or "").strip()
            if columns.rating:
                who = (row[rater] or "").strip() if rater else ""
                cells = [(who, row[columns.rating])]
            else:
                cells = [(_rater_name(name), row[name]) for name in columns.raters]
            for who, value in cells:
                if (value or "").strip():  # an empty cell: this person did not judge it
                    note = row[noted] if noted else ""
                    yield graded(line, asked, item_id, value or "", who, note)

    raters = counted(len(columns.raters), "rater")
    kind = "CSV with one rating a row" if columns.rating else f"CSV with {raters}"
    return replace(file_of(kind, parse()), notes=columns.notes)


def _rater_name(column: str) -> str:
    """Return the rater's name in a column's name: ``agent_1_rating`` → ``agent_1``."""
    name = column.strip()
    for ending in ("_rating", " rating", "_grade"):
        name = name.removesuffix(ending)
    return name or "rater"
