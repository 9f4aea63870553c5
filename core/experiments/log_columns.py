"""Map the columns and event names of foreign logs, by ``data/vocabularies/events.toml``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_TABLE = Path(__file__).parents[2] / "data" / "vocabularies" / "events.toml"
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NO_WORD = re.compile(r"[\W_]+")
_LONGEST = 200
#: Names that mean something else where they are nested: ``traffic_source.name``.
_TOO_WIDE = frozenset(
    {"id", "type", "name", "value", "category", "key", "date", "group", "index", "count", "total"}
    | {"action", "day", "at", "order", "test", "product", "item", "device", "user", "event", "cart"}
)


@dataclass(frozen=True, slots=True)
class LogColumns:
    """Which column of a log is which field.

    Attributes:
        fields: Field → column.
        unused: Columns that are no field.
    """

    fields: Mapping[str, str]
    unused: tuple[str, ...]


def normalised(name: str) -> str:
    """Return a name in small letters with single underscores: ``eventName`` → ``event_name``."""
    return _NO_WORD.sub("_", _CAMEL.sub("_", name[:_LONGEST])).strip("_").lower()


def log_columns(names: Iterable[str], given: Mapping[str, str] | None = None) -> LogColumns:
    """Find the fields among column names; of several columns for a field the most telling one.

    Args:
        names: The columns; nested ones with dots.
        given: Field → column, as a person says it.
    """
    columns = list(dict.fromkeys(names))
    chosen = {field: column for field, column in (given or {}).items() if column in columns}
    ranked: list[tuple[int, int, str, str]] = []
    for order, column in enumerate(columns):
        for nesting, key in enumerate(_readings(column)):
            for field, rank in _names("fields").get(key, ()):
                ranked.append((rank + 100 * nesting, order, field, column))
    used = set(chosen.values())
    for _, _, field, column in sorted(ranked):
        if field not in chosen and column not in used:
            chosen[field] = column
            used.add(column)
    return LogColumns(chosen, tuple(column for column in columns if column not in used))


def kind_of(name: str) -> str:
    """Return the kind that an event's name means, ``detail`` and ``view`` too; empty if none."""
    return next((kind for kind, _ in _names("kinds").get(normalised(name), ())), "")


def is_baseline(name: str) -> bool:
    """Tell whether a variant's name says that it is the baseline: ``control``."""
    words = set(normalised(name).split("_"))
    return bool(words & (_words("baseline") - {"a"})) or normalised(name) == "a"


def is_robot(user_agent: str) -> bool:
    """Tell whether a browser's name is that of a robot."""
    text = user_agent.lower()
    return any(word in text for word in _words("robots"))


def _readings(column: str) -> tuple[str, ...]:
    """Return the keys to look up: all nested names, the last two, the last one."""
    parts = [normalised(part) for part in column.split(".") if normalised(part)]
    keys = ["_".join(parts)]
    if len(parts) > 1:
        keys.append("_".join(parts[-2:]))
        if parts[-1] not in _TOO_WIDE:
            keys.append(parts[-1])
    return tuple(dict.fromkeys(keys))


@cache
def _table() -> Mapping[str, Mapping[str, str]]:
    table: dict[str, dict[str, str]] = tomllib.loads(_TABLE.read_text(encoding="utf-8"))
    return table


@cache
def _names(section: str) -> Mapping[str, tuple[tuple[str, int], ...]]:
    """Return name → (field, how telling the name is; 0 is most) for all fields of a section."""
    names: dict[str, tuple[tuple[str, int], ...]] = {}
    for field, text in _table()[section].items():
        for rank, name in enumerate(text.split()):
            names[name] = (*names.get(name, ()), (field, rank))
    return names


@cache
def _words(name: str) -> frozenset[str]:
    return frozenset(_table()["words"][name].split())
