"""Words are given to the queries of an existing set, of which only the ids are known."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest

from core.domain import JudgmentQuery
from core.errors import JudgmentError
from core.judging.importing import ImportPlan, carry_out, plan
from core.judging.judgment_queue import JudgmentQueue
from core.judging.query_texts import Beside, read_beside
from core.store.database import open_database

QRELS = "7 0 l1 3\n7 0 l2 1\n8 0 l1 0\n"
TOPICS = """<top>
<num> Number: 7
<title> red lamp
</top>
<top>
<num> Number: 8
<title> rug
</top>
"""
WORDS = {"7": "red lamp", "8": "rug"}


@pytest.fixture
def desk(tmp_path: Path) -> JudgmentQueue:
    return JudgmentQueue(open_database(tmp_path / "lance"))


@pytest.fixture
def bare(desk: JudgmentQueue, tmp_path: Path) -> str:
    """A set of qrels that came without words."""
    (tmp_path / "labels.qrels").write_text(QRELS)
    return taken(desk, tmp_path / "labels.qrels").judgment_set.set_id


def taken(desk: JudgmentQueue, path: Path, **how: object) -> ImportPlan:
    planned = plan(desk, path, lambda ids: ids, **how)  # type: ignore[arg-type]
    carry_out(desk, planned)
    return planned


def words(desk: JudgmentQueue, set_id: str) -> dict[str, str]:
    return {query.query_id: query.text for query in desk.sets.get(set_id).queries}


@pytest.mark.parametrize("chosen", [True, False])
def test_the_same_file_with_topics_gives_the_words(
    desk: JudgmentQueue, bare: str, tmp_path: Path, chosen: bool
) -> None:
    assert words(desk, bare) == {"7": "7", "8": "8"}
    before = desk.current(bare)
    (tmp_path / "topics.txt").write_text(TOPICS)
    planned = taken(
        desk, tmp_path / "labels.qrels", set_id=bare if chosen else None,
        beside=read_beside(tmp_path / "topics.txt"),
    )  # fmt: skip
    assert planned.judgment_set.set_id == bare
    assert (planned.new_words, planned.new_pairs, planned.stored) == (2, 0, 3)
    assert "2 queries get words in place of the id" in planned.summary()
    assert planned.outcome(0).endswith(
        "All of these labels were there already, 2 queries got words."
    )
    assert words(desk, bare) == WORDS
    assert desk.current(bare) == before
    elsewhere = JudgmentQueue(open_database(tmp_path / "lance"))  # another process
    assert words(elsewhere, bare) == WORDS


def csv_of(path: Path) -> Path:
    path.with_suffix(".csv").write_text("query_id,query,query_class\n7,red lamp,Lamps\n8,rug,\n")
    return path.with_suffix(".csv")


def tsv_of(path: Path) -> Path:
    path.with_suffix(".tsv").write_text("7\tred lamp\n8\trug\n")
    return path.with_suffix(".tsv")


def jsonl_of(path: Path) -> Path:
    path.with_suffix(".jsonl").write_text(
        '{"_id": "7", "text": "red lamp", "metadata": {}}\n{"_id": "8", "text": "rug"}\n'
    )
    return path.with_suffix(".jsonl")


def topics_of(path: Path) -> Path:
    path.with_suffix(".topics").write_text(TOPICS)
    return path.with_suffix(".topics")


def excel_of(path: Path) -> Path:
    frame = pd.DataFrame({"query_id": [7, 8], "query": ["red lamp", "rug"]})
    frame.to_excel(path.with_suffix(".xlsx"), index=False)
    return path.with_suffix(".xlsx")


def parquet_of(path: Path) -> Path:
    frame = pd.DataFrame({"_id": ["7", "8"], "title": ["", ""], "text": ["red lamp", "rug"]})
    frame.to_parquet(path.with_suffix(".parquet"))
    return path.with_suffix(".parquet")


@pytest.mark.parametrize("made_by", [csv_of, tsv_of, jsonl_of, topics_of, excel_of, parquet_of])
def test_a_file_of_words_alone_is_for_a_chosen_set(
    desk: JudgmentQueue, bare: str, tmp_path: Path, made_by
) -> None:
    path = made_by(tmp_path / "words")
    with pytest.raises(JudgmentError, match=r"no labels.*--queries.*--set"):
        plan(desk, path, lambda ids: ids)
    planned = taken(desk, path, set_id=bare)
    assert (planned.new_words, planned.events, planned.rejected) == (2, (), ())
    assert planned.outcome(0).endswith("2 queries got words.")
    assert words(desk, bare) == WORDS
    again = taken(desk, path, set_id=bare)
    assert again.new_words == 0
    assert again.outcome(0).endswith("nothing changed.")


def test_rows_with_words_give_them_and_words_that_are_known_stay(
    desk: JudgmentQueue, bare: str, tmp_path: Path
) -> None:
    path = tmp_path / "more.csv"
    path.write_text("query_id,query,docid,rating\n7,red lamp,l3,2\n")
    planned = taken(desk, path, set_id=bare)
    assert (planned.new_words, planned.new_pairs) == (1, 1)
    made = desk.sets.get(bare)
    assert words(desk, bare) == {"7": "red lamp", "8": "8"}
    assert {pair.query for pair in made.pairs if pair.query.query_id == "7"} == {
        JudgmentQuery("7", "red lamp")
    }
    other = taken(desk, tmp_path / "labels.qrels", set_id=bare, beside=Beside({"7": "sofa"}))
    assert other.new_words == 0
    assert words(desk, bare)["7"] == "red lamp"


def test_words_of_other_queries_are_told(desk: JudgmentQueue, bare: str, tmp_path: Path) -> None:
    path = tmp_path / "words.tsv"
    path.write_text("901\tsofa\n902\tchair\n")
    planned = plan(desk, path, lambda ids: ids, set_id=bare)
    assert planned.notes == ("The set has no query of the file's ids, such as “901”.",)
    assert planned.new_words == 0


@pytest.mark.parametrize(
    "text",
    [
        "query_id,query,asin,Ann,Ben\n7,lamp,l1,3,2\n",  # a book with an unknown name for items
        "query,docid,rating\nlamp,l1,3\n",
        "7\t12\n8\t13\n",  # qrels of two columns
    ],
)
def test_files_with_labels_are_not_taken_for_words(
    desk: JudgmentQueue, bare: str, tmp_path: Path, text: str
) -> None:
    path = tmp_path / "labels.tsv"
    path.write_text(text)
    with suppress(JudgmentError):  # that none of its columns is for the item
        planned = plan(desk, path, lambda ids: ids, set_id=bare)
        assert (planned.new_words, planned.format == "a file of the queries' words") == (0, False)
