"""Judgment sets: an append-only table of revisions; the latest revision of a set counts.

A revision is stored as the pairs that it adds to the one before, so adding to a large set costs as
little as adding to a small one. (Tables of earlier versions hold each revision whole.)
"""

from __future__ import annotations

import json
import logging
import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import lancedb
import pyarrow as pa

from core.base.locks import AT_ONCE, LockBusy, file_lock
from core.domain import ExamplePair, Grade, JudgmentQuery, JudgmentSet, Pair, Rules
from core.errors import no_set
from core.store.damage import reading
from core.store.database import (
    compact,
    ensure_table,
    folder_of,
    for_readers,
    fragments,
    one_of,
    read_by,
    read_rows,
    version_of,
)
from core.store.durable import Flusher
from core.store.row_decoding import decoded
from core.store.saving import saving

NAME = "judgment_sets"
#: Ids of sets with this beginning hold grades from visitors' clicks, not from people.
CLICK_SETS = "from-clicks-"

SCHEMA = pa.schema(
    [
        pa.field("set_id", pa.string(), nullable=False),
        pa.field("created", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("payload", pa.string(), nullable=False),
    ]
)

#: Number of fragments from which they are merged; each revision makes one.
_COMPACT_AFTER = 32
#: Number of revisions between two checks for compaction.
_LOOK_EVERY = 8

#: Most sets, and most pairs of them together, that are kept in memory: those that were used last.
MOST_SETS, MOST_PAIRS = 1_000, 400_000

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Kept:
    """A set as of a version of the table."""

    version: int
    judgment_set: JudgmentSet


class SetTable:
    """All judgment sets of one catalogue."""

    def __init__(self, database: lancedb.DBConnection) -> None:
        folder = folder_of(database)
        self._table = ensure_table(for_readers(database), NAME, SCHEMA)
        self._flusher = Flusher(folder / f"{NAME}.lance")
        self._compact_lock = folder / f".{NAME}.compact.lock"
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        #: Ids of all sets, as of a version of the table.
        self._ids: tuple[int, frozenset[str]] = (-1, frozenset())
        self._added = 0
        self._lock = threading.Lock()

    def store(self, judgment_set: JudgmentSet) -> None:
        """Store a new set or revision as it is (one writer of a set at a time).

        Raises:
            NotSaved: It could not be written.
        """
        set_id = judgment_set.set_id
        before = self.find(set_id)
        if before is not None and _follows(before, judgment_set):
            payload = _growth(judgment_set, before)
        else:
            payload = to_json(judgment_set)
        row = {
            "set_id": set_id,
            "created": judgment_set.created,
            "payload": json.dumps(payload, ensure_ascii=False),
        }
        with saving("The judgment set"):
            added = self._table.add(pa.Table.from_pylist([row], schema=SCHEMA))
            self._flusher.flush()
        self._wrote(judgment_set, int(added.version))
        self._added += 1
        if self._added % _LOOK_EVERY == 0:
            self._compact()

    def drop(self, set_id: str) -> None:
        """Remove all revisions of a set (one writer of a set at a time).

        Raises:
            NotSaved: It could not be written.
        """
        with saving("The judgment set"):
            self._table.delete(one_of("set_id", [set_id]).to_sql())
            self._flusher.flush()
        with self._lock:
            self._kept.pop(set_id, None)

    def all(self) -> tuple[JudgmentSet, ...]:
        """Return all sets, newest first; those from clicks last, so that they are no default."""
        with self._lock:
            version = version_of(self._table)
            kept = {set_id: self._at(set_id, version) for set_id in self._ids[1]}
            made = [judgment_set for judgment_set in kept.values() if judgment_set is not None]
            if self._ids[0] != version or len(made) < len(kept):
                made = self._read(version)
                self._ids = version, frozenset(each.set_id for each in made)
        newest = sorted(made, key=lambda each: each.created, reverse=True)
        return tuple(sorted(newest, key=lambda each: each.set_id.startswith(CLICK_SETS)))

    @property
    def version(self) -> int:
        """Version of the table: it changes with every set and revision of any process."""
        return version_of(self._table)

    def look_again(self) -> None:
        """See what other servers stored until now; in a bucket up to a second may be missing."""
        with reading(self._table):
            self._table.checkout_latest()  # type: ignore[no-untyped-call]

    def find(self, set_id: str) -> JudgmentSet | None:
        """Return one set, or ``None`` where there is no such set."""
        with self._lock:
            version = version_of(self._table)
            kept = self._at(set_id, version)
            if kept is not None or (self._ids[0] == version and set_id not in self._ids[1]):
                return kept
            return next(iter(self._read(version, [set_id])), None)

    def get(self, set_id: str) -> JudgmentSet:
        """Return one set.

        Raises:
            JudgmentError: There is no such set.
        """
        judgment_set = self.find(set_id)
        if judgment_set is None:
            self.look_again()
            judgment_set = self.find(set_id)
        if judgment_set is None:
            raise no_set(set_id)
        return judgment_set

    def several(self, set_ids: Collection[str]) -> dict[str, JudgmentSet]:
        """Return those of some sets that there are; what is not in memory is read together."""
        with self._lock:
            version = version_of(self._table)
            made = {set_id: self._at(set_id, version) for set_id in set_ids}
            missing = [set_id for set_id, kept in made.items() if kept is None]
            read = {each.set_id: each for each in self._read(version, missing)} if missing else {}
        either = ((set_id, kept or read.get(set_id)) for set_id, kept in made.items())
        return {set_id: judgment_set for set_id, judgment_set in either if judgment_set}

    def _at(self, set_id: str, version: int) -> JudgmentSet | None:
        """Return a set from memory if it is kept as of this version."""
        kept = self._kept.get(set_id)
        if kept is None or kept.version != version:
            return None
        self._kept.move_to_end(set_id)
        return kept.judgment_set

    def _read(self, version: int, set_ids: Collection[str] | None = None) -> list[JudgmentSet]:
        """Read some sets or all; keep those that memory has room for."""
        if set_ids is None:
            rows = read_rows(self._table, SCHEMA.names).to_pylist()
        else:
            rows = read_by(self._table, "set_id", set_ids, SCHEMA.names).to_pylist()
        revisions: dict[str, list[_Revision]] = {}
        for row, payload in decoded(rows, _payload, NAME, "set_id"):
            revisions.setdefault(row["set_id"], []).append((row["created"], payload))
        latest = [_joined(name, of_set) for name, of_set in revisions.items()]
        made = [judgment_set for _, judgment_set in decoded(latest, self._built, NAME, "set_id")]
        for judgment_set in made:
            self._keep(version, judgment_set)
        return made

    def _built(self, row: Mapping[str, Any]) -> JudgmentSet:
        """Build the set, unless this revision was built before."""
        set_id, payload = row["set_id"], row["payload"]
        before = self._kept.get(set_id)
        if before is not None and _version(before.judgment_set) == (
            row["created"], payload.get("revision", 1),
        ):  # fmt: skip
            return before.judgment_set
        return from_json(set_id, row["created"], payload)

    def _wrote(self, judgment_set: JudgmentSet, version: int) -> None:
        """Keep memory in step with this process's own revision, without reading it back."""
        with self._lock:
            self._keep(version, judgment_set)
            for kept in self._kept.values():
                if kept.version == version - 1:  # nobody else wrote in between
                    kept.version = version
            if self._ids[0] == version - 1:
                self._ids = version, self._ids[1] | {judgment_set.set_id}

    def _keep(self, version: int, judgment_set: JudgmentSet) -> None:
        """Keep a set, and forget those that were used longest ago where there are too many."""
        self._kept[judgment_set.set_id] = _Kept(version, judgment_set)
        self._kept.move_to_end(judgment_set.set_id)
        pairs = sum(len(kept.judgment_set.pairs) for kept in self._kept.values())
        while len(self._kept) > 1 and (len(self._kept) > MOST_SETS or pairs > MOST_PAIRS):
            _, dropped = self._kept.popitem(last=False)
            pairs -= len(dropped.judgment_set.pairs)

    def _compact(self) -> None:
        """Merge small fragments where there are many; one process does it, the others go on."""
        try:
            if fragments(self._table) >= _COMPACT_AFTER:
                with file_lock(self._compact_lock, AT_ONCE):
                    compact(self._table)
        except (RuntimeError, OSError, LockBusy):
            _log.info("The judgment sets are not compacted now", exc_info=True)


_Version = tuple[datetime, int]
#: Time of a set's creation, and a revision's payload.
_Revision = tuple[datetime, dict[str, Any]]


def _version(judgment_set: JudgmentSet) -> _Version:
    """Return what differs between revisions, and from an earlier set of the id."""
    return judgment_set.created, judgment_set.revision


def _payload(row: Mapping[str, Any]) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads(row["payload"])
    if not (
        {"queries", "pairs"} <= payload.keys() or {"more_queries", "more_pairs"} <= payload.keys()
    ):
        raise ValueError("it has no pairs")
    return payload


def _follows(before: JudgmentSet, after: JudgmentSet) -> bool:
    """Tell whether a revision starts with the pairs of the one before."""
    same = after.pairs[: len(before.pairs)] == before.pairs
    return same and after.revision == before.revision + 1


def _growth(judgment_set: JudgmentSet, before: JudgmentSet) -> dict[str, Any]:
    """Return the payload with only the queries and pairs that the revision adds."""
    added = judgment_set.pairs[len(before.pairs) :]
    stored_ids = {query.query_id for query in before.queries}
    asked = {pair.query.query_id: pair.query for pair in added}
    return _without_pairs(judgment_set) | {
        "more_queries": [_fields(q) for q in asked.values() if q.query_id not in stored_ids],
        "more_pairs": [list(pair.key) for pair in added],
    }


def _joined(set_id: str, revisions: Iterable[_Revision]) -> dict[str, Any]:
    """Return the row of the latest revision with all its pairs.

    Pairs of an unreadable earlier revision are missing.
    """
    ordered = sorted(revisions, key=lambda revision: revision[1].get("revision", 1))
    start = max((n for n, (_, payload) in enumerate(ordered) if "pairs" in payload), default=0)
    queries: list[Any] = []
    pairs: list[Any] = []
    for _, payload in ordered[start:]:
        queries += payload["queries"] if "queries" in payload else payload["more_queries"]
        pairs += payload["pairs"] if "pairs" in payload else payload["more_pairs"]
    created, latest = ordered[-1]
    asked = {query[0] for query in queries}
    kept = [pair for pair in pairs if pair[0] in asked]
    return {
        "set_id": set_id,
        "created": created,
        "payload": latest | {"queries": queries, "pairs": kept},
    }


def to_json(judgment_set: JudgmentSet) -> dict[str, Any]:
    """Return a set as plain values (without its id and date)."""
    return _without_pairs(judgment_set) | {
        "queries": [_fields(query) for query in judgment_set.queries],
        "pairs": [list(pair.key) for pair in judgment_set.pairs],
    }


def _fields(query: JudgmentQuery) -> list[str]:
    return [query.query_id, query.text, query.item_id, query.picture]


def _without_pairs(judgment_set: JudgmentSet) -> dict[str, Any]:
    rules = judgment_set.rules
    return {
        "name": judgment_set.name,
        "revision": judgment_set.revision,
        "guidelines": rules.guidelines,
        "scale": [[grade.value, grade.name, grade.help] for grade in rules.scale],
        "examples": [[e.query, e.item_id, e.grade, e.why] for e in rules.examples],
        "overlap": rules.overlap,
        "calibration": sorted(map(list, rules.calibration)),
        "repeats": rules.repeats,
        "engines": judgment_set.engines,
        "depth": judgment_set.depth,
    }


def from_json(set_id: str, created: datetime, payload: Mapping[str, Any]) -> JudgmentSet:
    """Build a set from the values of ``to_json``, or from a first version's payload."""
    queries = {entry[0]: JudgmentQuery(*entry) for entry in payload["queries"]}
    scale = tuple(Grade(*entry) for entry in payload.get("scale", ()))
    rules = Rules(
        scale=scale or Rules().scale,
        guidelines=payload["guidelines"],
        examples=tuple(ExamplePair(*entry) for entry in payload.get("examples", ())),
        overlap=payload.get("overlap", 0),
        calibration=frozenset((query, item) for query, item in payload.get("calibration", ())),
        repeats=payload.get("repeats", 0.0),
    )
    return JudgmentSet(
        set_id=set_id,
        name=payload["name"],
        rules=rules,
        engines=tuple(payload["engines"]),
        depth=payload["depth"],
        pairs=tuple(Pair(queries[query_id], item_id) for query_id, item_id in payload["pairs"]),
        created=created,
        revision=payload.get("revision", 1),
    )
