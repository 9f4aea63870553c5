"""Every format that is written is read again without loss, whatever names and notes hold."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain import (
    EventKind,
    ExamplePair,
    Grade,
    JudgmentEvent,
    JudgmentQuery,
    JudgmentSet,
    Pair,
    Rules,
)
from core.errors import JudgmentError
from core.judging.aggregation import aggregate
from core.judging.importing import ImportPlan, carry_out, plan
from core.judging.judgment_queue import JudgmentQueue
from core.judging.label_export import ENDINGS, Labels, facts_path, write
from core.judging.query_texts import Beside, read_beside
from core.store.database import open_database

SCALE = (Grade(0, "no"), Grade(2, "so-so", "half of it"), Grade(5, "yes, “exactly”"))
#: Names and texts as people and tools write them: formulas, quotes, umlauts, emoji, blanks inside.
TEXT = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=20
).map(str.strip).filter(bool)  # fmt: skip
#: Ids of TREC files have no blanks.
WORD = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=12
)
#: Kinds of events that a person or an adjudicator gives; both others take one back.
KINDS = (EventKind.GRADE, EventKind.UNSURE, EventKind.SKIP, EventKind.FLAG, EventKind.ADJUDICATE,
         EventKind.UNDO, EventKind.DELETE, EventKind.SHOWN)  # fmt: skip
GRADED = (EventKind.GRADE, EventKind.ADJUDICATE)
#: Formats with one grade a pair, and the words of the queries.
LISTS = ("opensearch", "rre", "ltr")
NOTE = st.text(st.characters(codec="utf-8", exclude_categories=("C",)) | st.just("\n"), max_size=30)


@st.composite
def judged(draw: st.DrawFn, kinds: bool = False) -> tuple[JudgmentSet, list[JudgmentEvent]]:
    """Draw a set and each person's labels of some of its pairs.

    With ``kinds``, queries are also items and pictures, and events of every kind.
    """
    ids = draw(st.lists(WORD, min_size=1, max_size=3, unique=True))
    texts = draw(st.lists(TEXT, min_size=len(ids), max_size=len(ids), unique_by=str.casefold))
    items = draw(st.lists(WORD, min_size=1, max_size=4, unique=True))
    people = draw(st.lists(TEXT, min_size=1, max_size=3, unique=True))
    queries = [
        draw(st.sampled_from([
            JudgmentQuery(name, text), JudgmentQuery(name, item_id=text),
            JudgmentQuery(name, picture=text),
        ])) if kinds else JudgmentQuery(name, text)
        for name, text in zip(ids, texts, strict=True)
    ]  # fmt: skip
    pairs = tuple(Pair(query, item) for query in queries for item in items)
    rules = Rules(
        SCALE, draw(NOTE), (ExamplePair(draw(TEXT), items[0], 5, draw(NOTE)),),
        draw(st.integers(0, 3)), frozenset(draw(st.sets(st.sampled_from([p.key for p in pairs])))),
        draw(st.sampled_from([0.0, 0.05, 0.1])),
    )  # fmt: skip
    made = JudgmentSet(
        "set-1", draw(TEXT), rules, ("clip",), 5, pairs, datetime(2026, 1, 1, tzinfo=UTC)
    )
    events = [
        JudgmentEvent(
            f"{number}", (kind := draw(st.sampled_from(KINDS)) if kinds else EventKind.GRADE),
            "set-1", *pair.key, person,
            draw(st.sampled_from([0, 2, 5])) if kind in GRADED else None, draw(NOTE),
            datetime(2026, 1, 2, tzinfo=UTC) + timedelta(seconds=number),
            draw(st.floats(0, 3600)), draw(st.integers(0, 1)) if kinds else 0,
            draw(st.sampled_from(["", "7f", "import"])), draw(st.integers(1, 9)),
        )
        for number, (pair, person) in enumerate((p, who) for p in pairs for who in people)
        if draw(st.booleans())
    ]  # fmt: skip
    return made, events


def imported(
    made: JudgmentSet, events: Sequence[JudgmentEvent], format: str
) -> tuple[ImportPlan, JudgmentQueue, int]:
    """Write the labels, read the file into an empty store, and return what came of it."""
    folder = Path(tempfile.mkdtemp())
    file = write(
        Labels(made, events, events, {}), folder / f"labels.{ENDINGS.get(format, format)}", format
    )
    beside = facts_path(file)
    desk = JudgmentQueue(open_database(folder / "elsewhere"))
    planned = plan(
        desk, file, lambda ids: ids, beside=read_beside(beside) if beside.is_file() else None,
        # A list says nothing of the scale; a single 5 among zeros could be a typing error.
        mapping="0=0, 2=2, 5=5" if format in LISTS else "",
    )  # fmt: skip
    return planned, desk, carry_out(desk, planned)


@pytest.mark.parametrize("format", ["csv", "jsonl", "parquet"])
@given(content=judged(kinds=True))
def test_labels_come_back_whole(
    format: str, content: tuple[JudgmentSet, list[JudgmentEvent]]
) -> None:
    made, events = content
    planned, desk, taken = imported(made, events, format)
    assert (planned.rejected, taken) == ((), len(events))
    assert desk.events("set-1") == events
    assert desk.sets.get("set-1") == made


@given(content=judged())
def test_qrels_come_back_with_the_words_of_the_queries_and_the_scale(
    content: tuple[JudgmentSet, list[JudgmentEvent]],
) -> None:
    made, events = content
    planned, desk, _ = imported(made, events, "qrels")
    again = planned.judgment_set
    assert planned.rejected == ()
    assert (again.queries, again.rules, again.name) == (made.queries, made.rules, made.name)
    assert aggregate(desk.current(again.set_id)) == aggregate(events)


@given(content=judged())
def test_words_that_come_later_make_the_set_that_they_would_have_made_at_once(
    content: tuple[JudgmentSet, list[JudgmentEvent]],
) -> None:
    made, events = content
    if not events:
        return
    folder = Path(tempfile.mkdtemp())
    file = write(Labels(made, events, events, {}), folder / "labels.qrels", "qrels")
    texts = {query.query_id: query.text for query in made.queries}
    at_once, later = (JudgmentQueue(open_database(folder / name)) for name in ("once", "later"))
    whole = plan(at_once, file, lambda ids: ids, beside=Beside(texts))
    carry_out(at_once, whole)
    bare = plan(later, file, lambda ids: ids)
    carry_out(later, bare)
    set_id = bare.judgment_set.set_id
    again = plan(later, file, lambda ids: ids, set_id=set_id, beside=Beside(texts))
    assert (carry_out(later, again), again.new_pairs) == (0, 0)
    assert [row.line for row in again.rejected] == [row.line for row in bare.rejected]
    assert later.sets.get(set_id).queries == whole.judgment_set.queries
    assert aggregate(later.current(set_id)) == aggregate(at_once.current(set_id))


@given(
    scale=st.dictionaries(st.integers(0, 9), TEXT, min_size=2, max_size=10),
    notes=st.lists(TEXT, min_size=1, max_size=4),
    name=TEXT,
    draw=st.data(),
)
def test_a_book_of_quepid_keeps_names_of_grades_and_explanations(
    scale: dict[int, str], notes: list[str], name: str, draw: st.DataObject
) -> None:
    """Taken in, exported as JSON lines and taken in again."""
    folder = Path(tempfile.mkdtemp())
    grades = [draw.draw(st.sampled_from(sorted(scale))) for _ in notes]
    pairs = [
        {"query_text": "lamp", "doc_id": f"l{number}", "judgements": [
            {"rating": float(grade), "unrateable": False, "user_email": "ann@example.com",
             "explanation": note}]}
        for number, (grade, note) in enumerate(zip(grades, notes, strict=True))
    ]  # fmt: skip
    book = {"name": name, "scale_with_labels": {str(k): v for k, v in scale.items()},
            "query_doc_pairs": pairs}  # fmt: skip
    file = folder / "book.json"
    file.write_text(json.dumps(book, ensure_ascii=False), "utf-8")
    desk, elsewhere = (JudgmentQueue(open_database(folder / name)) for name in ("a", "b"))
    planned = plan(desk, file, lambda ids: ids)
    assert carry_out(desk, planned) == len(notes)
    made = desk.sets.get(planned.judgment_set.set_id)
    assert (made.name, made.grades) == (name, dict(sorted(scale.items())))
    current = desk.current(made.set_id)
    assert [(e.item_id, e.grade, e.note) for e in current] == [
        (f"l{n}", grade, note) for n, (grade, note) in enumerate(zip(grades, notes, strict=True))
    ]
    out = write(Labels(made, current, current, {}), folder / "out.jsonl", "jsonl")
    carry_out(elsewhere, plan(elsewhere, out, lambda ids: ids))
    assert elsewhere.sets.get(made.set_id) == made
    assert elsewhere.current(made.set_id) == current


@pytest.mark.parametrize("format", LISTS)
@given(content=judged())
def test_lists_for_other_tools_come_back(
    format: str, content: tuple[JudgmentSet, list[JudgmentEvent]]
) -> None:
    """They have no ids of queries, no people and no scale: words, items and grades come back."""
    made, events = content
    if not events:
        return
    planned, desk, _ = imported(made, events, format)
    words = {query.query_id: query.text for query in planned.judgment_set.queries}
    grades = aggregate(desk.current(planned.judgment_set.set_id))
    texts = {query.query_id: query.text for query in made.queries}
    assert planned.rejected == ()
    if format != "ltr":  # its lines have no place for a name
        assert planned.judgment_set.name == made.name
    assert {(words[query], item): grade for (query, item), grade in grades.items()} == {
        (texts[query], item): grade for (query, item), grade in aggregate(events).items()
    }


def test_opensearch_s_list_is_what_its_documentation_shows(tmp_path: Path) -> None:
    query = JudgmentQuery("q1", "red dress")
    made = JudgmentSet(
        "set-1", "Mine", Rules(), (), 1, (Pair(query, "B077"),), datetime(2026, 1, 1, tzinfo=UTC)
    )
    at = datetime(2026, 1, 2, tzinfo=UTC)
    label = JudgmentEvent("1", EventKind.GRADE, "set-1", "q1", "B077", "ada", 3, "", at, 1.0)
    file = write(Labels(made, [label], [label], {}), tmp_path / "a.opensearch", "opensearch")
    assert json.loads(file.read_text("utf-8")) == {
        "name": "Mine", "description": "1 query, rule: median", "type": "IMPORT_JUDGMENT",
        "judgmentRatings": [
            {"query": "red dress", "ratings": [{"docId": "B077", "rating": "3.0"}]}
        ],
    }  # fmt: skip


def test_words_that_end_like_a_weight_come_back_from_lines_for_learning_to_rank(
    tmp_path: Path,
) -> None:
    at = datetime(2026, 1, 2, tzinfo=UTC)
    pairs = tuple(Pair(JudgmentQuery(f"q{n}", f"beam 4*{n}"), "B077") for n in (1, 2))
    made = JudgmentSet("set-1", "Mine", Rules(), (), 1, pairs, at)
    labels = [
        JudgmentEvent(str(n), EventKind.GRADE, "set-1", *pair.key, "ada", n, "", at, 1.0)
        for n, pair in enumerate(pairs, 2)
    ]
    file = write(Labels(made, labels, labels, {}), tmp_path / "a.ltr.txt", "ltr")
    assert file.read_text("utf-8") == (
        "# qid:1: beam 4*1*1\n# qid:2: beam 4*2*1\n2 qid:1 # B077\n3 qid:2 # B077\n"
    )
    planned = plan(JudgmentQueue(open_database(tmp_path / "desk")), file, lambda ids: ids)
    assert [query.text for query in planned.judgment_set.queries] == ["beam 4*1", "beam 4*2"]


@pytest.mark.parametrize("format", LISTS)
def test_two_queries_of_the_same_words_are_not_mixed_in_a_list(tmp_path: Path, format: str) -> None:
    pairs = tuple(Pair(JudgmentQuery(name, "red dress"), "B077") for name in ("q1", "q2"))
    at = datetime(2026, 1, 2, tzinfo=UTC)
    made = JudgmentSet("set-1", "Mine", Rules(), (), 1, pairs, at)
    labels = [
        JudgmentEvent(str(n), EventKind.GRADE, "set-1", *pair.key, "ada", n, "", at, 1.0)
        for n, pair in enumerate(pairs)
    ]
    with pytest.raises(JudgmentError, match="“q1” and “q2” have the same words"):
        write(Labels(made, labels, labels, {}), tmp_path / "a.json", format)
    assert not (tmp_path / "a.json").exists()
    write(Labels(made, labels[:1], labels[:1], {}), tmp_path / "a.json", format)


def test_the_answer_of_opensearch_s_api_is_read(tmp_path: Path) -> None:
    ratings = [{"query": "lamp", "ratings": [{"docId": "l1", "rating": "2.000"}]}]
    hit = {"_id": "x", "_source": {"id": "x", "name": "n", "judgmentRatings": ratings}}
    file = tmp_path / "answer.json"
    file.write_text(json.dumps({"took": 1, "hits": {"total": 1, "hits": [hit]}}, indent=1))
    desk = JudgmentQueue(open_database(tmp_path / "desk"))
    planned = plan(desk, file, lambda ids: ids)
    assert [(e.item_id, e.grade) for e in planned.events] == [("l1", 2)]
    assert planned.rejected == ()
