"""Import judgments from a file: first plan which rows fit, then store them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.domain import (
    EventKind,
    JudgmentEvent,
    JudgmentSet,
    Pair,
    Rules,
)
from core.errors import JudgmentError
from core.judging import judgment_readers
from core.judging.checks import checked
from core.judging.grade_maps import GradeMap, counted_labels, guessed_map, read_map, scale_for
from core.judging.judgment_queue import JudgmentQueue
from core.judging.judgment_rows import File, Rejected, Row
from core.judging.query_matching import QueryMatcher
from core.judging.query_texts import Beside
from core.judging.sets import from_json
from core.judging.state import PairKey, SetState

#: Returns which of these item ids the catalogue has.
KnownItems = Callable[[Sequence[str]], Collection[str]]


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """The result that an import would have.

    Attributes:
        format: The detected format of the file.
        judgment_set: The set as it would be afterwards.
        is_new: Whether the set would be new.
        events: Events that fit.
        new_pairs: Pairs that would be added to the set.
        rejected: Rows that don't fit, with reasons.
        notes: Sentences on what was guessed.
        mapping: How the file's labels became grades; ``None`` for our own files.
        labels: Number of rows per label of the file.
    """

    format: str
    judgment_set: JudgmentSet
    is_new: bool
    events: tuple[JudgmentEvent, ...]
    new_pairs: int
    rejected: tuple[Rejected, ...]
    notes: tuple[str, ...] = ()
    mapping: GradeMap | None = None
    labels: Mapping[str, int] = field(default_factory=dict)

    def labels_of(self, grade: int | None, most: int = 6) -> list[str]:
        """Return some of the file's labels that become a grade, the most frequent first."""
        ordered = sorted(self.labels, key=lambda label: (-self.labels[label], label))
        mapping = self.mapping or GradeMap(())
        of_grade = [label[:40] for label in ordered if mapping.grade(label) == grade]
        return of_grade if len(of_grade) <= most else [*of_grade[:most], "…"]

    def by_grade(self) -> dict[int | None, int]:
        """Return how many of the file's labels become each grade; ``None`` for no grade."""
        counts: Counter[int | None] = Counter()
        for label, number in self.labels.items():
            counts[self.mapping.grade(label) if self.mapping else None] += number
        return dict(sorted(counts.items(), key=lambda c: (c[0] is None, c[0] or 0)))


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
        source: The file.
        known_items: Returns which item ids the catalogue has.
        set_id: Existing set to take them into; else the file's own set, else a new one.
        name: Name of a new set.
        annotator: Name of the annotator, if the file has none.
        beside: Content of the file that came with qrels or CSV: queries' words, or the set.
        mapping: How labels become grades (``grade_maps``); guessed if not given.
        people: The raters' columns of a table with a column per rater.

    Raises:
        JudgmentError: The file or the mapping can't be read, or there is no such set.
    """
    file, beside = judgment_readers.read(source, people), beside or Beside()
    if beside.definition and not file.definition:
        file = replace(file, definition=_definition(beside.definition, file, source))
    rejected = list(file.rejected)
    labels = counted_labels(file.rows)
    existing = {made.set_id for made in desk.sets.all()}
    base = _base(desk, file, source, set_id, name)
    own_scale = bool(set_id or file.definition) or base.set_id in existing
    grade_map = _grade_map(mapping, labels, base.grades if own_scale else None)
    if grade_map is not None and not own_scale:
        base = replace(base, rules=Rules(scale=scale_for(grade_map, labels)))
    grade_of = {label: grade_map.grade(label) for label in labels} if grade_map else {}
    queries = QueryMatcher(base, beside.texts)
    pairs: dict[PairKey, Pair] = {pair.key: pair for pair in base.pairs}
    before = len(pairs)
    catalogue = set(known_items(sorted({row.item_id for row in file.rows})))
    grades, now = set(base.grades), datetime.now(UTC)
    events = []
    given: dict[tuple[PairKey, str, int], tuple[int | None, int, datetime | None]] = {}
    for row in file.rows:
        query = queries.query_of(row)
        key = (query.query_id, row.item_id)
        if key not in pairs and row.item_id not in catalogue:
            rejected.append(Rejected(row.line, f"the catalogue has no item “{row.item_id[:60]}”"))
            continue
        queries.add(query)
        if row.event is None:
            grade = grade_of[row.label]
            if grade is None or grade not in grades:
                rejected.append(Rejected(row.line, _no_grade(row.label, grade, base)))
                continue
            row = replace(row, grade=grade)
        event = _event(row, base.set_id, query.query_id, annotator, now)
        contradiction = _contradiction(given, event, row)
        if contradiction:
            rejected.append(Rejected(row.line, contradiction))
            continue
        try:
            events.append(checked(event, {key}, grades))
        except JudgmentError as error:
            rejected.append(Rejected(row.line, str(error)))
            continue
        pairs.setdefault(key, Pair(query, row.item_id))
    return ImportPlan(
        format=file.format,
        judgment_set=replace(base, pairs=tuple(pairs.values())),
        is_new=base.set_id not in existing,
        events=tuple(events),
        new_pairs=len(pairs) - before,
        rejected=tuple(sorted(rejected, key=lambda row: row.line)),
        notes=(
            *file.notes,
            *(grade_map.notes if grade_map else ()),
            *(_replaced(desk, events) if base.set_id in existing else ()),
        ),
        mapping=grade_map,
        labels=labels,
    )


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


def _grade_map(
    written: str, labels: Mapping[str, int], grades: Mapping[int, str] | None
) -> GradeMap | None:
    """Return the mapping that a person wrote, else the one that fits; none for our own files."""
    if not labels:
        return None
    return read_map(written) if written.strip() else guessed_map(labels, grades)


def _no_grade(label: str, grade: int | None, base: JudgmentSet) -> str:
    if grade is None:
        return f"the mapping has no grade for the label “{label[:40]}”"
    scale = ", ".join(map(str, sorted(base.grades)))
    return f"the label “{label[:40]}” becomes {grade}, and the scale of the set is {scale}"


def _contradiction(
    given: dict[tuple[PairKey, str, int], tuple[int | None, int, datetime | None]],
    event: JudgmentEvent,
    row: Row,
) -> str:
    """Return why a label can't count beside an earlier one of the file; empty if it can.

    A person may correct a label later; two different ones of the same moment contradict.
    """
    if event.kind is not EventKind.GRADE:
        return ""
    key = ((event.query_id, event.item_id), event.annotator, event.round)
    at = row.event.at if row.event is not None else None
    grade, line, earlier_at = given.setdefault(key, (event.grade, row.line, at))
    if grade == event.grade or at != earlier_at:
        return ""
    return (
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


def carry_out(desk: JudgmentQueue, made: ImportPlan) -> int:
    """Store the events of a plan and return the number of new ones.

    Raises:
        JudgmentError: It can't be stored, or nothing fits.
    """
    if not made.events and not made.judgment_set.pairs:
        raise JudgmentError("Nothing in this file fits, so nothing was taken in.")
    if made.is_new:
        desk.sets.add(made.judgment_set)
    elif made.new_pairs:
        desk.sets.extend(made.judgment_set.set_id, made.judgment_set.pairs)
    return desk.take_in(made.judgment_set.set_id, made.events)


def _base(
    desk: JudgmentQueue, file: File, source: Path, set_id: str | None, name: str
) -> JudgmentSet:
    """Return the set that labels go into: named, the file's own, or a new empty one."""
    if set_id:
        return desk.sets.get(set_id)
    ids = {row.event.set_id for row in file.rows if row.event is not None}
    own = str(file.definition.get("set_id", "")) or (next(iter(ids)) if len(ids) == 1 else "")
    existing = {made.set_id: made for made in desk.sets.all()}
    if own in existing:
        return existing[own]
    if file.definition:
        try:
            created = datetime.fromisoformat(str(file.definition["created"]))
            return from_json(own, created, dict(file.definition))
        except (KeyError, TypeError, ValueError) as error:
            raise JudgmentError(f"{source.name} describes no judgment set: {error}.") from None
    title = name or source.stem[:60]
    return JudgmentSet(
        set_id=own or _new_set_id(title, source),
        name=title,
        rules=Rules(),
        engines=(),
        depth=0,
        pairs=(),
        created=datetime.now(UTC),
    )


def _event(row: Row, set_id: str, query_id: str, annotator: str, now: datetime) -> JudgmentEvent:
    if row.event is not None:
        return replace(row.event, set_id=set_id, query_id=query_id)
    who = row.annotator or annotator
    parts = (set_id, query_id, row.item_id, who, str(row.grade))
    # What the file said is kept where it is no grade itself: exports give it back.
    note = "" if row.label in ("", str(row.grade)) else f"label in the file: {row.label}"
    # The same label from the same file again has the same id, so it counts once.
    event_id = hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]
    return JudgmentEvent(
        event_id, EventKind.GRADE, set_id, query_id, row.item_id, who, row.grade, note, now, 0.0,
        page="import",
    )  # fmt: skip
