"""Events of visitors: searches, shown items, clicks, carts and purchases, checked at the door.

The names follow OpenSearch's User Behavior Insights and GA4's e-commerce events, which
``log_import`` translates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import pyarrow as pa

from core.errors import ExperimentError

#: Longest identifier and longest query that are stored, characters.
LONGEST_ID, LONGEST_QUERY = 200, 500
#: Clocks of browsers may be so far ahead.
_AHEAD = timedelta(days=1)
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LARGEST_AMOUNT = 1e12
_LARGEST_COUNT = 10_000_000


class BehaviourKind(StrEnum):
    """Kind of an event."""

    SEARCH = "search"
    EXPOSURE = "exposure"
    CLICK = "click"
    CART = "cart"
    PURCHASE = "purchase"
    VISIT = "visit"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that a visitor did or saw; texts are empty and numbers ``None`` if not known.

    Attributes:
        event_id: Id made where the event happened, so that an event that is sent twice counts once.
        time: When it happened, UTC.
        kind: ``search``, ``exposure`` (one shown item), ``click``, ``cart``, ``purchase``, or
            ``visit``: the unit was there (a page was opened, a variant assigned).
        unit: Random id of the visitor, or of whatever is assigned to variants.
        experiment: Id of the experiment; empty for behaviour outside of one.
        variant: Name of the variant; empty where only other events of the unit tell it.
        session: Id of the visit.
        query_id: Id of one answered search; its exposures and clicks have it, too.
        query: Words of the query.
        item_id: The item.
        position: Place of the item in the list, from 1.
        team: Variant that contributed the item, in interleaving.
        amount: Money of a purchase (all its pieces), in ``currency``.
        currency: Three letters (ISO 4217).
        quantity: Number of pieces.
        device: ``desktop``, ``mobile`` …
        query_class: Class of the query, such as ``head`` or ``tail``.
        product_type: Product type of the item or the query.
        results: Number of results of a search; 0 is a search without results.
        order_id: Id of the order; rows of one order share it.
    """

    event_id: str
    time: datetime
    kind: BehaviourKind
    unit: str
    experiment: str = ""
    variant: str = ""
    session: str = ""
    query_id: str = ""
    query: str = ""
    item_id: str = ""
    position: int | None = None
    team: str = ""
    amount: float | None = None
    currency: str = ""
    quantity: int | None = None
    device: str = ""
    query_class: str = ""
    product_type: str = ""
    results: int | None = None
    order_id: str = ""


#: Columns of the table of events, which are those of the frame that is analysed.
SCHEMA = pa.schema(
    [
        pa.field("event_id", pa.string(), nullable=False),
        pa.field("time", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("unit", pa.string(), nullable=False),
        pa.field("experiment", pa.string(), nullable=False),
        pa.field("variant", pa.string(), nullable=False),
        pa.field("session", pa.string(), nullable=False),
        pa.field("query_id", pa.string(), nullable=False),
        pa.field("query", pa.string(), nullable=False),
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("position", pa.int32()),
        pa.field("team", pa.string(), nullable=False),
        pa.field("amount", pa.float64()),
        pa.field("currency", pa.string(), nullable=False),
        pa.field("quantity", pa.int32()),
        pa.field("device", pa.string(), nullable=False),
        pa.field("query_class", pa.string(), nullable=False),
        pa.field("product_type", pa.string(), nullable=False),
        pa.field("results", pa.int32()),
        pa.field("order_id", pa.string(), nullable=False),
    ]
)
FIELDS = tuple(field.name for field in fields(Event))
_TEXTS = tuple(field.name for field in SCHEMA if field.type == pa.string())
_COUNTS = {"position": 1, "quantity": 0, "results": 0}


def event_of(values: Mapping[str, Any], now: datetime | None = None) -> Event:
    """Check one event that came from outside.

    Args:
        values: Field → value as JSON has it; ``time`` is ISO text, or seconds, milli- or
            microseconds since 1970. Names that are no field are an error.
        now: The present time, UTC.

    Raises:
        ExperimentError: A value is missing or wrong; the sentence names the field.
    """
    if not isinstance(values, Mapping):
        raise ExperimentError("An event is an object with names and values.")
    unknown = [str(name) for name in values if name not in FIELDS]
    if unknown:
        raise ExperimentError(f"An event has no field “{min(unknown)[:40]}”.")
    checked: dict[str, Any] = {name: text_of(name, values.get(name)) for name in _TEXTS}
    for name in ("event_id", "kind", "unit"):
        if not checked[name]:
            raise ExperimentError(f"An event needs “{name}”.")
    try:
        checked["kind"] = BehaviourKind(checked["kind"])
    except ValueError:
        raise ExperimentError(
            f"“{checked['kind'][:40]}” is no kind of event. There are: {', '.join(BehaviourKind)}."
        ) from None
    for name, least in _COUNTS.items():
        checked[name] = _count(name, values.get(name), least)
    checked["amount"] = _amount(values.get("amount"))
    checked["currency"] = _currency(checked["currency"])
    if values.get("time") in (None, ""):
        raise ExperimentError("An event needs “time”.")
    checked["time"] = time_of(values.get("time"), now)
    return Event(**checked)


def time_of(value: object, now: datetime | None = None) -> datetime:
    """Read a time: ISO text, or seconds, milli- or microseconds since 1970.

    Raises:
        ExperimentError: It is no time, before 2000, or more than a day ahead.
    """
    try:
        at = _read_time(value)
    except (ValueError, OverflowError, OSError):
        at = None
    if at is None:
        raise ExperimentError(f"“{str(value)[:40]}” is no time; write 2026-03-01T12:00:00Z.")
    if at < _EARLIEST or at > (now or datetime.now(UTC)) + _AHEAD:
        raise ExperimentError(f"The time {at:%Y-%m-%d %H:%M} is not one of the past years.")
    return at


def _read_time(value: object) -> datetime | None:
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    if isinstance(value, str):
        text = value.strip().removesuffix(" UTC")
        if not text.replace(".", "", 1).isdigit() or len(text) == 8:
            at = datetime.fromisoformat(text)
            return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        value = float(text)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    size = abs(float(value))
    factor = next((f for most, f in ((1e11, 1), (1e14, 1e3), (1e17, 1e6)) if size < most), 1e9)
    return datetime.fromtimestamp(float(value) / factor, UTC)


def text_of(name: str, value: object) -> str:
    """Check a text that came from outside; ``None`` is an empty one.

    Raises:
        ExperimentError: It is no text, too long, or has control characters.
    """
    if value is None:
        return ""
    if isinstance(value, bool | float) or not isinstance(value, str | int):
        raise ExperimentError(f"“{name}” is a text.")
    text = str(value)
    if name == "query":  # people paste anything; what matters of it is its beginning
        text = " ".join(text.split())[:LONGEST_QUERY]
    if len(text) > LONGEST_ID and name != "query":
        raise ExperimentError(f"“{name}” has more than {LONGEST_ID} characters.")
    if any(ord(letter) < 32 for letter in text) or not _is_unicode(text):
        raise ExperimentError(f"“{name}” has characters that are no text.")
    return text


def _is_unicode(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:  # half of a pair of surrogates
        return False
    return True


def _count(name: str, value: object, least: int) -> int | None:
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ExperimentError(f"“{name}” is a whole number.")
    if not least <= value <= _LARGEST_COUNT:
        raise ExperimentError(f"“{name}” is from {least} to {_LARGEST_COUNT:,}.")
    return value


def _amount(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ExperimentError("“amount” is a number.")
    if not -_LARGEST_AMOUNT <= value <= _LARGEST_AMOUNT:  # NaN is in no range
        raise ExperimentError("“amount” is not a sum of money.")
    return float(value)


def _currency(text: str) -> str:
    if text and not (len(text) == 3 and text.isascii() and text.isalpha()):
        raise ExperimentError("“currency” has three letters, such as EUR.")
    return text.upper()
