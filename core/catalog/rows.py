"""Validate one row of a catalogue file: its texts, its id and the location of its photo."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.catalog.cells import first_of, is_no_option, is_nothing, pairs, plain, unpacked
from core.catalog.column_names import folded, is_attribute_list
from core.catalog.columns import ColumnMap, attribute_name, is_technical, normalise
from core.catalog.photo_cells import MOST, photos_in
from core.catalog.photos import Origin, identity, locate
from core.catalog.prices import price_of
from core.catalog.product_types import ProductTypes
from core.catalog.products import is_head
from core.catalog.text import clean, text_of_markup, without_markup
from core.domain import Item, Photo, Variant
from core.errors import CatalogError, ImageError

#: Version of these rules; increase it when they change, so that stored rows are read again.
RULES = 4

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


class Rejected(CatalogError):
    """A row can't become an item.

    Attributes:
        field: The column that is wrong, or empty.
        item_id: Its id, or empty.
    """

    def __init__(self, reason: str, field: str = "", item_id: str = "") -> None:
        super().__init__(reason)
        self.field = field
        self.item_id = item_id


@dataclass(frozen=True, slots=True)
class Draft:
    """A valid row whose photo has not been read yet.

    Attributes:
        missing: The first photo that the row names, where it is not there and another was taken.
    """

    item_id: str
    words: Mapping[str, str]
    attributes: Mapping[str, str]
    origin: Origin
    row_key: str
    more: tuple[Origin, ...] = ()
    variants: tuple[DraftVariant, ...] = ()
    missing: str = ""

    @property
    def origins(self) -> tuple[Origin, ...]:
        """All its photos in order."""
        return (self.origin, *self.more)

    def item(self, photo: Photo, stored: Mapping[Origin, Photo] | None = None) -> Item:
        """Return the item, once its photo is stored.

        Args:
            photo: The first photo.
            stored: Further photos that were stored; of the others, web addresses are kept.
        """
        places = {self.origin: photo} | dict(stored or {})
        more = [places[origin] for origin in self.more if origin in places]
        links = [origin for origin in self.more if isinstance(origin, str) and origin not in places]
        return Item(
            item_id=self.item_id,
            photo=photo,
            attributes=dict(self.attributes),
            more_photos=tuple(new for new in dict.fromkeys(more) if new.sha256 != photo.sha256),
            photo_links=tuple(links),
            variants=tuple(variant.variant(places) for variant in self.variants),
            **self.words,
        )


@dataclass(frozen=True, slots=True)
class DraftVariant:
    """A variant whose photo has not been read yet."""

    item_id: str
    options: Mapping[str, str]
    price: str
    origin: Origin | None

    def variant(self, places: Mapping[Origin, Photo]) -> Variant:
        """Return the variant, with the address of its photo."""
        stored = places.get(self.origin) if self.origin is not None else None
        link = self.origin if isinstance(self.origin, str) else ""
        return Variant(self.item_id, self.options, self.price, stored.sha256 if stored else link)


def read_row(
    row: Mapping[str, object],
    columns: ColumnMap,
    folder: Path,
    salt: str,
    types: ProductTypes | None = None,
    parts: Sequence[Mapping[str, object]] = (),
    parents: Mapping[str, str] | None = None,
) -> Draft:
    """Validate a row.

    Args:
        row: Column → cell.
        columns: What the columns mean.
        folder: Folder of the pictures, resolved.
        salt: What the stored photo depends on besides its source.
        types: Decides product type and department; if not given, their columns are used.
        parts: Rows of variants and pictures of the same product.
        parents: What rows call their product → its group.

    Raises:
        Rejected: No title, or no photo to be found.
    """
    item_id = clean(plain(row.get(columns.item_id)), _ID_LIMIT) if columns.item_id else ""
    words = {kind: _words(row, kind, columns) for kind in _LIMITS}
    words["title"] = without_markup(words["title"])
    if types is not None:
        words |= _category(row, words, columns, types)
    if not words["title"]:
        raise Rejected("The row has no title.", columns.title, item_id)
    words["group"] = _group(words["group"], item_id, parents or {})
    try:
        ids = tuple(filter(None, (item_id, _code(row, columns))))
        origins, missing = _photos(row, parts, columns, folder, ids)
        photo = identity(origins[0], folder)
    except (ImageError, OSError) as error:
        raise Rejected(str(error), columns.image, item_id) from None
    attributes = _attributes(row, columns, packed=isinstance(origins[0], bytes))
    variants = tuple(_variants(row, parts, columns, folder))
    if not words["price"]:
        words["price"] = next((variant.price for variant in variants if variant.price), "")
    if not item_id:
        # The id is made of title and photo, so an edited description or price keeps it.
        named = photo.rsplit(":", 2)[0] if isinstance(origins[0], Path) else photo
        item_id = _digest(words["title"], named)[:16]
    further = [identity(origin, folder) for origin in origins[1:]]
    forms = [[v.item_id, dict(v.options), v.price, str(v.origin)] for v in variants]
    more = [further, forms] if further or forms else []
    row_key = _digest(RULES, salt, item_id, words, attributes, photo, *more)
    return Draft(
        item_id, words, attributes, origins[0], row_key, more=tuple(origins[1:]),
        variants=variants, missing=missing,
    )  # fmt: skip


def _category(
    row: Mapping[str, object], words: Mapping[str, str], columns: ColumnMap, types: ProductTypes
) -> dict[str, str]:
    """Return product type and department; a column that a person chose is trusted."""
    category = types.of(row)
    kind, department = words["product_type"], words["department"]
    if "product_type" not in columns.chosen or (columns.product_type and not kind):
        kind = category.product_type
    if "department" not in columns.chosen:
        department = category.department
    return {"product_type": kind, "department": department}


def _group(group: str, item_id: str, parents: Mapping[str, str]) -> str:
    """Return the group of a product's variants: WooCommerce writes the parent's `id:11` or its
    code.

    The parent belongs to the group, too.
    """
    return parents.get(group, group) if group else parents.get(item_id, "")


# ── photos ───────────────────────────────────────────────────────────────────────────────────────
def _photos(
    row: Mapping[str, object],
    parts: Sequence[Mapping[str, object]],
    columns: ColumnMap,
    folder: Path,
    ids: tuple[str, ...],
) -> tuple[list[Origin], str]:
    """Return the photos of a product in order, and the first named one if that is missing.

    Raises:
        ImageError: There is no photo.
    """
    origins: dict[Origin, None] = {}
    missing = ""
    for number, value in enumerate(_named_photos(row, parts, columns, folder)):
        try:
            origin = locate(value, folder, ids if is_nothing(value) else ())
        except (ImageError, OSError):
            if number:
                continue
            if not isinstance(value, str):
                raise
            origin = _first_there(row, parts, columns, folder, value, ids)
            missing = clean(value, 200)
        if len(origins) < MOST:
            origins.setdefault(origin)
    return list(origins), missing


def _first_there(
    row: Mapping[str, object],
    parts: Sequence[Mapping[str, object]],
    columns: ColumnMap,
    folder: Path,
    missing: str,
    ids: tuple[str, ...],
) -> Origin:
    """Return the next photo of a row whose first one is missing.

    Raises:
        ImageError: As ``locate`` says it of the first one.
    """
    for value in _named_photos(row, parts, columns, folder):
        try:
            return locate(value, folder)
        except (ImageError, OSError):
            continue
    return locate(missing, folder, ids)


def _named_photos(
    row: Mapping[str, object],
    parts: Sequence[Mapping[str, object]],
    columns: ColumnMap,
    folder: Path,
) -> Iterator[object]:
    """Yield the names of the photos in the cells; a single ``None`` if there is none."""
    some = False
    for cells in (row, *parts):
        main = first_of(_photo_cell(cells.get(name)) for name in columns.of("image"))
        of_variants = [cells.get(name) for name in columns.of("image") if _is_of_variant(name)]
        for value in (main, *(cells.get(name) for name in columns.more_images), *of_variants):
            for photo in _in_cell(value, folder):
                if not is_nothing(photo) and not (isinstance(photo, str) and not clean(photo, 9)):
                    some = True
                    yield photo
    if not some:
        yield None


def _in_cell(value: object, folder: Path) -> Iterator[object]:
    names = list(photos_in(value))
    if len(names) > 1 and isinstance(value, str) and _is_file(value, folder):
        return iter([value])
    return iter(names)


def _is_file(name: str, folder: Path) -> bool:
    try:
        return len(name) < 1000 and (folder / name).is_file()
    except (OSError, ValueError):
        return False


def _photo_cell(value: object) -> object:
    return None if isinstance(value, str) and not clean(value, 2000) else value


def _is_of_variant(column: str) -> bool:
    return folded(column).startswith(("variant_", "variation_"))


# ── variants ─────────────────────────────────────────────────────────────────────────────────────
def _variants(
    row: Mapping[str, object],
    parts: Sequence[Mapping[str, object]],
    columns: ColumnMap,
    folder: Path,
) -> Iterator[DraftVariant]:
    """Yield the variants of a product; rows with pictures only are not variants."""
    if not parts:
        return
    forms = parts if is_head(row, columns) else (row, *parts)
    names = {name: clean(plain(row.get(name)), 60) for name, _ in columns.options}
    for cells in forms:
        options = {
            clean(plain(cells.get(name)), 60) or names[name] or value: text
            for name, value in columns.options
            if (text := clean(plain(cells.get(value)), _ATTRIBUTE_LIMIT)) and not is_no_option(text)
        }
        code = _code(cells, columns)
        price = price_of(cells, columns)
        if options or code or (price and cells is not row):
            yield DraftVariant(code, options, price, _variant_photo(cells, columns, folder))


def _code(cells: Mapping[str, object], columns: ColumnMap) -> str:
    return clean(plain(first_of(cells.get(name) for name in columns.codes)), _ID_LIMIT)


def _variant_photo(cells: Mapping[str, object], columns: ColumnMap, folder: Path) -> Origin | None:
    of_variants = [name for name in columns.of("image") if _is_of_variant(name)]
    value = first_of(cells.get(name) for name in (*of_variants, *columns.of("image")))
    photo = next(iter(photos_in(value)), None)
    code = _code(cells, columns)
    if is_nothing(photo) and (columns.image or not code):
        return None
    try:
        return locate(photo, folder, () if columns.image else (code,))
    except (ImageError, OSError):
        return None


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode("ascii")).hexdigest()


def _words(row: Mapping[str, object], kind: str, columns: ColumnMap) -> str:
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


def _attributes(row: Mapping[str, object], columns: ColumnMap, packed: bool) -> dict[str, str]:
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
    text = clean(value, _ATTRIBUTE_LIMIT + 1)
    short = text and len(text) <= _ATTRIBUTE_LIMIT  # long text is no attribute
    if short and name not in attributes and len(attributes) < _MOST_ATTRIBUTES:
        attributes[name] = text
