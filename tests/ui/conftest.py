"""Fixtures of the page tests."""

from __future__ import annotations

import pytest

from tests.ui.shop import Shop


@pytest.fixture
def shop() -> Shop:
    """A small shop in memory."""
    return Shop()
