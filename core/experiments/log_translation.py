"""Translate one flattened row of a foreign log into events."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b

from core.errors import ExperimentError
from core.experiments.behaviour_events import LONGEST_ID, Event, event_of
from core.experiments.log_columns import LogColumns, is_robot, kind_of, log_columns

_TEXTS = (
    "unit", "experiment", "variant", "session", "query_id", "query", "item_id", "team", "device",
    "query_class", "product_type", "order_id",
)  # fmt: skip
_FLAGS = (
    ("shown", "exposure"),
    ("clicked", "click"),
    ("carted", "cart"),
    ("purchased", "purchase"),
)
_YES = frozenset({"1", "1.0", "true", "yes", "y", "t", "ja", "x"})
_NO_NUMBER = re.compile(r"[^\d.,\-+eE]")
#: Kinds that each of a row's items has an event of.
_PER_ITEM = frozenset({"exposure", "click", "cart"})
_BULK = frozenset({"index", "create"})
ROBOT, UNKNOWN, FAULTY = "robot by its browser's name", "unknown event name", "faulty value"


class LeftOutRow(Exception):
    """A row gives no event; the text is the reason, without its value."""


@dataclass
class Translator:
    """Translates rows; columns are found once per kind of row.

    Attributes:
        given: Field → column, as a person says it.
        has_clicks: Whether the log has clicks besides opened product pages.
        now: The present time.
        kinds: Name of an event in the log → kind; filled while rows are read.
        used: Field → column, of all rows so far.
        unused: Columns that were no field.
    """

    given: Mapping[str, str]
    has_clicks: bool
    now: datetime
    kinds: dict[str, str] = field(default_factory=dict)
    names: Counter[str] = field(default_factory=Counter)
    used: dict[str, str] = field(default_factory=dict)
    unused: dict[str, None] = field(default_factory=dict)
    _shapes: dict[tuple[str, ...], LogColumns] = field(default_factory=dict)

    def events(
        self, number: int, flat: Mapping[str, object], items: list[dict[str, object]]
    ) -> Iterator[Event]:
        """Yield the events of a row.

        Args:
            number: Number of the row in its file; part of the id of an event without one.
            flat: Its names and values.
            items: Its items.

        Raises:
            LeftOutRow: It gives none.
            ExperimentError: A value is faulty.
        """
        if not flat or (len(flat) <= 2 and all(n.split(".")[0] in _BULK for n in flat)):
            raise LeftOutRow("line of a bulk file that names an index")
        columns = self._columns(flat)
        cells = {name: flat[column] for name, column in columns.fields.items()}
        if is_robot(str(cells.get("user_agent", ""))):
            raise LeftOutRow(ROBOT)
        base = {name: _text(cells.get(name)) for name in _TEXTS}
        base["currency"] = _currency(cells)
        base_id = _text(cells.get("event_id")) or _id_of(number, flat)
        values: dict[str, object] = {**base, "time": cells.get("time")}
        values["position"] = _count(cells.get("position"), 1)
        values["quantity"] = _count(cells.get("quantity"), 0)
        kinds = self._kinds_of(cells)
        values["results"] = _count(cells.get("results"), 0) if "search" in kinds else None
        for kind in kinds:
            suffix = "" if len(kinds) == 1 else f"-{kind}"
            yield from self._of_kind(kind, {**values, "event_id": base_id + suffix}, cells, items)

    def _of_kind(
        self,
        kind: str,
        values: dict[str, object],
        cells: Mapping[str, object],
        items: list[dict[str, object]],
    ) -> Iterator[Event]:
        sign = -1.0 if kind == "refund" else 1.0
        kind = "purchase" if kind == "refund" else kind
        values["kind"] = kind
        if kind == "purchase":
            amount = _amount(cells, items)
            values["amount"] = (
                None if amount is None else sign * abs(amount) if sign < 0 else amount
            )
        if not items or kind not in _PER_ITEM:
            yield event_of(values, self.now)
            return
        for place, item in enumerate(items[: 1 if kind == "click" else None], 1):
            fields = log_columns(item, {}).fields
            inner = {name: item[column] for name, column in fields.items()}
            own = {
                "item_id": _text(inner.get("item_id")) or values["item_id"],
                "position": _count(inner.get("position"), 1) or values["position"] or place,
                "quantity": _count(inner.get("quantity"), 0) or values["quantity"],
                "product_type": _text(inner.get("product_type")) or values["product_type"],
                "event_id": f"{values['event_id']}-{place}",
            }
            yield event_of({**values, **own}, self.now)

    def _kinds_of(self, cells: Mapping[str, object]) -> list[str]:
        """Return the kinds of a row: by its event's name, or by columns with 0 and 1."""
        name = _text(cells.get("kind"))
        if name:
            return [self._kind_of(name)]
        flags = [kind for column, kind in _FLAGS if _is_yes(cells.get(column))]
        if any(column in cells for column, _ in _FLAGS):
            flagged = "shown" in cells and not _is_yes(cells["shown"])
            shown = (
                [] if flagged or "exposure" in flags or not cells.get("item_id") else ["exposure"]
            )
            kinds = shown + flags
            if not kinds:
                raise LeftOutRow("nothing was shown, clicked or bought")
            return kinds
        if cells.get("query") or cells.get("results") is not None:
            return ["search"]  # as in a file of UBI's queries
        raise LeftOutRow("no column says what happened")

    def _kind_of(self, name: str) -> str:
        self.names[name[:80]] += 1
        kind = self.kinds.get(name)
        if kind is None:
            kind = kind_of(name)
            if kind == "view":
                kind = "exposure" if self.has_clicks else "click"
            elif kind == "detail":
                kind = "" if self.has_clicks else "click"
            if len(self.kinds) < 1000:
                self.kinds[name] = kind
        if not kind:
            raise LeftOutRow(UNKNOWN)
        return kind

    def _columns(self, flat: Mapping[str, object]) -> LogColumns:
        shape = tuple(flat)
        columns = self._shapes.get(shape)
        if columns is None:
            columns = log_columns(shape, self.given)
            if len(self._shapes) < 5000:
                self._shapes[shape] = columns
            self.used.update(columns.fields)
            self.unused.update(dict.fromkeys(columns.unused[:50]))
        return columns


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        if value != value:  # NaN of a data frame
            return ""
        value = int(value) if value.is_integer() else value
    text = str(value).strip()
    return "" if text.lower() in ("nan", "none", "null", "(not set)") else text


def _is_yes(value: object) -> bool:
    text = _text(value).lower()
    return text in _YES or (text.isdigit() and int(text) > 0)


def _count(value: object, least: int) -> int | None:
    """Return a whole number; a place 0, or what is no number, is not known."""
    number = _number(value)
    return int(number) if number is not None and number >= least else None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return float(value) if value == value else None
    text = _NO_NUMBER.sub("", str(value))
    if "," in text:  # 1,234.50 or 1.234,50 or 12,50
        whole = text.rfind(",") < text.rfind(".") or re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+", text)
        text = text.replace(",", "") if whole else text.replace(".", "").replace(",", ".")
    try:
        return float(text)
    except ValueError:
        return None


def _amount(cells: Mapping[str, object], items: list[dict[str, object]]) -> float | None:
    """Return the money of a purchase: its sum, else price times pieces of it or of its items."""
    amount = _number(cells.get("amount"))
    if amount is not None:
        return amount
    prices = [cells] if "price" in cells else []
    for item in items:
        fields = log_columns(item, {}).fields
        prices.append({name: item[column] for name, column in fields.items()})
    sums = [
        (_number(p.get("price")) or 0.0) * (_number(p.get("quantity")) or 1.0)
        if "price" in p
        else (_number(p.get("amount")) or 0.0)
        for p in prices
    ]
    return sum(sums) if sums else None


def _currency(cells: Mapping[str, object]) -> str:
    text = _text(cells.get("currency")).upper()
    return text if len(text) == 3 and text.isascii() and text.isalpha() else ""


def _id_of(number: int, flat: Mapping[str, object]) -> str:
    """Return an id made of a row's place and content: the same file gives the same ids."""
    digest = blake2b(repr((number, list(flat.items()))).encode("utf-8", "replace"), digest_size=16)
    return digest.hexdigest()[:LONGEST_ID]


def reason_of(error: Exception) -> str:
    """Return why a row was left out, for a count of reasons."""
    return str(error) if isinstance(error, LeftOutRow | ExperimentError) else FAULTY
