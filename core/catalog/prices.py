"""Prices as numbers, with `price-parser`; the text in the file is kept too."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache

from price_parser import Price

from core.catalog.cells import price
from core.catalog.column_names import currency_of
from core.catalog.columns import ColumnMap
from core.catalog.text import clean
from core.domain import Variant

_LONGEST = 60
_DENIED = {"no", "n", "false", "0", "off", "nein", "non", "nee", "нет", "いいえ", "否"}
_CURRENCY = re.compile(r"[A-Za-z]{3}|[^\w\s]{1,3}|\w{1,4}\.?")
_NUMBER = re.compile(r"\d")
#: A number that is read in the same way everywhere.
_PLAIN = re.compile(r"\d{1,9}(?:\.\d{1,2})?", re.ASCII)


@lru_cache(maxsize=1 << 16)  # a large catalogue has the same prices many times
def amount(text: str) -> float | None:
    """Return the number in a price, or `None` where there is none: "1.299,00 €" gives 1299.0."""
    if _PLAIN.fullmatch(text):
        return float(text)
    if not _NUMBER.search(text):
        return None
    number = Price.fromstring(_western(text)).amount
    return None if number is None else float(number)


def _western(text: str) -> str:
    """Return a text with the digits 0 to 9 for those of other scripts."""
    if text.isascii():
        return text
    marks = {"٫": ".", "٬": ","}
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else marks.get(c, c) for c in text)


def prices_of(price: str, variants: Iterable[Variant]) -> tuple[float, ...]:
    """Return the prices at which a product is sold, lowest first: those of its variants, if any."""
    numbers = {n for variant in variants if (n := amount(variant.price)) is not None}
    own = amount(price)
    return tuple(sorted(numbers or ({own} if own is not None else ())))


def currency(text: str) -> str:
    """Return the currency as it is written in a price ("€", "USD"), or an empty text."""
    return Price.fromstring(text).currency or "" if text else ""


def price_of(row: Mapping[str, object], columns: ColumnMap) -> str:
    """Return a row's price as written: the sale price where it is not higher, else the regular one.

    A bare number gets the currency of its own column.
    """
    prices = [(_text(row, column), column) for column in columns.of("price")]
    priced = [pair for pair in prices if amount(pair[0])] or [pair for pair in prices if pair[0]]
    regular, source = priced[0] if priced else ("", "")
    limit = amount(regular)
    for column in columns.sale_prices if _is_on_sale(row, columns) else ():
        text = _text(row, column)
        number = amount(text)
        if number and (not limit or number <= limit):
            regular, source = text, column
            break
    name = clean(row.get(columns.currency), 10) if columns.currency else ""
    return _with_currency(regular, name or currency_of(source))


def _text(row: Mapping[str, object], column: str) -> str:
    return clean(price(row.get(column)), _LONGEST)


def _is_on_sale(row: Mapping[str, object], columns: ColumnMap) -> bool:
    """Tell whether a row's sale price counts: it does unless a column of its own denies it."""
    return not columns.on_sale or clean(row.get(columns.on_sale), 20).lower() not in _DENIED


def _with_currency(text: str, name: str) -> str:
    if not text or amount(text) is None or currency(text) or not _CURRENCY.fullmatch(name):
        return text
    return f"{text} {name}"
