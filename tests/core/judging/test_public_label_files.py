"""Label files as public data sets and other tools write them: each becomes a set, and comes back.

The formats are those of their documentation: BEIR's wiki, MS MARCO's and Amazon's (ESCI) and
Wayfair's (WANDS) read-me files, Quepid's exports, OpenSearch's Search Relevance Workbench.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.domain import JudgmentQuery
from core.judging.aggregation import aggregate
from core.judging.importing import carry_out, plan
from core.judging.judgment_queue import JudgmentQueue
from core.judging.label_export import ENDINGS, FORMATS, Labels, facts_path, write
from core.judging.query_texts import read_beside
from core.store.database import open_database

#: Query 7 asks for a red lamp, query 8 for a rug; l1 … are items.
GRADES = {("7", "l1"): 3, ("7", "l2"): 1, ("8", "l1"): 0, ("8", "l3"): 2}
BINARY = {("7", "l1"): 1, ("7", "l2"): 1, ("8", "l3"): 1}
TEXTS = {"7": "red lamp", "8": "rug"}


def lines(rows: object, mark: str) -> str:
    return "".join(mark.join(map(str, row)) + "\n" for row in rows)  # type: ignore[attr-defined]


def ms_marco(folder: Path) -> tuple[Path, Path]:
    """``qrels.dev.small.tsv`` has no header and only relevant passages."""
    labels = folder / "qrels.dev.small.tsv"
    labels.write_text(lines(((q, 0, item, 1) for q, item in BINARY), "\t"))
    return labels, beside(folder, "queries.dev.small.tsv", lines(TEXTS.items(), "\t"))


def deep_learning_track(folder: Path) -> tuple[Path, Path]:
    """``2019qrels-pass.txt``, packed, with topics in SGML."""
    labels = folder / "2019qrels-pass.txt.gz"
    rows = lines(((q, "Q0", item, g) for (q, item), g in GRADES.items()), " ")
    labels.write_bytes(gzip.compress(rows.encode()))
    topics = "".join(
        f"<top>\n<num> Number: {name}\n<title> {text}\n\n<desc> Description:\nx\n</top>\n\n"
        for name, text in TEXTS.items()
    )
    return labels, beside(folder, "topics.txt", topics)


def beir(folder: Path) -> tuple[Path, Path]:
    """``qrels/test.tsv`` and ``queries.jsonl``."""
    labels = folder / "test.tsv"
    rows = lines(((*pair, g) for pair, g in GRADES.items()), "\t")
    labels.write_text("query-id\tcorpus-id\tscore\n" + rows)
    entries = (json.dumps({"_id": name, "text": text}) + "\n" for name, text in TEXTS.items())
    return labels, beside(folder, "queries.jsonl", "".join(entries))


def wands(folder: Path) -> tuple[Path, Path]:
    """``label.csv`` and ``query.csv``, with tabs in spite of their names."""
    labels = folder / "label.csv"
    words = {3: "Exact", 1: "Partial", 0: "Irrelevant", 2: "Exact"}
    rows = lines(
        ((n, *pair, words[g]) for n, (pair, g) in enumerate(GRADES.items())), "\t"
    )  # fmt: skip
    labels.write_text("id\tquery_id\tproduct_id\tlabel\n" + rows)
    head = "query_id\tquery\tquery_class\n"
    texts = lines(((name, text, "Lamps") for name, text in TEXTS.items()), "\t")
    return labels, beside(folder, "query.csv", head + texts)


def esci(folder: Path) -> tuple[Path, None]:
    """``shopping_queries_dataset_examples.parquet``."""
    labels = folder / "shopping_queries_dataset_examples.parquet"
    columns = {
        "example_id": range(4), "query": [TEXTS[q] for q, _ in GRADES],
        "query_id": [int(q) for q, _ in GRADES], "product_id": [item for _, item in GRADES],
        "product_locale": ["us"] * 4, "esci_label": ["ICSE"[g] for g in GRADES.values()],
        "small_version": [1, 0, 1, 0], "large_version": [1] * 4, "split": ["test"] * 4,
    }  # fmt: skip
    pq.write_table(pa.Table.from_pandas(pd.DataFrame(columns)), labels)
    return labels, None


def beside(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("made_by", "grades", "scale"),
    [
        (ms_marco, BINARY, "not relevant, relevant"),
        (deep_learning_track, GRADES, "irrelevant, related, substitute, exact"),
        (beir, GRADES, "irrelevant, related, substitute, exact"),
        (wands, GRADES | {("8", "l3"): 3}, "irrelevant, related, substitute, exact"),
        (esci, GRADES, "irrelevant, complement, substitute, exact"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
@pytest.mark.parametrize("format", FORMATS)
def test_a_public_file_becomes_a_set_and_comes_back_from_every_format(
    tmp_path: Path, made_by, grades: dict, scale: str, format: str
) -> None:
    labels, texts = made_by(tmp_path)
    desk = JudgmentQueue(open_database(tmp_path / "first"))
    planned = plan(desk, labels, lambda ids: ids, beside=read_beside(texts) if texts else None)
    assert planned.rejected == ()
    carry_out(desk, planned)
    (made,) = desk.sets.all()
    assert {query.query_id: query.text for query in made.queries} == TEXTS
    assert aggregate(desk.current(made.set_id)) == grades
    assert ", ".join(grade.name for grade in made.rules.scale) == scale

    current = desk.current(made.set_id)
    target = tmp_path / "out" / f"labels.{ENDINGS.get(format, format)}"
    file = write(Labels(made, current, current, {}), target, format)
    second, facts = JudgmentQueue(open_database(tmp_path / "second")), facts_path(file)
    again = plan(
        second, file, lambda ids: ids, beside=read_beside(facts) if facts.is_file() else None
    )
    assert again.rejected == ()
    carry_out(second, again)
    (back,) = second.sets.all()
    assert back.highest == made.highest
    texts = {query.query_id: query.text for query in back.queries}
    wanted = {(TEXTS[q], item): grade for (q, item), grade in grades.items()}
    given = aggregate(second.current(back.set_id))
    assert {(texts[q], item): grade for (q, item), grade in given.items()} == wanted
    if format not in ("opensearch", "rre", "ltr"):  # these have no ids and no names of grades
        assert texts == TEXTS
        assert back.rules.scale == made.rules.scale
    if format in ("csv", "jsonl", "parquet"):  # these hold each person's label
        assert second.events(back.set_id) == desk.events(made.set_id)


def test_a_list_of_opensearch_with_gains_keeps_every_step(tmp_path: Path) -> None:
    """The list that OpenSearch's playground has: ESCI as 100, 10, 1, 0."""
    ratings = [("E", "100.000"), ("S", "10.000"), ("C", "1.000"), ("I", "0.000")]
    content = {
        "name": "ESCI Judgments", "description": "", "type": "IMPORT_JUDGMENT",
        "judgmentRatings": [
            {"query": f"query {number}",
             "ratings": [{"docId": item, "rating": rating} for item, rating in ratings]}
            for number in range(6)
        ],
    }  # fmt: skip
    path = tmp_path / "esci_us_judgments.json"
    path.write_text(json.dumps(content, indent=2))
    desk = JudgmentQueue(open_database(tmp_path / "lance"))
    planned = plan(desk, path, lambda ids: ids)
    assert planned.rejected == ()
    assert {event.item_id: event.grade for event in planned.events} == {
        "I": 0, "C": 1, "S": 2, "E": 3,
    }  # fmt: skip
    assert planned.notes[-1] == "The labels 0, 1, 10, 100 became grades by their order."
    notes = {event.item_id: event.note for event in planned.events}
    assert notes["S"] == "label in the file: 10"


def test_quepid_s_exports_of_a_case_and_a_book(tmp_path: Path) -> None:
    """A query that nobody rated has a row of its own; names and words that begin with = a blank."""
    case, book = tmp_path / "case.csv", tmp_path / "book_3_export.csv"
    case.write_text('query,docid,rating\n"red lamp, small",l1,3.0\n =rug,l2,0.0\nsofa\n')
    desk = JudgmentQueue(open_database(tmp_path / "lance"))
    planned = plan(desk, case, lambda ids: ids)
    assert [(e.query_id, e.item_id, e.grade) for e in planned.events] == [
        ("q1", "l1", 3), ("q2", "l2", 0),
    ]  # fmt: skip
    assert planned.judgment_set.queries == (
        JudgmentQuery("q1", "red lamp, small"), JudgmentQuery("q2", "=rug"),
    )  # fmt: skip
    assert planned.rejected == ()
    book.write_text(
        "query,docid,Ann Lee,ben@example.com,Unknown\nlamp,l1,3.0,2.0,\nlamp,l2,,0.0,1.0\n"
    )
    planned = plan(desk, book, lambda ids: ids)
    assert [(e.annotator, e.item_id, e.grade) for e in planned.events] == [
        ("Ann Lee", "l1", 3), ("ben@example.com", "l1", 2), ("ben@example.com", "l2", 0),
        ("Unknown", "l2", 1),
    ]  # fmt: skip


def test_a_book_in_parquet_or_excel_has_empty_cells(tmp_path: Path) -> None:
    """Who did not judge a pair has no value there, which is no grade and no name."""
    frame = pd.DataFrame(
        {"query": ["lamp", "lamp", None], "docid": ["l1", "l2", "l3"],
         "Ann": [3.0, None, None], "Ben": [None, 0.0, 1.0]}
    )  # fmt: skip
    desk = JudgmentQueue(open_database(tmp_path / "lance"))
    frame.to_parquet(tmp_path / "book.parquet")
    pd_book = tmp_path / "book.xlsx"
    frame.to_excel(pd_book, index=False)
    for path, kind in ((tmp_path / "book.parquet", "Parquet"), (pd_book, "Excel")):
        planned = plan(desk, path, lambda ids: ids)
        assert planned.format == f"{kind} with 2 raters"
        assert [(e.annotator, e.item_id, e.grade) for e in planned.events] == [
            ("Ann", "l1", 3), ("Ben", "l2", 0),
        ]  # fmt: skip
        assert [row.reason for row in planned.rejected] == ["has no query"]
