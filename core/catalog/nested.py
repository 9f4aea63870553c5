"""Flatten nested data: a product's variants, or its fields below a name.

An API gives `{"product": {"title": …}, "variants": [{"price": …}]}`. Inner fields become columns
with a dot, `product.title`. Variants become rows below their product with its number, as Shopify's
CSV has them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from core.base.tables import Table, TableRow
from core.catalog.cells import is_no_option, is_nothing, pairs, plain, unpacked
from core.catalog.column_names import ATTRIBUTE_LISTS, folded, rank
from core.errors import CatalogError

Cells = Mapping[str, object]

#: Number of rows that are read to find nested columns.
_HEAD = 100
#: Names of columns with variants: a list, or one dictionary.
_VARIANTS = {
    "variants", "variations", "product_variants", "skus", "offers", "children", "models",
    "variant", "sku_list", "offer",
}  # fmt: skip
#: Names of dictionaries around the fields of a product.
_FRAMES = {
    "product", "node", "item", "attributes", "data", "fields", "details", "info", "content",
    "pricing", "prices", "price_info", "media", "general", "main", "basic", "source", "doc",
    "listing", "document", "record",
}  # fmt: skip
_OF_PRODUCT = (
    "item_id", "title", "description", "image", "more_images", "price", "sale_price", "currency",
    "brand", "colour", "url", "group", "product_type", "department", "material", "gender",
)  # fmt: skip
#: A dictionary with two of these fields is one around a product's fields, unless its column is a
#: field itself, or of somebody else.
_FACTS = ("description", "product_type", "brand", "image", "price")
_ENOUGH = 2
_NOT_FRAMES = (
    "item_id", "title", "image", "more_images", "price", "sale_price", "currency", "brand",
    "colour", "url", "group", "product_type", "department", "material", "gender",
)  # fmt: skip
_OTHERS = {
    "seller", "vendor", "merchant", "store", "shop", "supplier", "manufacturer", "user", "author",
    "reviews", "review", "rating", "ratings", "shipping", "seo", "meta", "metadata", "warranty",
    "related", "similar", "bundle", "set", "owner", "creator",
}  # fmt: skip
_OF_VARIANT = ("price", "sale_price", "currency", "item_id", "image")
#: Fields in which variants differ.
_DIFFERENCES = {"color": "Colour", "colour": "Colour", "size": "Size", "material": "Material"}
_OPTION_LISTS = ("options", "attributes", "selected_options", "option_values")
_DEEPEST = 3
_MOST_VARIANTS = 500
_MOST_OPTIONS = 5


def with_nested(table: Table) -> Table:
    """Return the table with columns for its nested fields; a flat table is unchanged."""
    if not any(folded(name) in _VARIANTS | _FRAMES for name in table.columns) and (
        not table.format.startswith("JSON") and table.format not in ("XML", "Parquet")
    ):
        return table
    try:
        head = [row.cells for row in islice(table.rows(), _HEAD)]
    except CatalogError:  # damaged in its head
        return table
    spread = _Spread(
        variants=next((name for name in table.columns if _holds_variants(name, head)), ""),
        frames=tuple(name for name in table.columns if _is_frame(name, head)),
    )
    names = dict.fromkeys(name for cells in head for row in spread.of(cells) for name in row)
    inner = [name for name in names if name not in table.columns]
    return table.changed((*table.columns, *inner), spread.rows) if inner else table


def _is_frame(name: str, head: Sequence[Cells]) -> bool:
    """Tell whether a column's dictionaries hold the product's own fields, by name or content."""
    if folded(name) in _FRAMES:
        return True
    if folded(name) in _VARIANTS | _OTHERS or any(rank(name, kind) for kind in _NOT_FRAMES):
        return False
    values = [cells.get(name) for cells in head]
    keys = {str(key) for value in values if isinstance(value, Mapping) for key in value}
    return sum(any(rank(key, kind) for key in keys) for kind in _FACTS) >= _ENOUGH


def _holds_variants(name: str, head: Sequence[Cells]) -> bool:
    return folded(name) in _VARIANTS and any(_dictionaries(cells.get(name)) for cells in head)


@dataclass(frozen=True, slots=True)
class _Spread:
    """Makes rows with dotted columns.

    Attributes:
        variants: The column of variants, or empty.
        frames: Columns with dictionaries around fields.
    """

    variants: str
    frames: tuple[str, ...]

    def rows(self, rows: Iterable[TableRow]) -> Iterator[TableRow]:
        """Yield each row, then the rows of its further variants with the same number."""
        for row in rows:
            if row.problem:
                yield row
                continue
            for cells in self.of(row.cells):
                yield TableRow(row.number, row.line, cells)

    def of(self, cells: Cells) -> Iterator[dict[str, object]]:
        """Yield the cells of a product with its first variant, then those of its other variants."""
        whole = dict(cells)
        for frame in self.frames:
            value = unpacked(cells.get(frame))
            if isinstance(value, Mapping):
                whole |= dict(_fields(value, frame))
        variants = _dictionaries(cells.get(self.variants)) if self.variants else []
        names = _option_names(cells)
        forms = [dict(self._variant(variant, names)) for variant in variants[:_MOST_VARIANTS]]
        yield whole | (forms[0] if forms else {})
        yield from forms[1:]

    def _variant(
        self, variant: Mapping[object, object], names: Sequence[str]
    ) -> Iterator[tuple[str, object]]:
        keys = [str(key) for key in variant]
        has_code = any(folded(key) in ("sku", "code") for key in keys)
        for key, value in variant.items():
            name = str(key)
            of_field = any(rank(name, kind) for kind in _OF_VARIANT)
            if of_field and not (has_code and folded(name) == "id"):
                yield f"{self.variants}.{name}", value
        options = list(_options(variant, names))[:_MOST_OPTIONS]
        for number, (name, value) in enumerate(options, 1):
            yield f"{self.variants} option {number} name", name
            yield f"{self.variants} option {number} value", value


def _fields(
    frame: Mapping[object, object], above: str, depth: int = 1
) -> Iterator[tuple[str, object]]:
    """Yield the fields in a dictionary under dotted names, also from frames in frames."""
    for key, value in frame.items():
        name = str(key)
        if folded(name) in _FRAMES and isinstance(value, Mapping) and depth < _DEEPEST:
            yield from _fields(value, f"{above}.{name}", depth + 1)
        elif folded(name) in ATTRIBUTE_LISTS or any(rank(name, kind) for kind in _OF_PRODUCT):
            yield f"{above}.{name}", value


def _options(
    variant: Mapping[object, object], names: Sequence[str]
) -> Iterator[tuple[str, object]]:
    """Yield name and value of each field in which a variant differs."""
    for number in range(1, 4):  # Shopify: option1, and its name beside the variants
        value = variant.get(f"option{number}")
        if not is_nothing(value) and not is_no_option(value):
            yield names[number - 1] if number <= len(names) else f"Option {number}", value
    for key, value in variant.items():
        if folded(str(key)) in _OPTION_LISTS:
            yield from ((name, said) for name, said in pairs(value) if not is_no_option(said))
        elif (name := _DIFFERENCES.get(folded(str(key)))) and not is_nothing(plain(value)):
            yield name, value


def _option_names(cells: Cells) -> list[str]:
    options = unpacked(cells.get("options"))
    if not isinstance(options, (list, tuple)):
        return []
    names = [entry.get("name") if isinstance(entry, Mapping) else entry for entry in options]
    return [str(name) for name in names]


def _dictionaries(value: object) -> list[Mapping[object, object]]:
    """Return the dictionaries in a cell: of a list, of one, or of GraphQL's edges."""
    value = unpacked(value)
    if isinstance(value, Mapping):
        edges = value.get("edges") or value.get("nodes") or value.get("data")
        value = edges if isinstance(edges, (list, tuple)) else [value]
    if not isinstance(value, (list, tuple)):
        return []
    entries = [entry for entry in value if isinstance(entry, Mapping)]
    nodes = [entry.get("node") for entry in entries]
    inner = [node for node in nodes if isinstance(node, Mapping)]
    return inner if inner and len(inner) == len(entries) else entries
