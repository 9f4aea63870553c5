"""Write judgments as TREC qrels, CSV, JSON lines, Parquet, or a list for another tool."""

from __future__ import annotations

import csv
import functools
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from core.base.atomic import atomic_write, replacing
from core.base.csv_cells import cell
from core.domain import JudgmentEvent, JudgmentSet
from core.errors import JudgmentError, no_such
from core.judging import foreign_lists
from core.judging.aggregation import DEFAULT_RULE, aggregate, labels
from core.judging.sets import to_json
from core.judging.state import PairKey

FORMATS = ("qrels", "csv", "jsonl", "parquet", "opensearch", "rre", "ltr")
#: Their names for people.
TITLES = {"qrels": "TREC qrels", "csv": "CSV", "jsonl": "JSON lines", "parquet": "Parquet",
          "opensearch": "OpenSearch’s judgment list", "rre": "RRE’s ratings",
          "ltr": "lines for learning to rank"}  # fmt: skip
#: Formats that hold each person's labels with notes; others hold a grade a pair.
WHOLE = ("csv", "jsonl", "parquet")
#: Endings of their files, where they are not the format's name.
ENDINGS = {"opensearch": "opensearch.json", "rre": "rre.json", "ltr": "ltr.txt"}
#: File endings and the formats that they mean.
_FORMAT_OF = {"": "qrels", ".qrels": "qrels", ".txt": "qrels", ".csv": "csv", ".jsonl": "jsonl",
              ".ndjson": "jsonl", ".parquet": "parquet", ".json": "opensearch"}  # fmt: skip
#: Formats that can't hold the set; a second file beside them does (``facts_path``).
BESIDE = ("qrels", "csv")

#: One row per event: all that ``judgment_readers`` needs to read it again, and what people want.
COLUMNS = (
    "set_id", "query_id", "query_text", "query_item_id", "query_picture", "item_id", "annotator",
    "kind", "grade", "note", "at", "seconds", "event_id", "round", "page", "guidelines", "rule",
    "grade_by_rule", "adjudicated",
)  # fmt: skip

_INTEGERS = {"grade": pa.int8(), "round": pa.int8(), "guidelines": pa.int32()}
_NUMBERS = {"seconds": pa.float64(), "grade_by_rule": pa.float64()}
_PARQUET = pa.schema(
    [
        pa.field(name, _INTEGERS.get(name) or _NUMBERS.get(name)
                 or (pa.bool_() if name == "adjudicated" else pa.string()))
        for name in COLUMNS
    ]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Labels:
    """Data of an export.

    Attributes:
        judgment_set: The set.
        events: One row each: standing labels, or the whole history.
        current: Standing labels, which the rule is applied to.
        decisions: Adjudications.
        rule: How several annotators' grades become one (``core.judging.aggregation``).
    """

    judgment_set: JudgmentSet
    events: Sequence[JudgmentEvent]
    current: Sequence[JudgmentEvent]
    decisions: Mapping[PairKey, JudgmentEvent]
    rule: str = DEFAULT_RULE


def format_of(target: Path) -> str:
    """Return the format that the ending of a file's name means.

    Raises:
        JudgmentError: It means none.
    """
    format = _FORMAT_OF.get(target.suffix.lower())
    if format is None:
        endings = ", ".join(ending for ending in _FORMAT_OF if ending)
        raise JudgmentError(
            f"“{target.name}”: no labels are written with the ending “{target.suffix}”. Use "
            f"{endings}, or say the format with --format."
        )
    return format


def write(what: Labels, target: Path, format: str) -> Path:
    """Write a set's labels; a half-written file never stands under the target's name.

    ``csv``, ``jsonl`` and ``parquet`` hold every annotator's labels, each row with the rule and the
    grade that it gives the pair; the other formats hold one grade per pair. ``qrels`` and ``csv``
    get a second file beside them (``<target>.json``), which describes the rule and holds the set.

    Raises:
        JudgmentError: The format or rule is unknown, the file can't be written, or an id does not
            fit into the format.
    """
    lists = {"opensearch": foreign_lists.opensearch, "rre": foreign_lists.rre,
             "ltr": foreign_lists.rank_lines}  # fmt: skip
    writers: dict[str, Callable[[Labels, Path], None]] = {
        "qrels": _qrels, "csv": _csv, "jsonl": _jsonl, "parquet": _parquet,
        **{name: functools.partial(_listed, of) for name, of in lists.items()},
    }  # fmt: skip
    if format not in writers:
        raise no_such(JudgmentError, "format", format, FORMATS)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as partial:
            writers[format](what, partial)
        if format in BESIDE:
            facts = json.dumps(facts_of(what), ensure_ascii=False, indent=2)
            atomic_write(facts_path(target), facts)
    except OSError as error:
        raise JudgmentError(f"{target} can't be written: {error.strerror}.") from None
    return target


def sentence_on(target: Path, format: str, rule: str) -> str:
    """Return a sentence on a written file: its format, what it holds, and what is beside it."""
    holds = (
        "every label, with people and notes"
        if format in WHOLE
        else f"one grade a pair by the rule “{rule}”, no people and no notes"
    )
    beside = f" {facts_path(target).name} holds the set and the queries’ words: keep it beside."
    return f"{target.name} is {TITLES[format]}: {holds}.{beside if format in BESIDE else ''}"


def facts_path(target: Path) -> Path:
    """Return the path of the file beside qrels or CSV that describes them."""
    return target.with_name(target.name + ".json")


def facts_of(what: Labels) -> dict[str, Any]:
    """Return the description of an export: the set, the rule, the date."""
    return {
        "set_id": what.judgment_set.set_id,
        "name": what.judgment_set.name,
        "revision": what.judgment_set.revision,
        "rule": what.rule,
        "adjudicated": len(what.decisions),
        "scale": {grade.value: grade.name for grade in what.judgment_set.rules.scale},
        "queries": {q.query_id: q.text or q.item_id or q.picture
                    for q in what.judgment_set.queries},
        "annotators": sorted({event.annotator for event in what.current}),
        "exported": datetime.now(UTC).isoformat(timespec="seconds"),
        "judgment_set": {**to_json(what.judgment_set), **_identity(what)},
    }  # fmt: skip


def _qrels(what: Labels, target: Path) -> None:
    """Write ``query_id 0 item_id grade``, one line per judged pair."""
    lines = []
    for (query_id, item_id), grade in sorted(
        aggregate(what.current, what.rule, what.decisions).items()
    ):
        if any(character.isspace() for character in query_id + item_id):
            raise JudgmentError(
                f"The id “{item_id}” has a space in it, which TREC qrels can't hold; export CSV."
            )
        lines.append(f"{query_id} 0 {item_id} {grade}\n")
    target.write_text("".join(lines), encoding="utf-8")


def _csv(what: Labels, target: Path) -> None:
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for row in _rows(what):
            writer.writerow(cell(row[name]) for name in COLUMNS)


def _jsonl(what: Labels, target: Path) -> None:
    """Write the set on the first line, then an event per line."""
    with target.open("w", encoding="utf-8") as file:
        first = {"judgment_set": {**to_json(what.judgment_set), **_identity(what)}}
        for entry in (first, *_rows(what)):
            file.write(json.dumps(entry, ensure_ascii=False) + "\n")


def _parquet(what: Labels, target: Path) -> None:
    """Write an event per row; the set is in the schema's metadata."""
    made = json.dumps({**to_json(what.judgment_set), **_identity(what)}, ensure_ascii=False)
    schema = _PARQUET.with_metadata({"judgment_set": made})
    pq.write_table(pa.Table.from_pylist(list(_rows(what)), schema=schema), target)


def _listed(
    list_of: Callable[[str, foreign_lists.Words, foreign_lists.Grades, str], str],
    what: Labels, target: Path,
) -> None:  # fmt: skip
    words = {query.query_id: query.text for query in what.judgment_set.queries}
    grades = aggregate(what.current, what.rule, what.decisions)
    target.write_text(list_of(what.judgment_set.name, words, grades, what.rule), encoding="utf-8")


def _identity(what: Labels) -> dict[str, str]:
    made = what.judgment_set
    return {"set_id": made.set_id, "created": made.created.isoformat()}


def _rows(what: Labels) -> Iterable[dict[str, Any]]:
    queries = {query.query_id: query for query in what.judgment_set.queries}
    by_rule = labels(what.current, what.rule, what.decisions)
    for event in what.events:
        query = queries.get(event.query_id)
        label = by_rule.get((event.query_id, event.item_id))
        yield {
            "set_id": event.set_id,
            "query_id": event.query_id,
            "query_text": query.text if query else "",
            "query_item_id": query.item_id if query else "",
            "query_picture": query.picture if query else "",
            "item_id": event.item_id,
            "annotator": event.annotator,
            "kind": event.kind.value,
            "grade": event.grade,
            "note": event.note,
            "at": event.at.isoformat(),
            "seconds": event.seconds,
            "event_id": event.event_id,
            "round": event.round,
            "page": event.page,
            "guidelines": event.guidelines,
            "rule": what.rule,
            "grade_by_rule": label.grade if label else None,
            "adjudicated": label.adjudicated if label else None,
        }
