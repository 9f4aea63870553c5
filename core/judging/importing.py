"""Import judgments from a file: plan which rows fit (``import_plan`` stores them)."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path
from typing import Any

from core.base.counts import counted, verb
from core.domain import (
    EventKind,
    JudgmentEvent,
    JudgmentQuery,
    JudgmentSet,
    Pair,
    Rules,
)
from core.errors import JudgmentError
from core.judging import judgment_readers
from core.judging.checks import checked
from core.judging.grade_maps import GradeMap, counted_labels
from core.judging.import_plan import ImportPlan, carry_out
from core.judging.import_scale import grade_map_of
from core.judging.judgment_queue import JudgmentQueue
from core.judging.judgment_rows import File, Rejected, Row
from core.judging.query_matching import QueryMatcher
from core.judging.query_texts import Beside, words_alone
from core.judging.set_words import bare_queries, with_words
from core.judging.sets import from_json
from core.judging.state import PairKey, SetState

__all__ = ["ImportPlan", "KnownItems", "carry_out", "plan"]

#: Returns which of these item ids the catalogue has.
KnownItems = Callable[[Sequence[str]], Collection[str]]
#: Grade, line and time of the first label for a pair, annotator and round.
_Given = dict[tuple[PairKey, str, int], tuple[int | None, int, datetime | None]]


@dataclass(slots=True)
class _Taken:
    """The rows of a file that fit, and those that don't."""

    rejected: list[Rejected]
    #: Ids of events that this import makes, of others' labels.
    made: set[str] = field(default_factory=set)
    events: list[JudgmentEvent] = field(default_factory=list)
    labels: Counter[str] = field(default_factory=Counter)
    #: Number of rows whose item the catalogue lacks.
    without_item: int = 0


def plan(
    desk: JudgmentQueue,
    source: Path,
    known_items: KnownItems,
    *,
    set_id: str | None = None,
    name: str = "",
    annotator: str = "imported",
    beside: Beside | None = None,
    mapping: str = "",
    people: Sequence[str] = (),
) -> ImportPlan:
    """Read a file and return the plan of its import; nothing is stored.

    Args:
        desk: The queue that the judgments would be stored in.
        source: The file; for an existing set also one with the words of its queries alone.
        known_items: Returns which item ids the catalogue has.
        set_id: Existing set to take them into; else the file's own set, else a new one.
        name: Name of a new set; default: the one in the file, else the file's name.
        annotator: Name of the annotator, if the file has none.
        beside: Content of the file that came with qrels or CSV: queries' words, or the set.
        mapping: How labels become grades (``grade_maps``); guessed if not given.
        people: The raters' columns of a table with a column per rater.

    Raises:
        JudgmentError: The file or the mapping can't be read, or there is no such set.
    """
    texts = words_alone(source)
    if texts is not None:
        file, beside = _words_file(source, set_id), Beside(texts)
    else:
        file, beside = judgment_readers.read(source, people), beside or Beside()
    if beside.definition and not file.definition:
        file = replace(file, definition=_definition(beside.definition, file, source))
    existing = {made.set_id for made in desk.sets.all()}
    base = _base(desk, file, source, set_id, name)
    is_new = base.set_id not in existing
    own_scale = bool(set_id or file.definition) or not is_new
    scale = grade_map_of(file, mapping, base.rules.scale if own_scale else None)
    if scale.grades:
        base = replace(base, rules=Rules(scale=scale.grades))
    words = beside.words()
    queries = QueryMatcher(with_words(base, words), words)
    pairs: dict[PairKey, Pair] = {pair.key: pair for pair in base.pairs}
    catalogue = set(known_items(sorted({row.item_id for row in file.rows})))
    taken = _take(file, base, queries, pairs, catalogue, scale.map, annotator)
    after = with_words(replace(base, pairs=tuple(pairs.values())), {**words, **queries.words})
    events, stored = taken.events, 0
    if not is_new:
        events, stored = desk.look(base.set_id, lambda state: _once_more(taken, state))
    return ImportPlan(
        format=file.format,
        judgment_set=after,
        is_new=is_new,
        events=tuple(events),
        new_pairs=len(pairs) - (0 if is_new else len(base.pairs)),
        rejected=tuple(sorted(taken.rejected, key=lambda row: row.line)),
        notes=(
            *file.notes,
            *scale.notes,
            *(() if is_new else _replaced(desk, events)),
            *_unknown_words(texts, base),
            *_without_item(taken.without_item),
        ),
        mapping=scale.map,
        labels=taken.labels,
        stored=stored,
        new_words=0 if is_new else len(bare_queries(base) - bare_queries(after)),
    )


def _take(
    file: File, base: JudgmentSet, queries: QueryMatcher, pairs: dict[PairKey, Pair],
    catalogue: Collection[str], grade_map: GradeMap | None, annotator: str,
) -> _Taken:  # fmt: skip
    """Return the events of the rows that fit; ``pairs`` grows by theirs."""
    taken = _Taken(list(file.rejected))
    labels = counted_labels(file.rows)
    grade_of = {label: grade_map.grade(label) for label in labels} if grade_map else {}
    grades, now = set(base.grades), datetime.now(UTC)
    given: _Given = {}
    for row in file.rows:
        query = queries.query_of(row)
        key = (query.query_id, row.item_id)
        if key not in pairs and row.item_id not in catalogue:
            reason = f"the catalogue has no item “{row.item_id[:60]}”"
            taken.without_item += 1
            taken.rejected.append(Rejected(row.line, reason))
            continue
        queries.add(query)
        try:
            event = _graded(row, base, query, grade_of, annotator, now)
            _check_contradiction(given, event, row)
            taken.events.append(checked(event, {key}, grades))
        except JudgmentError as error:
            taken.rejected.append(Rejected(row.line, str(error)))
            continue
        pairs.setdefault(key, Pair(query, row.item_id))
        if row.event is None:
            taken.labels[row.label] += 1
            taken.made.add(event.event_id)
    return taken


def _graded(
    row: Row, base: JudgmentSet, query: JudgmentQuery, grade_of: Mapping[str, int | None],
    annotator: str, now: datetime,
) -> JudgmentEvent:  # fmt: skip
    """Return the event of a row.

    Raises:
        JudgmentError: Its label becomes no grade of the set.
    """
    if row.event is None:
        grade = grade_of[row.label]
        if grade is None or grade not in base.grades:
            raise JudgmentError(_no_grade(row.label, grade, base))
        row = replace(row, grade=grade)
    return _event(row, base.set_id, query.query_id, annotator, now)


def _words_file(source: Path, set_id: str | None) -> File:
    """Return a file without labels, whose words are for an existing set."""
    if not set_id:
        raise JudgmentError(
            f"{source.name} holds queries with their words, and no labels. Give it together with "
            "the file of labels (--queries; on the page the second field), or choose the set that "
            "the words are for (--set)."
        )
    return File("a file of the queries' words", (), ())


def _unknown_words(texts: Mapping[str, str] | None, base: JudgmentSet) -> tuple[str, ...]:
    """Return a sentence where none of the words in a file are for a query of the set."""
    if texts is None or {query.query_id for query in base.queries} & set(texts):
        return ()
    shown = next(iter(texts), "")
    return (f"The set has no query of the file's ids, such as “{shown[:60]}”.",)


def _without_item(rows: int) -> tuple[str, ...]:
    """Return a sentence on the labels of items that the catalogue lacks, if there are any."""
    if not rows:
        return ()
    return (
        f"{counted(rows, 'label')} {verb(rows, 'is', 'are')} left out, because the catalogue lacks "
        f"{verb(rows, 'its item', 'their items')}: figures on the set do not count "
        f"{verb(rows, 'it', 'them')}. Index the missing items first, if they can be found.",
    )


def _once_more(taken: _Taken, state: SetState) -> tuple[list[JudgmentEvent], int]:
    """Return the events with other ids where an earlier import's label no longer stands.

    A label that was deleted or replaced since counts again when its file is taken in again. Also
    returns how many are stored already.
    """
    once_more, stored = [], 0
    for event in taken.events:
        if event.event_id in state:
            label = state.current(event.annotator).get((event.query_id, event.item_id))
            stands = label is not None and label.grade == event.grade
            if event.event_id in taken.made and not stands:
                event = replace(event, event_id=_digest(event.event_id, event.at.isoformat()))
            else:
                stored += 1
        once_more.append(event)
    return once_more, stored


def _definition(described: Mapping[str, Any], file: File, source: Path) -> Mapping[str, Any]:
    """Return the set that the file beside describes.

    Qrels lack who gave the labels, so theirs go into a set of their own, not beside people's.
    """
    if any(row.event for row in file.rows) or not file.rows:
        return described
    return {**described, "set_id": _new_set_id(str(described.get("name")), source), "revision": 1}


def _new_set_id(name: str, source: Path) -> str:
    digest = hashlib.sha256(f"{name}/{source.stem}".encode()).hexdigest()[:6]
    return f"import-{digest}"


def _no_grade(label: str, grade: int | None, base: JudgmentSet) -> str:
    if grade is None:
        return f"the mapping has no grade for the label “{label[:40]}”"
    scale = ", ".join(map(str, sorted(base.grades)))
    return f"the label “{label[:40]}” becomes {grade}, and the scale of the set is {scale}"


def _check_contradiction(given: _Given, event: JudgmentEvent, row: Row) -> None:
    """Check that a label can count beside the earlier ones of the file.

    A person may correct a label later; two different ones of the same moment contradict.

    Raises:
        JudgmentError: It can't.
    """
    if event.kind is not EventKind.GRADE:
        return
    key = ((event.query_id, event.item_id), event.annotator, event.round)
    at = row.event.at if row.event is not None else None
    grade, line, earlier_at = given.setdefault(key, (event.grade, row.line, at))
    if grade == event.grade or at != earlier_at:
        return
    raise JudgmentError(
        f"“{event.annotator[:40]}” gives this item the grade {event.grade} here and {grade} in "
        f"line {line} for the same query; the first counts"
    )


def _replaced(desk: JudgmentQueue, events: Sequence[JudgmentEvent]) -> list[str]:
    """Return a sentence for each annotator whose labels the events would change."""
    if not events:
        return []

    def changed(state: SetState) -> Counter[str]:
        earlier = [
            (event, state.current(event.annotator).get((event.query_id, event.item_id)))
            for event in events
        ]
        return Counter(
            event.annotator
            for event, label in earlier
            if label is not None and label.event_id != event.event_id and label.grade != event.grade
        )

    counts = desk.look(events[0].set_id, changed)
    return [
        f"{count} label{'s' * (count > 1)} that “{name}” gave would be replaced."
        for name, count in sorted(counts.items())
    ]


def _base(
    desk: JudgmentQueue, file: File, source: Path, set_id: str | None, name: str
) -> JudgmentSet:
    """Return the set that labels go into: named, the file's own, or a new empty one."""
    if set_id:
        return desk.sets.get(set_id)
    ids = {row.event.set_id for row in file.rows if row.event is not None}
    own = str(file.definition.get("set_id", "")) or (next(iter(ids)) if len(ids) == 1 else "")
    free = _unspent(desk, own or _new_set_id(name or source.stem[:60], source))
    present = desk.sets.find(free)
    if present is not None:
        return present
    if file.definition:
        try:
            created = datetime.fromisoformat(str(file.definition["created"]))
            return from_json(free, created, dict(file.definition))
        except (KeyError, TypeError, ValueError) as error:
            raise JudgmentError(f"{source.name} describes no judgment set: {error}.") from None
    return JudgmentSet(
        set_id=free,
        name=name or file.name or source.stem[:60],
        rules=Rules(),
        engines=(),
        depth=0,
        pairs=(),
        created=datetime.now(UTC),
    )


def _unspent(desk: JudgmentQueue, set_id: str) -> str:
    """Return the id, or with a number the first that is not that of a removed set."""
    names = chain([set_id], (f"{set_id}-{number}" for number in count(2)))
    return next(name for name in names if not desk.is_spent(name))


def _event(row: Row, set_id: str, query_id: str, annotator: str, now: datetime) -> JudgmentEvent:
    if row.event is not None:
        return replace(row.event, set_id=set_id, query_id=query_id)
    who = row.annotator or annotator
    # The same label from the same file again has the same id, so it counts once.
    event_id = _digest(set_id, query_id, row.item_id, who, str(row.grade))
    return JudgmentEvent(
        event_id, EventKind.GRADE, set_id, query_id, row.item_id, who, row.grade, _note(row), now,
        0.0, page="import",
    )  # fmt: skip


def _note(row: Row) -> str:
    """Return the file's note, and what it said where that is no grade itself: exports have both."""
    said = "" if row.label in ("", str(row.grade)) else f"label in the file: {row.label}"
    return " · ".join(part for part in (row.note.strip(), said) if part)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]
