"""Validate one row of a catalogue file: its texts, its id and the location of its photo."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.catalog.cells import first_of, is_no_option, is_nothing, plain
from core.catalog.columns import ColumnMap
from core.catalog.photo_cells import photos_in
from core.catalog.photos import Origin, identity, locate
from core.catalog.prices import price_of
from core.catalog.product_types import ProductTypes
from core.catalog.products import is_head
from core.catalog.row_photos import is_of_variant, photos_of
from core.catalog.row_texts import ATTRIBUTE_LIMIT, attributes_of, texts_of
from core.catalog.text import clean
from core.domain import NO_PHOTO, Item, Photo, Variant
from core.errors import CatalogError, ImageError

#: Version of these rules; increase it when they change, so that stored rows are read again.
RULES = 4

_ID_LIMIT = 200


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
        origin: Its first photo; ``None`` in a file of products without photos.
        missing: The first photo that the row names, where it is not there and another was taken.
    """

    item_id: str
    words: Mapping[str, str]
    attributes: Mapping[str, str]
    origin: Origin | None
    row_key: str
    more: tuple[Origin, ...] = ()
    variants: tuple[DraftVariant, ...] = ()
    missing: str = ""

    @property
    def origins(self) -> tuple[Origin, ...]:
        """All its photos in order."""
        return () if self.origin is None else (self.origin, *self.more)

    def item(self, photo: Photo = NO_PHOTO, stored: Mapping[Origin, Photo] | None = None) -> Item:
        """Return the item, once its photo is stored.

        Args:
            photo: The first photo, if there is one.
            stored: Further photos that were stored; of the others, web addresses are kept.
        """
        first = {} if self.origin is None else {self.origin: photo}
        places = first | dict(stored or {})
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
    words = texts_of(row, columns)
    if types is not None:
        words |= _category(row, words, columns, types)
    if not words["title"]:
        raise Rejected("The row has no title.", columns.title, item_id)
    words["group"] = _group(words["group"], item_id, parents or {})
    origins: list[Origin] = []
    photo = missing = ""
    try:
        if not columns.without_photos:
            ids = tuple(filter(None, (item_id, _code(row, columns))))
            origins, missing = photos_of(row, parts, columns, folder, ids)
            photo = identity(origins[0], folder)
    except (ImageError, OSError) as error:
        raise Rejected(str(error), columns.image, item_id) from None
    attributes = attributes_of(row, columns, packed=bool(origins) and isinstance(origins[0], bytes))
    variants = tuple(_variants(row, parts, columns, folder))
    if not words["price"]:
        words["price"] = next((variant.price for variant in variants if variant.price), "")
    if not item_id:
        # The id is made of title and photo, so an edited description or price keeps it.
        is_file = bool(origins) and isinstance(origins[0], Path)
        named = photo.rsplit(":", 2)[0] if is_file else photo
        item_id = _digest(words["title"], named)[:16]
    further = [identity(origin, folder) for origin in origins[1:]]
    forms = [[v.item_id, dict(v.options), v.price, str(v.origin)] for v in variants]
    more = [further, forms] if further or forms else []
    row_key = _digest(RULES, salt, item_id, words, attributes, photo, *more)
    return Draft(
        item_id, words, attributes, next(iter(origins), None), row_key, more=tuple(origins[1:]),
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
            if (text := clean(plain(cells.get(value)), ATTRIBUTE_LIMIT)) and not is_no_option(text)
        }
        code = _code(cells, columns)
        price = price_of(cells, columns)
        if options or code or (price and cells is not row):
            yield DraftVariant(code, options, price, _variant_photo(cells, columns, folder))


def _code(cells: Mapping[str, object], columns: ColumnMap) -> str:
    return clean(plain(first_of(cells.get(name) for name in columns.codes)), _ID_LIMIT)


def _variant_photo(cells: Mapping[str, object], columns: ColumnMap, folder: Path) -> Origin | None:
    of_variants = [name for name in columns.of("image") if is_of_variant(name)]
    value = first_of(cells.get(name) for name in (*of_variants, *columns.of("image")))
    photo = next(iter(photos_in(value)), None)
    code = _code(cells, columns)
    if is_nothing(photo) and (columns.image or columns.without_photos or not code):
        return None
    try:
        return locate(photo, folder, () if columns.image else (code,))
    except (ImageError, OSError):
        return None


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode("ascii")).hexdigest()
