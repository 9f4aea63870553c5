"""Prices as numbers, with `price-parser`; what a shop wrote is kept beside them."""

from __future__ import annotations

import re

from price_parser import Price

_NUMBER = re.compile(r"\d")


def amount(text: str) -> float | None:
    """Return the number in a price, or `None` where there is none: "1.299,00 €" gives 1299.0."""
    if not _NUMBER.search(text):
        return None
    number = Price.fromstring(text).amount
    return None if number is None else float(number)


def currency(text: str) -> str:
    """Return the currency as it is written in a price ("€", "USD"), or an empty text."""
    return Price.fromstring(text).currency or "" if text else ""
