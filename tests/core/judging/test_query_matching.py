"""Which query of a set a row of a file means."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.domain import JudgmentQuery, JudgmentSet, Pair, Rules
from core.judging.importing import carry_out, plan
from core.judging.judgment_queue import JudgmentQueue
from core.judging.label_export import Labels, write
from core.judging.query_texts import Beside
from tests.core.judging.desks import event

AT = datetime(2026, 1, 1, tzinfo=UTC)


def a_set(desk: JudgmentQueue, set_id: str, **texts: str) -> JudgmentSet:
    pairs = tuple(Pair(JudgmentQuery(name, text), "a") for name, text in texts.items())
    return desk.sets.add(JudgmentSet(set_id, set_id, Rules(), (), 0, pairs, AT))


def queries_of(
    desk: JudgmentQueue, text: str, path: Path, set_id: str | None, **texts: str
) -> list[tuple[str, str]]:
    """Import rows; return id and words of the query of each label."""
    path.write_text(text)
    planned = plan(desk, path, lambda ids: ids, set_id=set_id, beside=Beside(texts))
    assert planned.rejected == ()
    words = {query.query_id: query.text for query in planned.judgment_set.queries}
    return [(event.query_id, words[event.query_id]) for event in planned.events]


def test_a_file_s_own_ids_are_kept_beside_its_words(desk: JudgmentQueue, tmp_path: Path) -> None:
    """Amazon's queries have ids, and one text may be asked in two countries."""
    rows = "query_id,query,product_id,esci_label\n123,nike,a,E\n124,rug,a,I\n125,nike,b,C\n"
    assert queries_of(desk, rows, tmp_path / "a.csv", None) == [
        ("123", "nike"), ("124", "rug"), ("125", "nike"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("a.csv", "query_id,query,docid,rating\nq1,rug,a,1\nq2,sofa,a,1\n,lamp,a,1\n"),
        ("a.qrels", "q1 0 a 1\nq2 0 a 1\nq3 0 a 1\n"),
    ],
)
def test_an_id_of_another_query_does_not_count(
    desk: JudgmentQueue, tmp_path: Path, name: str, rows: str
) -> None:
    """Two files that number their queries q1, q2 … mean different ones."""
    a_set(desk, "here", q1="lamp", q2="rug")
    texts = {"q1": "rug", "q2": "sofa", "q3": "lamp"}
    matched = queries_of(desk, rows, tmp_path / name, "here", **texts)
    assert [words for _, words in matched] == ["rug", "sofa", "lamp"]
    assert [query_id for query_id, _ in matched][::2] == ["q2", "q1"]


def test_labels_of_another_set_go_to_the_query_of_their_words(
    desk: JudgmentQueue, tmp_path: Path
) -> None:
    """Our own export of one set, taken into another one, whose q1 is something else."""
    a_set(desk, "here", q1="lamp", q2="rug")
    other = JudgmentSet(
        "there", "There", Rules(), (), 0, (Pair(JudgmentQuery("q1", "rug"), "a"),), AT
    )
    labels = [event(1, query_id="q1", set_id="there")]
    for ending in ("csv", "jsonl", "parquet"):
        file = write(Labels(other, labels, labels, {}), tmp_path / f"x.{ending}", ending)
        planned = plan(desk, file, lambda ids: ids, set_id="here")
        assert [(e.query_id, e.item_id) for e in planned.events] == [("q2", "a")]
    assert carry_out(desk, planned) == 1


def test_ids_alone_mean_the_set_s_queries(desk: JudgmentQueue, tmp_path: Path) -> None:
    a_set(desk, "here", q1="lamp", q2="q2")
    rows = "q1 0 a 1\nq2 0 a 1\nq9 0 a 1\n"
    assert queries_of(desk, rows, tmp_path / "a.qrels", "here") == [
        ("q1", "lamp"), ("q2", "q2"), ("q9", "q9"),
    ]  # fmt: skip
    # Words that were not known before do not make another query: the set's gets them.
    assert queries_of(desk, rows, tmp_path / "a.qrels", "here", q2="rug")[1] == ("q2", "rug")


def test_the_same_words_mean_the_set_s_query_whatever_the_file_calls_it(
    desk: JudgmentQueue, tmp_path: Path
) -> None:
    a_set(desk, "here", q1="lamp")
    rows = "query_id,query,docid,rating\n77,Lamp,a,1\n78,rug,a,1\n"
    assert queries_of(desk, rows, tmp_path / "a.csv", "here") == [("q1", "lamp"), ("78", "rug")]


def test_qrels_of_an_item_or_a_picture_find_their_query(
    desk: JudgmentQueue, tmp_path: Path
) -> None:
    """The file beside them names an item or a picture where there are no words."""
    pairs = (Pair(JudgmentQuery("q1", item_id="i-1"), "a"),
             Pair(JudgmentQuery("q2", picture="f" * 64), "a"))  # fmt: skip
    desk.sets.add(JudgmentSet("here", "here", Rules(), (), 0, pairs, AT))
    path = tmp_path / "a.qrels"
    path.write_text("q1 0 a 1\nq2 0 a 2\n")
    beside = Beside({"q1": "i-1", "q2": "f" * 64})
    planned = plan(desk, path, lambda ids: ids, set_id="here", beside=beside)
    assert [e.query_id for e in planned.events] == ["q1", "q2"]
