"""Map the columns of a catalogue file to the fields of an item."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from core.catalog.column_names import (
    folded,
    is_further_picture,
    is_sale_price,
    language,
    normalise,
    numbered,
    option_part,
    rank,
    ranks,
    says_loosely,
)
from core.errors import CatalogError

__all__ = [
    "ATTRIBUTES", "FIELDS", "ColumnMap", "attribute_name", "guess_columns", "is_technical",
    "name_score", "normalise",
]  # fmt: skip

FIELDS = (
    "item_id", "title", "description", "image", "product_type", "department", "price", "group",
    "url", "credit", "licence", "licence_url", "source",
)  # fmt: skip
ATTRIBUTES = ("colour", "brand", "gender", "material")
#: Fields whose columns in several languages, or of several names, are used row by row.
_BY_ROW = ("title", "description", "price", "image", "url", "colour", "brand", "material")

#: Names of columns with technical data instead of facts about the product.
_TECHNICAL = re.compile(
    r"(^|_)(md5|sha1|sha256|phash|checksum|embedding|embeddings|vector|unnamed|index)(_|$)"
    r"|^column_\d+$|^(created|updated|modified)(_at|_on)?$|^timestamp$"
)
#: How to index products that have no photos.
_WITHOUT = (
    " If the products have no photos, say so: --column image= (nothing behind the sign), or leave "
    "the photo empty on the page Catalog; then they are found by their words alone."
)
#: Longest cell that may be a column's name.
_LONGEST_NAME = 80
#: Names of columns that list several pictures, where another column has the main one.
_LISTS = frozenset(
    {"media", "bilder", "immagini", "afbeeldingen", "zdjecia", "resimler", "gorseller", "gallery"}
    | {"картинки", "изображения", "фотографии", "obrazky", "kuvat", "kepek", "imagini"}
)


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """The column of each field of an item; an empty name means none.

    Attributes:
        attributes: The column of each further attribute, by the attribute's name.
        categories: All columns that may hold the product type or the department, but those that
            a person chose for one of them.
        chosen: Fields that a person chose the column of, or left empty.
        others: Field → further columns, in order, for rows whose first one is empty.
        sale_prices: Columns with a sale price, used if it is not higher.
        on_sale: Column that says whether the sale price counts now.
        currency: Column of the currency of prices that are bare numbers.
        more_images: Columns of further photos, in order.
        options: Pairs of columns with an attribute's name and its value.
        row_kind: Column that says whether a row is a product, a variant or a picture.
        codes: Columns with other identifiers of an item, by which a parent may be named.
    """

    title: str
    image: str
    item_id: str = ""
    description: str = ""
    product_type: str = ""
    department: str = ""
    price: str = ""
    group: str = ""
    url: str = ""
    credit: str = ""
    licence: str = ""
    licence_url: str = ""
    source: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    categories: tuple[str, ...] = ()
    chosen: tuple[str, ...] = ()
    others: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sale_prices: tuple[str, ...] = ()
    on_sale: str = ""
    currency: str = ""
    more_images: tuple[str, ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    row_kind: str = ""
    codes: tuple[str, ...] = ()

    def of(self, kind: str) -> tuple[str, ...]:
        """Return the columns of a field or attribute, in the order of use."""
        first = getattr(self, kind) if kind in FIELDS else self.attributes.get(kind, "")
        return ((first,) if first else ()) + self.others.get(kind, ())

    @property
    def without_photos(self) -> bool:
        """Whether a person said that the products have no photos."""
        return "image" in self.chosen and not self.image

    @property
    def kept(self) -> tuple[str, ...]:
        """The columns of attributes that have no field of their own."""
        named = {name for kind in ATTRIBUTES for name in self.of(kind)}
        return tuple(name for name in self.attributes.values() if name not in named)

    @property
    def used(self) -> frozenset[str]:
        """All columns that say something of an item."""
        fields = (name for kind in (*FIELDS, *ATTRIBUTES) for name in self.of(kind))
        pairs = (name for pair in self.options for name in pair)
        lists = (*self.categories, *self.sale_prices, *self.more_images, *self.codes, *self.kept)
        return frozenset(
            {*fields, *pairs, *lists, self.on_sale, self.currency, self.row_kind} - {""}
        )


def attribute_name(name: str) -> str:
    """Return the attribute name for a column: ``Color`` → ``colour``."""
    return next((kind for kind in ATTRIBUTES if rank(name, kind)), normalise(name))


def is_technical(name: str) -> bool:
    """Tell whether a column (normalised name) has technical data, not facts about the product."""
    return not name or _TECHNICAL.search(name) is not None


def guess_columns(
    names: Sequence[str],
    overrides: Mapping[str, str] | None = None,
    *,
    photos_by_id: bool = False,
) -> ColumnMap:
    """Map a file's columns to the fields of an item.

    Columns that mean no field become attributes under their own name.

    Args:
        names: The file's column names.
        overrides: Field or attribute → column, instead of the guess; an empty column means that
            the field is left empty.
        photos_by_id: The photos are named like the items' ids, so no column needs to name them.

    Raises:
        CatalogError: An override names a field or column that does not exist, or there is no
            column for the title or, unless it is left empty, the image.
    """
    overrides = dict(overrides or {})
    _check_overrides(names, overrides)
    column_of: dict[str, str] = {}
    for kind in (*FIELDS, *ATTRIBUTES):
        if kind in overrides:
            continue
        taken = set(column_of.values())
        column_of[kind] = next((name for name in _ranked(names, kind) if name not in taken), "")
    for kind in ("title", "image", "price", "colour"):
        if kind not in overrides and not column_of[kind]:
            column_of[kind] = _loosely(names, kind, set(column_of.values()))
    if "title" not in overrides and not column_of["title"]:
        column_of["title"] = column_of["description"] if "description" not in overrides else ""
    if "price" not in overrides and not column_of["price"]:
        column_of["price"] = next(iter(_ranked(names, "sale_price")), "")
    if "image" not in overrides and not column_of["image"]:
        column_of["image"] = next(iter(_more_images(names, column_of)), "")
    column_of |= overrides
    for needed, example in (("title", "name"), ("image", "photo")):
        left_out = needed == "image" and (photos_by_id or needed in overrides)
        if not column_of[needed] and not left_out:
            raise CatalogError(
                f"No column was found for the {needed}. {_list(names)} Say which one it is, for "
                f"example --column {needed}={example}.{_WITHOUT if needed == 'image' else ''}"
            )
    fields = {kind: column_of[kind] for kind in FIELDS}
    chosen_categories = {overrides.get("product_type"), overrides.get("department")}
    categories = tuple(name for name in _categories(names) if name not in chosen_categories)
    others = {kind: _others(names, kind, column_of) for kind in _BY_ROW if kind not in overrides}
    more_images = () if "image" in overrides else _more_images(names, column_of)
    by_price = not overrides.get("price")
    sale_prices = _sale_prices(names, column_of["price"]) if by_price else ()
    options = _options(names)
    set_aside = {*sale_prices, *more_images, *others.get("image", ()), *others.get("price", ())}
    set_aside |= {name for pair in options for name in pair}
    return ColumnMap(
        **fields,
        attributes=_attributes(names, column_of, set_aside),
        categories=categories,
        chosen=tuple(overrides),
        others={kind: columns for kind, columns in others.items() if columns},
        sale_prices=sale_prices,
        on_sale=next(iter(_ranked(names, "on_sale")), ""),
        currency=next(iter(_ranked(names, "currency")), ""),
        more_images=more_images,
        options=options,
        row_kind=next(iter(_ranked(names, "row_kind")), ""),
        codes=tuple(name for name in _ranked(names, "item_id") if name != column_of["item_id"]),
    )


def _ranked(names: Sequence[str], kind: str) -> list[str]:
    """Return the columns that may be a field, the best first; English before other languages."""
    ranked = [
        (place, bool(language(name)) and language(name) != "en", number, name)
        for number, name in enumerate(names)
        if (place := rank(name, kind)) is not None
    ]
    return [name for *_, name in sorted(ranked)]


def _loosely(names: Sequence[str], kind: str, taken: Collection[str]) -> str:
    """Return the first column whose name has a word for a field; empty where there is none."""
    other = {"price": "sale_price", "image": "more_images"}.get(kind, kind)
    return next(
        (
            name
            for name in names
            if name not in taken and not rank(name, other) and says_loosely(name, kind)
        ),
        "",
    )


def _others(names: Sequence[str], kind: str, column_of: Mapping[str, str]) -> tuple[str, ...]:
    """Return further columns of a field: for a title those of other languages only."""
    taken = set(column_of.values())
    others = [name for name in _ranked(names, kind) if name not in taken]
    if kind == "image":
        return tuple(name for name in others if not _is_further(name))
    if kind not in ("price", "description"):
        others = [name for name in others if language(name)]
    return tuple(others)


def _sale_prices(names: Sequence[str], price: str) -> tuple[str, ...]:
    ranked = _ranked(names, "sale_price")
    said = (name for name in names if name != price and is_sale_price(name))
    return tuple(dict.fromkeys([*ranked, *said]))


def _is_further(name: str) -> bool:
    if rank(name, "more_images") is not None or is_further_picture(name):
        return True
    if numbered(name) in ranks("image").keys() | ranks("more_images").keys():
        return True
    key = folded(name)
    listed = key in _LISTS or (key.isascii() and key.endswith("s"))
    return listed and rank(name, "image") is not None


def _more_images(names: Sequence[str], column_of: Mapping[str, str]) -> tuple[str, ...]:
    """Return the columns of further pictures in the file's order, without the main one."""
    main = column_of.get("image", "")
    series = numbered(main) if main else ""
    return tuple(
        name
        for name in names
        if name != main and (_is_further(name) or (series and numbered(name) == series))
    )


def name_score(cells: Sequence[str]) -> int:
    """Return how many fields a row of column names would have columns for."""
    kinds = (*FIELDS, *ATTRIBUTES, "sale_price", "more_images")
    names = [cell for cell in cells if cell.strip() and len(cell) < _LONGEST_NAME]
    return sum(any(rank(name, kind) for name in names) for kind in kinds)


def _options(names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    parts: dict[tuple[str, str], dict[str, str]] = {}
    for name in names:
        option = option_part(name)
        if option is None:
            continue
        kind, number, part = option
        pair = parts.setdefault((kind, number), {})
        if part == "name":
            pair["name"] = name
        else:
            pair.setdefault("name" if part == "type" else "value", name)
    return tuple((pair["name"], pair["value"]) for pair in parts.values() if len(pair) == 2)


def _categories(names: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that may hold a product type or department, in the file's order."""
    kinds = ("department", "product_type")
    return tuple(
        name
        for name in names
        if any(rank(name, kind) or numbered(name) in ranks(kind) for kind in kinds)
    )


def _attributes(
    names: Sequence[str], column_of: Mapping[str, str], set_aside: Collection[str]
) -> dict[str, str]:
    attributes = {kind: column_of[kind] for kind in ATTRIBUTES if column_of[kind]}
    used = {*column_of.values(), *set_aside}
    for name in names:
        plain = normalise(name)
        if name not in used and not is_technical(plain):
            attributes.setdefault(plain, name)
    return attributes


def _check_overrides(names: Sequence[str], overrides: Mapping[str, str]) -> None:
    for kind, column in overrides.items():
        if kind not in FIELDS + ATTRIBUTES:
            raise CatalogError(
                f"“{kind}” is not a field that a column can be given for. The fields are: "
                f"{', '.join(FIELDS + ATTRIBUTES)}."
            )
        if column and column not in names:
            raise CatalogError(
                f"There is no column “{column}” to take the {kind} from. {_list(names)}"
            )


def _list(names: Sequence[str]) -> str:
    shown = ", ".join(name[:60] for name in names[:60])
    return f"The columns are: {shown}{' …' if len(names) > 60 else ''}."
