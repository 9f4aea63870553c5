"""CSV cells that a spreadsheet shows and never runs."""

from __future__ import annotations

#: A cell that starts like this is run as a formula by spreadsheets; an apostrophe prevents it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")


def cell(value: object) -> object:
    """Text that a spreadsheet would run gets an apostrophe in front (and so does one with one)."""
    if value is None:
        return ""
    if isinstance(value, float):
        return repr(value)
    return "'" + value if isinstance(value, str) and value.startswith(_FORMULA) else value
