"""Queries and grades of an evaluation: from two files, or from one that has both."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.app.evaluation_files import Questions, read_questions
from core.domain import JudgmentQuery, Rules
from core.errors import EvaluationError
from core.judging.judgment_queue import JudgmentQueue
from core.judging.label_export import ENDINGS, FORMATS
from core.store.database import open_database
from tests.core.judging.desks import QUERIES, answer, export, grade


@pytest.fixture
def catalog(tmp_path: Path) -> Any:
    """A catalogue without a set."""
    return SimpleNamespace(
        judgment_queue=JudgmentQueue(open_database(tmp_path / "lance")), images=None
    )


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    """Labels of two people in every format, written by another studio."""
    desk = JudgmentQueue(open_database(tmp_path / "elsewhere"))
    queries = (*QUERIES[:1], JudgmentQuery("q3", text="red lamp"))
    made = desk.sets.create("Chairs", queries, ("clip",), 4, Rules(), answer)
    for who, grades in (("ada", (3, 0, 1, 2)), ("bob", (3, 0, 1, 0))):
        for item, value in enumerate(grades):
            desk.judge(grade(made, "q1", f"q1-{item}", value, who))
    desk.judge(grade(made, "q3", "q3-0", 2))
    folder = tmp_path / "exports"
    for name in FORMATS:
        written = export(desk, made, folder / f"labels.{name}")
        ending = ENDINGS.get(name)
        if ending:
            written.rename(folder / f"labels.{ending}")
    return folder


def words(given: Questions) -> dict[str, str]:
    return {query.query_id: query.text for query in given.queries}


def by_words(given: Questions) -> dict[str, dict[str, int]]:
    return {text: dict(given.qrels[name]) for name, text in words(given).items()}


@pytest.mark.parametrize("format", FORMATS)
def test_an_export_of_a_judgment_set_is_queries_and_grades(
    catalog: Any, exports: Path, format: str
) -> None:
    given = read_questions(catalog, exports / f"labels.{ENDINGS.get(format, format)}")
    assert by_words(given) == {
        "chair": {"q1-0": 3, "q1-1": 0, "q1-2": 1, "q1-3": 0}, "red lamp": {"q3-0": 2},
    }  # fmt: skip
    assert given.highest == 3
    assert catalog.judgment_queue.sets.all() == ()  # nothing is stored


def test_what_an_export_wrote_beside_its_file_has_the_words(catalog: Any, exports: Path) -> None:
    qrels, beside = exports / "labels.qrels", exports / "labels.qrels.json"
    given = read_questions(catalog, beside, qrels)
    assert words(given) == {"q1": "chair", "q3": "red lamp"}
    assert given == read_questions(catalog, qrels)
    alone = Path(shutil.copy(qrels, exports / "alone.qrels"))
    with pytest.raises(EvaluationError, match="by their ids alone, such as “q1”"):
        read_questions(catalog, alone)
    assert words(read_questions(catalog, beside, alone)) == words(given)


def test_labels_with_words_and_no_ids_are_queries_and_grades(catalog: Any, tmp_path: Path) -> None:
    """As icecat's: the item may be one that the catalogue lacks, which the report says."""
    file = tmp_path / "relevance.csv"
    file.write_text("query,item_id,rating\nlaptop,1,0\nlaptop,2,3\nblue chair,1,2\nlaptop,,1\n")
    given = read_questions(catalog, file)
    assert by_words(given) == {"laptop": {"1": 0, "2": 3}, "blue chair": {"1": 2}}
    assert any("1 row of relevance.csv is left out (line 5: has no item)" in n for n in given.notes)
    again = Path(shutil.copy(file, tmp_path / "uploaded-again.csv"))
    assert read_questions(catalog, file, again) == given


def test_labels_in_words_say_what_they_became(catalog: Any, tmp_path: Path) -> None:
    file = tmp_path / "esci.csv"
    file.write_text("query,product_id,esci_label\nlaptop,1,E\nlaptop,2,I\nlaptop,3,S\n")
    given = read_questions(catalog, file)
    assert by_words(given) == {"laptop": {"1": 3, "2": 0, "3": 2}}
    assert any("of esci.csv became grades: " in note and "e=3" in note for note in given.notes)


def test_files_that_lack_one_half_say_what_is_expected(catalog: Any, tmp_path: Path) -> None:
    asked, right = tmp_path / "q.csv", tmp_path / "r.csv"
    asked.write_text("query_id,text\n1,laptop\n2,chair\n")
    right.write_text("query_id,item_id,relevance\n1,a,1\n")
    assert words(read_questions(catalog, asked, right)) == {"1": "laptop", "2": "chair"}
    with pytest.raises(EvaluationError, match="holds queries and no grades: give a second file"):
        read_questions(catalog, asked)
    with pytest.raises(EvaluationError, match="by their ids alone"):
        read_questions(catalog, right)
    both = tmp_path / "both.csv"
    both.write_text("query,item_id,rating\nlaptop,a,1\n")
    for files in ((both, right), (asked, both)):
        with pytest.raises(EvaluationError, match="give it alone, as the queries"):
            read_questions(catalog, *files)
