"""The judgment set that ships with the demo: queries, labels, decisions, and who gave them.

``set.toml`` has name, scale, guidelines and who graded; ``queries.csv`` a query per line (words, an
item, or a picture below ``pictures``); ``labels.csv`` a grade per line. Its pairs are the pool.
"""

from __future__ import annotations

import csv
import hashlib
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from core.domain import (
    EventKind,
    Grade,
    JudgmentEvent,
    JudgmentQuery,
    JudgmentSet,
    Pair,
    Rules,
)
from core.errors import CatalogError

#: Folder of the set, below the folder of shipped data.
FOLDER = Path("demo") / "judgments"
SET, QUERIES, LABELS, PICTURES = "set.toml", "queries.csv", "labels.csv", "pictures"


@dataclass(frozen=True, slots=True)
class ShippedSet:
    """A judgment set as it ships.

    Attributes:
        judgment_set: The set with its pairs.
        events: Labels and decisions.
        raters: Names of the graders and of who decides.
        about: Who graded, and how.
    """

    judgment_set: JudgmentSet
    events: tuple[JudgmentEvent, ...]
    raters: frozenset[str]
    about: str

    @property
    def item_ids(self) -> frozenset[str]:
        """Ids of all items that are judged or asked about."""
        asked = {query.item_id for query in self.judgment_set.queries} - {""}
        return frozenset(asked | {pair.item_id for pair in self.judgment_set.pairs})


def digest(folder: Path) -> str:
    """Return the hash of a set's files; empty where no set ships."""
    if not (folder / SET).is_file():
        return ""
    whole = hashlib.sha256()
    for path in (folder / SET, folder / QUERIES, folder / LABELS, *sorted(_pictures(folder))):
        whole.update(path.name.encode() + path.read_bytes() if path.is_file() else b"")
    return whole.hexdigest()


def shipped_id(folder: Path) -> str:
    """Return the id of a shipped set; empty where none ships."""
    try:
        return describe(folder)[0]
    except CatalogError:
        return ""


def describe(folder: Path) -> tuple[str, str]:
    """Return a shipped set's id and who graded it, and how.

    Raises:
        CatalogError: The file can't be read.
    """
    try:
        facts = _facts(folder)
        return str(facts["id"]), str(facts["about"]).strip()
    except (OSError, KeyError, ValueError) as error:
        raise _damaged(folder / SET, error) from None


def read(folder: Path, store_picture: Callable[[Path], str]) -> ShippedSet:
    """Read a shipped set.

    Args:
        folder: Its folder.
        store_picture: Stores a query's picture and returns its SHA-256.

    Raises:
        CatalogError: A file is missing or damaged.
        ImageError: A picture can't be used.
    """
    path = folder / SET
    try:
        facts = _facts(folder)
        about, judgment_set = str(facts["about"]).strip(), _set(facts)
        raters = dict.fromkeys(facts["graders"], EventKind.GRADE)
        raters[facts["decider"]] = EventKind.ADJUDICATE
        path = folder / QUERIES
        queries = {row["query_id"]: _query(row, folder, store_picture) for row in _rows(path)}
        path = folder / LABELS
        events = tuple(_event(row, facts, raters) for row in _rows(path))
        if not events:
            raise ValueError("it has no labels")
        pairs = {(e.query_id, e.item_id): Pair(queries[e.query_id], e.item_id) for e in events}
        judgment_set = replace(judgment_set, pairs=tuple(pairs.values()))
        return ShippedSet(judgment_set, events, frozenset(raters), about)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise _damaged(path, error) from None


def _damaged(path: Path, error: Exception) -> CatalogError:
    reason = f"there is no {error}" if isinstance(error, KeyError) else str(error)
    return CatalogError(
        f"The demo's judgment set is damaged: {path.name}: {reason}. Get the project's files again."
    )


def _facts(folder: Path) -> Mapping[str, Any]:
    return tomllib.loads((folder / SET).read_text("utf-8"))


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _pictures(folder: Path) -> list[Path]:
    return list((folder / PICTURES).glob("*.jpg"))


def _query(
    row: Mapping[str, str], folder: Path, store_picture: Callable[[Path], str]
) -> JudgmentQuery:
    picture = ""
    if row["picture"]:
        path = folder / row["picture"]
        if path not in _pictures(folder):
            raise ValueError(f"there is no picture {row['picture']}")
        picture = store_picture(path)
    return JudgmentQuery(row["query_id"], row["text"], row["item_id"], picture)


def _event(
    row: Mapping[str, str], facts: Mapping[str, Any], raters: Mapping[str, EventKind]
) -> JudgmentEvent:
    at: datetime = facts["graded"]
    parts = (facts["id"], row["query_id"], row["item_id"], row["grader"], row["grade"])
    # The same label of another version of the set has the same id, so it counts once.
    event_id = hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]
    return JudgmentEvent(
        event_id, raters[row["grader"]], facts["id"], row["query_id"], row["item_id"],
        row["grader"], int(row["grade"]), row["note"], at, 0.0, page="shipped",
    )  # fmt: skip


def _set(facts: Mapping[str, Any]) -> JudgmentSet:
    scale = tuple(Grade(grade["value"], grade["name"], grade["help"]) for grade in facts["scale"])
    rules = Rules(scale, facts["guidelines"].strip())
    return JudgmentSet(
        facts["id"], facts["name"], rules, tuple(facts["engines"]), facts["depth"], (),
        facts["created"],
    )  # fmt: skip
