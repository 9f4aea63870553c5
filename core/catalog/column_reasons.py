"""Say why a column was taken for a field."""

from __future__ import annotations

from core.base.languages import NAMES
from core.catalog.column_names import language, language_of_name, rank
from core.catalog.columns import ColumnMap


def why_columns(kind: str, columns: ColumnMap) -> str:
    """Return why a field is read from its columns, in a few words.

    Args:
        kind: The field or attribute.
        columns: What the columns mean.
    """
    if kind in columns.chosen:
        return "chosen"
    if kind == "product_type" and columns.categories:
        return "the finest category that names things, else the noun of the title"
    name = next(iter(columns.of(kind)), "")
    if not name or rank(name, kind) is None:
        return _otherwise(kind, name)
    if tongue := language(name) or language_of_name(name, kind):
        return f"its name, in {NAMES.get(tongue, 'another language')}"
    return "its name"


def _otherwise(kind: str, name: str) -> str:
    if kind == "title" and rank(name, "description"):
        return "no column is named like a title, so the description is used"
    if kind == "price" and rank(name, "sale_price"):
        return "no other column has a price"
    if kind == "image" and rank(name, "more_images"):
        return "no other column has photos"
    return "a word in its name" if name else ""
