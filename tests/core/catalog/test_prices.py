"""Numbers and currencies in prices as shops write them."""

from __future__ import annotations

import pytest

from core.catalog.prices import amount, currency


@pytest.mark.parametrize(
    ("text", "number", "unit"),
    [
        ("22646", 22646.0, ""), ("€19.99", 19.99, "€"), ("12,800円", 12800.0, "円"),
        ("19.99 USD", 19.99, "USD"), ("1.299,00 €", 1299.0, "€"), ("1'299.00 CHF", 1299.0, "CHF"),
        ("on request", None, ""), ("free", None, ""), ("", None, ""),
    ],
)  # fmt: skip
def test_prices(text: str, number: float | None, unit: str) -> None:
    assert amount(text) == number
    assert currency(text) == unit
