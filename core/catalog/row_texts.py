"""Read the texts and attributes of a row of a catalogue file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from core.catalog.cells import first_of, is_no_option, is_nothing, pairs, plain, unpacked
from core.catalog.column_names import is_attribute_list
from core.catalog.columns import ColumnMap, attribute_name, is_technical, normalise
from core.catalog.prices import price_of
from core.catalog.text import clean, text_of_markup, without_markup

_LIMITS = {
    "title": 500,
    "description": 20_000,
    "product_type": 120,
    "department": 120,
    "price": 60,
    "group": 200,
    "url": 2000,
    "credit": 500,
    "licence": 200,
    "licence_url": 2000,
    "source": 500,
}
#: Characters of an attribute; longer text is none.
ATTRIBUTE_LIMIT = 200
_MOST_ATTRIBUTES = 40
#: Magento's way: `color=Red,size=S`.
_ASSIGNED = re.compile(r"(?:^|[,|])\s*([\w ]{1,60})=([^=]*?)(?=[,|]\s*[\w ]{1,60}=|$)")
#: Pixels of the stored picture where the file carries pictures; a product's size elsewhere.
_PIXELS = {"width", "height"}
_PATH_COLUMNS = {
    "category_path",
    "breadcrumb",
    "breadcrumbs",
    "category_tree",
    "taxonomy",
    "google_product_category",
}


def texts_of(row: Mapping[str, object], columns: ColumnMap) -> dict[str, str]:
    """Return the texts of a row by kind; a kind without text is empty."""
    texts = {kind: _text(row, kind, columns) for kind in _LIMITS}
    return texts | {"title": without_markup(texts["title"])}


def _text(row: Mapping[str, object], kind: str, columns: ColumnMap) -> str:
    if kind == "price":
        return price_of(row, columns)
    limit, multiline = _LIMITS[kind], kind == "description"
    for column in columns.of(kind):
        text = clean(plain(row.get(column)), limit, multiline=multiline)
        if multiline:
            text = text_of_markup(text)
        if kind in ("department", "product_type") and text:
            text = _step(text, kind, column)
        if kind in ("url", "licence_url") and not text.lower().startswith(("http://", "https://")):
            text = ""  # never a javascript: link on a page
        if text:
            return text
    return ""


def _step(text: str, kind: str, column: str) -> str:
    """Return the department or the thing at the ends of a path of categories."""
    marks = r"\s*[>»/|]+\s*" if normalise(column) in _PATH_COLUMNS else r"\s+[>»]+\s+"
    steps = [step for step in re.split(marks, text) if step]
    return (steps[0] if kind == "department" else steps[-1]) if steps else text


def attributes_of(row: Mapping[str, object], columns: ColumnMap, packed: bool) -> dict[str, str]:
    """Return the attributes of a row.

    Args:
        row: Column → cell.
        columns: What the columns mean.
        packed: The file carries the pictures, so sizes in it are those of the pictures.
    """
    attributes: dict[str, str] = {}
    for name in columns.attributes:
        value = first_of(unpacked(row.get(c)) for c in columns.of(name))
        whole = plain(value)
        if is_attribute_list(columns.attributes[name]) or (
            isinstance(value, Mapping) and is_nothing(whole)
        ):
            for inner, inner_value in _listed(value):
                _put_named(attributes, inner, inner_value)
        elif not (packed and name in _PIXELS):
            _put(attributes, name, whole)
    for name, value_column in columns.options:
        value = plain(row.get(value_column))
        if not is_no_option(value):
            _put_named(attributes, plain(row.get(name)), value)
    return attributes


def _listed(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, str):
        yield from ((match[1], match[2]) for match in _ASSIGNED.finditer(value[:20_000]))
    else:
        yield from pairs(value)


def _put_named(attributes: dict[str, str], name: object, value: object) -> None:
    named = attribute_name(clean(name, 60))
    if not is_technical(named):
        _put(attributes, named, value)


def _put(attributes: dict[str, str], name: str, value: object) -> None:
    text = clean(value, ATTRIBUTE_LIMIT + 1)
    short = text and len(text) <= ATTRIBUTE_LIMIT  # long text is no attribute
    if short and name not in attributes and len(attributes) < _MOST_ATTRIBUTES:
        attributes[name] = text
