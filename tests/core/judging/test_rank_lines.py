"""Judgments for learning to rank, as RankLib, demos of Elasticsearch and Quepid write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.domain import JudgmentQuery
from core.judging.judgment_readers import read
from core.judging.judgment_rows import File, Row

FORMAT = "judgments for learning to rank"


def file_with(tmp_path: Path, text: str, name: str = "judgments.txt") -> File:
    path = tmp_path / name
    path.write_text(text)
    return read(path)


def given(file: File) -> list[tuple[str, str, str, int | None]]:
    return [(row.query.query_id, row.query.text, row.item_id, row.grade) for row in file.rows]


@pytest.mark.parametrize("name", ["judgments.txt", "judgments.csv", "judgments", "train.dat"])
def test_features_are_passed_over(tmp_path: Path, name: str) -> None:
    file = file_with(tmp_path, "3 qid:1 1:1 2:0.2 3:-1e3 # 1A\n0 qid:2 1:0 # 2B\n", name)
    assert (file.format, file.rejected) == (FORMAT, ())
    assert given(file) == [("1", "", "1A", 3), ("2", "", "2B", 0)]


def test_comments_before_have_the_words_of_the_queries(tmp_path: Path) -> None:
    """As in the demo of Elasticsearch Learning to Rank: titles stand behind the items."""
    text = (
        "# grade (0-4)\tqueryid\tdocId\ttitle\n#\n# qid:1: rambo\n# qid:2: rocky ii\n#\n"
        "# https://sourceforge.net/p/lemur/wiki/RankLib%20File%20Format/\n#\n"
        "4\tqid:1 #\t7555\tRambo\n3 qid:1 # 1370 Rambo III\n4\tqid:2\t# 1246\tRocky Balboa\n"
    )
    file = file_with(tmp_path, text)
    assert given(file) == [
        ("1", "rambo", "7555", 4), ("1", "rambo", "1370", 3), ("2", "rocky ii", "1246", 4),
    ]  # fmt: skip
    assert (file.rejected, file.notes) == ((), ())
    weighted = file_with(tmp_path, "# qid:1: rambo*1\n# qid:2: rocky ii*1.5\n4 qid:2 # 1246\n")
    assert given(weighted) == [("2", "rocky ii", "1246", 4)]
    product = file_with(tmp_path, "# qid:1: beam 4*4\n# qid:2: rug\n4 qid:1 # 7\n")
    assert given(product) == [("1", "beam 4*4", "7", 4)]


@pytest.mark.parametrize(
    "text",
    [
        "\n3 qid:12 # l1 red lamp\n\n0.0 qid:12 # l2 red lamp\n\n1 qid:7 # l1 rug\n",
        '\n3    qid:12 #    l1; "red lamp"\n\n0    qid:12 #    l2; "red lamp"\n\n'
        '1    qid:7 #    l1; "rug"\n',
    ],
)
def test_quepid_writes_the_words_after_each_item(tmp_path: Path, text: str) -> None:
    file = file_with(tmp_path, text)
    assert given(file) == [
        ("12", "red lamp", "l1", 3), ("12", "red lamp", "l2", 0), ("7", "rug", "l1", 1),
    ]  # fmt: skip
    assert file.notes == ("The words after the items were taken for those of the queries.",)


def test_titles_after_the_items_are_no_words_of_queries(tmp_path: Path) -> None:
    file = file_with(tmp_path, "3 qid:1 # l1 Red lamp\n2 qid:1 # l2 Blue lamp\n1 qid:2 # l3 Rug\n")
    assert [row.query for row in file.rows] == [
        JudgmentQuery("1"), JudgmentQuery("1"), JudgmentQuery("2"),
    ]  # fmt: skip
    assert file.notes == ()
    alone = file_with(tmp_path, "3 qid:1 # l1 Red lamp\n2 qid:2 # l2 Blue lamp\n")
    assert [row.query.text for row in alone.rows] == ["", ""]


def test_lines_that_are_no_judgment_are_rejected(tmp_path: Path) -> None:
    file = file_with(tmp_path, "3 qid:1 # l1\nhello\n3 qid:1 1:0.5\nx qid:1 # l2\n")
    assert file.rows == (
        Row(1, JudgmentQuery("1"), "l1", 3), Row(4, JudgmentQuery("1"), "l2", None),
    )  # fmt: skip
    assert [(row.line, row.reason) for row in file.rejected] == [
        (2, "is not “grade qid:1 # item”"), (3, "has no item"),
    ]  # fmt: skip
