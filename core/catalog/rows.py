"""Validate one row of a catalogue file: its words, its id and where its photo is."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.catalog.columns import ColumnMap, attribute_name, is_technical, normalise
from core.catalog.photos import Origin, identity, locate
from core.catalog.product_types import ProductTypes
from core.catalog.text import clean, without_markup
from core.domain import Item, Photo
from core.errors import CatalogError, ImageError

#: Raise it when these rules change, so that rows stored under older ones are done again.
RULES = 2

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
_ID_LIMIT = 200
_ATTRIBUTE_LIMIT = 200
_MOST_ATTRIBUTES = 40
#: Columns of further attributes: a JSON object is spread out, anything else is left out.
_NESTED = {"attributes", "attrs", "specs", "specifications", "properties"}
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


class Rejected(CatalogError):
    """A row can't be taken.

    Attributes:
        field: The column that is to blame, or empty.
        item_id: Its id, where it has one.
    """

    def __init__(self, reason: str, field: str = "", item_id: str = "") -> None:
        super().__init__(reason)
        self.field = field
        self.item_id = item_id


@dataclass(frozen=True, slots=True)
class Draft:
    """A valid row whose photo has not been read yet."""

    item_id: str
    words: Mapping[str, str]
    attributes: Mapping[str, str]
    origin: Origin
    row_key: str

    def item(self, photo: Photo) -> Item:
        """The item, once its photo is stored."""
        return Item(
            item_id=self.item_id, photo=photo, attributes=dict(self.attributes), **self.words
        )


def read_row(
    row: Mapping[str, object],
    columns: ColumnMap,
    folder: Path,
    salt: str,
    types: ProductTypes | None = None,
) -> Draft:
    """Validate a row.

    Args:
        row: Column → cell.
        columns: What the columns mean.
        folder: Folder of the pictures, resolved.
        salt: What the stored photo depends on besides its source.
        types: Decides product type and department; without it their columns are believed.

    Raises:
        Rejected: No id where there is a column for it, no title, or no photo to be found.
    """
    item_id = clean(row.get(columns.item_id), _ID_LIMIT) if columns.item_id else ""
    if columns.item_id and not item_id:
        raise Rejected("The row has no id.", columns.item_id)
    words = {kind: _words(row, kind, getattr(columns, kind)) for kind in _LIMITS}
    words["title"] = without_markup(words["title"])
    if types is not None and columns.categories:
        category = types.of(row)
        words |= {"product_type": category.product_type, "department": category.department}
    if not words["title"]:
        raise Rejected("The row has no title.", columns.title, item_id)
    try:
        origin = locate(row.get(columns.image), folder, item_id)
        photo = identity(origin, folder)
    except (ImageError, OSError) as error:
        raise Rejected(str(error), columns.image, item_id) from None
    attributes = _attributes(row, columns, packed=isinstance(origin, bytes))
    if not item_id:
        # Title and photo name the row: an edited description or price keeps its id.
        named = photo.rsplit(":", 2)[0] if isinstance(origin, Path) else photo
        item_id = _digest(words["title"], named)[:16]
    row_key = _digest(RULES, salt, item_id, words, attributes, photo)
    return Draft(item_id, words, attributes, origin, row_key)


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode("ascii")).hexdigest()


def _words(row: Mapping[str, object], kind: str, column: str) -> str:
    if not column:
        return ""
    text = clean(row.get(column), _LIMITS[kind], multiline=kind == "description")
    if kind in ("department", "product_type") and text:
        marks = r"\s*[>»/|]+\s*" if normalise(column) in _PATH_COLUMNS else r"\s+[>»]+\s+"
        steps = [step for step in re.split(marks, text) if step]
        if steps:
            text = steps[0] if kind == "department" else steps[-1]
    if kind in ("url", "licence_url") and not text.lower().startswith(("http://", "https://")):
        return ""  # never a javascript: link on a page
    return text


def _attributes(row: Mapping[str, object], columns: ColumnMap, packed: bool) -> dict[str, str]:
    attributes: dict[str, str] = {}
    for name, column in columns.attributes.items():
        value = row.get(column)
        if name in _NESTED or isinstance(value, Mapping):
            for inner, inner_value in _object(value).items():
                plain = attribute_name(clean(inner, 60))
                if not is_technical(plain):
                    _put(attributes, plain, inner_value)
        elif not (packed and name in _PIXELS):
            _put(attributes, name, value)
    return attributes


def _put(attributes: dict[str, str], name: str, value: object) -> None:
    text = clean(value, _ATTRIBUTE_LIMIT + 1)
    short = text and len(text) <= _ATTRIBUTE_LIMIT  # long text is no attribute
    if short and name not in attributes and len(attributes) < _MOST_ATTRIBUTES:
        attributes[name] = text


def _object(value: object) -> Mapping[str, object]:
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, Mapping) else {}
