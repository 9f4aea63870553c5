"""Facets of a catalogue: which values there are, how many items have each, which items match."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import TypeVar

from core.catalog.prices import prices_of
from core.domain import Facet, FacetValue, Filters, Hit, Item, Sort, attribute_facet
from core.store.catalog_store import CatalogStore
from core.store.database import read_rows, version_of
from core.store.item_more import read_more
from core.store.items import MORE

_T = TypeVar("_T")

#: An attribute with more values than this is no facet, unless it is one of ``_ALWAYS``.
MOST_VALUES = 60
#: Largest share of different values: codes, of which each item has its own, are no facet.
_MOST_DISTINCT = 0.8
#: Most items of a department that are shown where nothing is asked for.
MOST_ON_SHELF = 24
#: Most attributes to choose from.
MOST_FACETS = 60
#: Attributes that people filter by however many values they have.
_ALWAYS = frozenset({"brand", "colour", "color", "material", "size", "gender"})
#: The two columns that every catalogue has.
DEPARTMENT, PRODUCT_TYPE = "department", "product_type"

#: Name (SHA-256) of an item's photo.
_PHOTO = "photo_sha256"
_COLUMNS = ["item_id", DEPARTMENT, PRODUCT_TYPE, "price", "group", "attributes"]


@dataclass(frozen=True, slots=True)
class _Rows:
    """The columns of all items, in one order: ids, prices, and the values of each facet.

    A product with variants has the prices of all of them. ``groups`` has the sizes of groups with
    two items or more, ``shelves`` the first items of each department.

    Any attribute filters; facets are those with few enough values to choose from a list. The others
    are not kept by column: each row may have attributes that no other has.
    """

    ids: Sequence[str]
    prices: Sequence[tuple[float, ...]]
    attributes: Sequence[Mapping[str, str]]
    facets: Mapping[str, Sequence[str]]
    groups: Mapping[str, int]
    shelves: Mapping[str, Sequence[str]]

    def column(self, name: str) -> Sequence[str]:
        """Return the values of a facet or of any attribute; empty where an item has none."""
        if name in self.facets:
            return self.facets[name]
        return [values.get(name, "") for values in self.attributes]

    def passing(self, filters: Filters, but: str = "") -> list[bool]:
        """Tell for each item whether it passes; the facet ``but`` restricts nothing."""
        passes = [True] * len(self.ids)
        for name, wanted in filters.by_facet().items():
            if name == but or not wanted:
                continue
            column, chosen = self.column(name), frozenset(wanted)
            passes = [ok and value in chosen for ok, value in zip(passes, column, strict=True)]
        if filters.has_price:
            passes = [
                ok and any(map(filters.takes_price, prices))
                for ok, prices in zip(passes, self.prices, strict=True)
            ]
        return passes


class FacetIndex:
    """The facets of one catalogue, read again only when its items have changed."""

    def __init__(self, store: CatalogStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._kept: tuple[int, _Rows] | None = None

    def facets(self, filters: Filters | None = None) -> tuple[Facet, ...]:
        """Return the facets with counts, department and product type first.

        Each value is counted among the items that pass all *other* facets' filters, so that a
        second value of one facet can be added.

        Raises:
            CatalogDamaged: The items can't be read.
        """
        rows, filters = self._rows(), filters or Filters()
        facets = []
        for name, column in rows.facets.items():
            passes = rows.passing(filters, but=name)
            counts = Counter(v for v, ok in zip(column, passes, strict=True) if ok and v)
            ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0].casefold()))
            facets.append(Facet(name, tuple(FacetValue(value, n) for value, n in ranked)))
        return tuple(facets)

    def groups(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return all departments and all product types, each sorted."""
        values = self._rows().facets
        departments, types = set(values[DEPARTMENT]) - {""}, set(values[PRODUCT_TYPE]) - {""}
        return tuple(sorted(departments)), tuple(sorted(types))

    def price_range(self) -> tuple[float, float] | None:
        """Return the lowest and the highest price; ``None`` where no price is a number."""
        prices = list(chain.from_iterable(self._rows().prices))
        return (min(prices), max(prices)) if prices else None

    def group_sizes(self) -> Mapping[str, int]:
        """Return how many items share a group, for groups of two or more."""
        return self._rows().groups

    def unknown(self, filters: Filters) -> tuple[tuple[str, str], ...]:
        """Return the filters' (facet, value) pairs that no item has."""
        rows = self._rows()
        wanted = filters.by_facet()
        values = {name: frozenset(rows.column(name)) for name in wanted}
        return tuple(
            (name, value) for name in wanted for value in wanted[name] if value not in values[name]
        )

    def ids(self, filters: Filters) -> list[str]:
        """Return the ids of the items that pass, in the table's order."""
        rows = self._rows()
        return [i for i, ok in zip(rows.ids, rows.passing(filters), strict=True) if ok]

    def shelves(self, most: int, limit: int) -> dict[str, Sequence[str]]:
        """Return the first ids of each of the first departments, both in the table's order.

        That is the order of the file for items that have not changed since. Items with a photo that
        an earlier one has come after the others: things in one room would all show that room.
        At most ``MOST_ON_SHELF`` ids of a department.
        """
        shelves = self._rows().shelves
        return {name: shelves[name][:limit] for name in islice(shelves, most)}

    def by_price(self, ids: Iterable[str], sort: Sort) -> list[str]:
        """Sort ids by lowest price; those without a number as price come last, in their order."""
        rows = self._rows()
        prices = dict(zip(rows.ids, rows.prices, strict=True))
        return _in_order(ids, lambda item_id: next(iter(prices.get(item_id, ())), None), sort)

    def _rows(self) -> _Rows:
        table = self._store.items.table
        with self._lock:
            version = version_of(table)
            if self._kept is None or self._kept[0] != version:
                self._kept = (version, _read(self._store))
            return self._kept[1]


def groups_of(store: CatalogStore) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return all departments and all product types of a catalogue, each sorted."""
    rows = read_rows(store.items.table, [DEPARTMENT, PRODUCT_TYPE])
    departments, types = (set(rows[name].to_pylist()) - {""} for name in (DEPARTMENT, PRODUCT_TYPE))
    return tuple(sorted(departments)), tuple(sorted(types))


def by_price(hits: Sequence[Hit], sort: Sort) -> tuple[Hit, ...]:
    """Sort hits by lowest price where ``sort`` says so; those without a number come last."""

    return tuple(_in_order(hits, lambda hit: _lowest(hit.item), sort))


def items_by_price(items: Sequence[Item], sort: Sort) -> tuple[Item, ...]:
    """Sort items as ``by_price`` sorts hits."""
    return tuple(_in_order(items, _lowest, sort))


def has_prices(items: Iterable[Item]) -> bool:
    """Tell whether any item has a price that it can be sorted by."""
    return any(_lowest(item) is not None for item in items)


def _lowest(item: Item) -> float | None:
    return next(iter(prices_of(item.price, item.variants)), None)


def _in_order(entries: Iterable[_T], price: Callable[[_T], float | None], sort: Sort) -> list[_T]:
    """Sort by price; entries without one come last, and equal ones keep their order."""
    if sort is Sort.MATCH:
        return list(entries)
    sign = -1 if sort is Sort.DEAREST else 1
    priced = [(price(entry), entry) for entry in entries]
    priced.sort(key=lambda pair: (pair[0] is None, sign * (pair[0] or 0.0)))
    return [entry for _, entry in priced]


def _read(store: CatalogStore) -> _Rows:
    table = store.items.table
    further = {MORE} & set(table.schema.names)  # tables of earlier versions have no variants
    rows = read_rows(table, [*_COLUMNS, _PHOTO, *further]).to_pylist()
    attributes = [_attributes(row["attributes"]) for row in rows]
    facets: dict[str, Sequence[str]] = {
        DEPARTMENT: [row[DEPARTMENT] for row in rows],
        PRODUCT_TYPE: [row[PRODUCT_TYPE] for row in rows],
    }
    for name in _facet_names(attributes):
        facets[name] = [values.get(name, "") for values in attributes]
    prices = [
        prices_of(row["price"], read_more(row.get(MORE), row["item_id"]).variants) for row in rows
    ]
    sizes = Counter(row["group"] for row in rows if row["group"])
    groups = {group: size for group, size in sizes.items() if size > 1}
    ids = [row["item_id"] for row in rows]
    return _Rows(ids, prices, attributes, facets, groups, _shelves(rows))


def _shelves(rows: Sequence[Mapping[str, str]]) -> dict[str, list[str]]:
    """Return the first ids of each department, those with a photo of their own before others."""
    new: dict[str, list[str]] = {}
    again: dict[str, list[str]] = {}
    photos: dict[str, set[str]] = {}
    for row in rows:
        name, photo = row[DEPARTMENT], row[_PHOTO]
        if not name or len(new.setdefault(name, [])) == MOST_ON_SHELF:
            continue
        seen = photos.setdefault(name, set())
        shelf = again.setdefault(name, []) if photo and photo in seen else new[name]
        shelf.append(row["item_id"])
        seen.add(photo)
    return {name: [*ids, *again.get(name, ())][:MOST_ON_SHELF] for name, ids in new.items()}


def _facet_names(attributes: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the attributes to choose from, the most frequent first."""
    filled = Counter(name for values in attributes for name, value in values.items() if value)
    # A name that stands once has no two values; a file may have very many of them.
    distinct: dict[str, set[str]] = {name: set() for name, count in filled.items() if count > 1}
    for values in attributes:
        for name, value in values.items():
            seen = distinct.get(name)
            if value and seen is not None and len(seen) <= MOST_VALUES:
                seen.add(value)
    few = [
        name
        for name, count in filled.most_common()
        if name in _ALWAYS
        or 1 < len(distinct.get(name, ())) <= min(MOST_VALUES, _MOST_DISTINCT * count)
    ]
    return few[:MOST_FACETS] + [name for name in few[MOST_FACETS:] if name in _ALWAYS]


def _attributes(text: str) -> Mapping[str, str]:
    try:
        values = json.loads(text)
    except ValueError:
        return {}
    return (
        {attribute_facet(str(n)): str(v) for n, v in values.items()}
        if isinstance(values, dict)
        else {}
    )
