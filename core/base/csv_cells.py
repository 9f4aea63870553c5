"""CSV cells that a spreadsheet shows as text instead of running them as formulas."""

from __future__ import annotations

#: Spreadsheets run a cell with such a start as a formula; a prefixed apostrophe prevents it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "'")


def cell(value: object) -> object:
    """Prefix ``'`` to formula-like text and to text that already starts with ``'``.
    ``None`` becomes an empty text, a float its shortest exact form.
    """
    if value is None:
        return ""
    if isinstance(value, float):
        return repr(value)
    return "'" + value if isinstance(value, str) and value.startswith(_FORMULA) else value
