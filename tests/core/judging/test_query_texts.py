"""The words of queries, as the data sets of others write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.base.tables import FileReport
from core.errors import JudgmentError
from core.judging.query_texts import read_beside, read_query_texts


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("queries.dev.small.tsv", "7\tred lamp\n8\trug, blue\n"),
        ("query.csv", "query_id\tquery\tquery_class\n7\tred lamp\tLamps\n8\trug, blue\t\n"),
        ("queries.csv", 'query,query-id\nred lamp,7\n"rug, blue",8\n'),
        ("queries.jsonl", '{"_id": "7", "text": "red lamp", "metadata": {}}\n'
                          '{"_id": 8, "text": " rug, blue"}\n\n'),
        ("topics.txt", "<top>\n<num> Number: 7\n<title> red lamp\n</top>\n\n<top>\n<num> Number: 8"
                       "\n<title> rug, blue\n</top>\n"),
        ("topics.xml", '<?xml version="1.0"?>\n<topics>\n<topic number="7"><query>red lamp</query>'
                       '</topic>\n<topic number="8"><query>rug, blue</query></topic></topics>'),
    ],
)  # fmt: skip
def test_words_of_public_data_sets(tmp_path: Path, name: str, text: str) -> None:
    path, report = tmp_path / name, FileReport()
    path.write_text(text)
    assert read_query_texts(path, report) == {"7": "red lamp", "8": "rug, blue"}
    assert (report.left_out, report.notes) == ([], [])
    assert read_beside(path).texts == {"7": "red lamp", "8": "rug, blue"}


def test_json_lines_without_an_id_are_reported(tmp_path: Path) -> None:
    path, report = tmp_path / "queries.jsonl", FileReport()
    path.write_text('{"_id": "7", "text": "lamp"}\n{"text": "rug"}\n[1]\n{"_id": "9"}\n')
    assert read_query_texts(path, report) == {"7": "lamp", "9": ""}
    assert [row.place for row in report.left_out] == ["line 2", "line 3"]
    assert [row.reason for row in report.left_out] == [
        "it has no id", "This line is not a JSON object.",
    ]  # fmt: skip
    path.write_text('{"text": "rug"}\n')
    with pytest.raises(JudgmentError, match=r"no “query id, text” in queries\.jsonl \(line 1"):
        read_query_texts(path)


def test_topics_without_a_number_are_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "topics.xml"
    path.write_text("<topics><topic><title>lamp</title></topic></topics>")
    with pytest.raises(JudgmentError, match=r"no topic with a number and a title in topics\.xml"):
        read_query_texts(path)
