"""Decide the product type and the department of each product of a file.

In practice a category column holds many kinds of values: products ("Sofas"), departments
("Computers"), rooms, audiences, states ("New in"). Only a product may become the product type,
because grounding and rewriting depend on it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from core.base.title_nouns import TitleNouns
from core.catalog.cells import plain
from core.catalog.column_names import folded, rank
from core.catalog.text import clean

#: Number of rows that are surveyed before the first one is used.
SURVEYED = 5000
#: Fewest rows of a value for its titles to decide whether it is a department.
_ENOUGH = 5
#: Largest share of a value's titles, and of all titles, that name a department's word by chance.
_RARELY, _SELDOM = 0.1, 0.35
#: Fewest different things among a department's titles.
_VARIED = 3
_LIMIT = 120
_LEVELS = re.compile(r"\s*(?:[>»|]|/)+\s*")
#: Names of columns that hold several categories, and what stands between them.
_SEVERAL = {"categories", "collections", "kategorien", "categorias", "categorie", "kategorie"}
_COMMA = re.compile(r"(?<!\\),\s*")
#: Departments that serve as type if the title names no product, such as "Pink Lady".
_FOODS = {"fruit", "fruits", "vegetable", "vegetables"}
_MARKETPLACES = ("google_", "fb_", "facebook_", "taxonomy")
_NOTHING = re.compile(r"n\s*/\s*a", re.I)


@dataclass(frozen=True, slots=True)
class Category:
    """Product type and department; empty if unknown."""

    product_type: str = ""
    department: str = ""


@dataclass(slots=True)
class _Value:
    """Counts over the surveyed titles of one category value."""

    rows: int = 0
    naming: int = 0
    heads: Counter[str] = field(default_factory=Counter)


class ProductTypes:
    """Product types and departments of one file's rows.

    Args:
        nouns: The words that name things.
        title: Column of the title.
        columns: Columns that hold categories, in the order of the file.
        survey: Some rows of the file, to learn which values are departments.
    """

    def __init__(
        self,
        nouns: TitleNouns,
        title: str,
        columns: Sequence[str],
        survey: Iterable[Mapping[str, object]] = (),
    ) -> None:
        self._nouns = nouns
        self._title = title
        self._columns = tuple(columns)
        self._coarse = tuple(
            column
            for column in columns
            if rank(column, "department") and not rank(column, "product_type")
        )
        self._departments: frozenset[str] = frozenset()
        self._named: frozenset[str] = frozenset()
        self._common: frozenset[str] = frozenset()
        self._learn(survey)

    def of(self, row: Mapping[str, object]) -> Category:
        """Return the product type and department of a row.

        The finest category that names a thing is the type, else the noun of an English title; the
        coarsest category is the department.
        """
        levels = self._levels(row)
        coarse = [level for column in self._coarse for level in _cell(row, column)]
        named = [
            level
            for level in levels
            if self._is_type(level) and (level not in coarse or self._nouns.is_thing(level))
        ]
        sure = [level for level in named if self._is_sure(level)]
        head = self._from_title(clean(plain(row.get(self._title)), 500))
        kind = (sure[-1:] or [head] if head else named[-1:] or [""])[0]
        cells = (_cell(row, name) for name in sorted(self._columns, key=_is_of_a_marketplace))
        paths = [cell[0] for cell in cells if len(cell) > 1]
        above = [
            level
            for level in (*paths, *levels)
            if level != kind and not self._nouns.is_state(level)
        ]
        finest = next((level for level in reversed(levels) if level not in coarse), "")
        if not kind and self._stands_in(finest, levels):
            kind = finest  # "fruit" is better than a title that names no product
        department = next(iter(coarse or above), "")
        return Category(kind[:_LIMIT], department[:_LIMIT])

    def _stands_in(self, level: str, levels: Sequence[str]) -> bool:
        """Tell whether a department can be a type: it has few products and is below another one."""
        if level.lower() in _FOODS:
            return True
        few = level.lower() not in self._common and len(levels) > 1
        return few and self._nouns.is_department(level)

    def _from_title(self, title: str) -> str:
        return self._nouns.kind(title) if self._nouns.is_english(title) else ""

    def _is_type(self, level: str) -> bool:
        return level.lower() not in self._departments and self._nouns.names_a_thing(level)

    def _is_sure(self, level: str) -> bool:
        """Tell whether a value surely names a product: not a single unknown word such as
        "Basics"."""
        lone = len(level.split()) == 1
        return not lone or level.lower() in self._named or self._nouns.is_thing(level)

    def _levels(self, row: Mapping[str, object]) -> list[str]:
        """Return the categories of a row, the coarsest first."""
        cells = [_cell(row, column) for column in self._columns]
        title = clean(plain(row.get(self._title)), 500).lower()
        steps = (s for cell in cells for s in cell if len(cell) == 1 or s.lower() != title)
        return list(dict.fromkeys(steps))

    def _learn(self, survey: Iterable[Mapping[str, object]]) -> None:
        values: dict[str, dict[str, _Value]] = {column: {} for column in self._columns}
        for row in survey:
            title = clean(plain(row.get(self._title)), 500)
            head = self._from_title(title)
            for column in self._columns:
                for level in _cell(row, column):
                    value = values[column].setdefault(level.lower(), _Value())
                    value.rows += 1
                    value.naming += self._nouns.named_in(level, title)
                    value.heads[head] += bool(head)
        # The column with more values is the finer one; a stable sort keeps the file's order.
        self._columns = tuple(sorted(self._columns, key=lambda column: len(values[column])))
        self._departments = frozenset(
            name for column in self._columns for name in _departments(values[column])
        )
        self._common = frozenset(
            name
            for column in self._columns
            for name, value in values[column].items()
            if value.rows >= _ENOUGH
        )
        self._named = frozenset(
            name
            for column in self._columns
            for name, value in values[column].items()
            if value.naming
        )


def _departments(values: Mapping[str, _Value]) -> list[str]:
    """Return the values whose titles name many other products and hardly ever the value itself."""
    rows = sum(value.rows for value in values.values())
    naming = sum(value.naming for value in values.values())
    if not rows or naming / rows >= _SELDOM:
        return []  # the column names products: titles without its word are fanciful
    return [
        name
        for name, value in values.items()
        if value.rows >= _ENOUGH
        and value.naming / value.rows <= _RARELY
        and len(+value.heads) >= _VARIED
        and sum(value.heads.values()) >= value.rows / 2
    ]


def _is_of_a_marketplace(column: str) -> bool:
    """Tell whether a column has a marketplace's categories, not the shop's own."""
    return folded(column).startswith(_MARKETPLACES)


def _cell(row: Mapping[str, object], column: str) -> list[str]:
    """Return the levels of a cell; a column of several categories has them between commas."""
    value = plain(row.get(column))
    if isinstance(value, (list, tuple)):
        nested = any(_LEVELS.search(clean(entry, 500)) for entry in value)
        if nested:  # several paths
            value = value[0] if value else ""
        else:
            return [step for step in (clean(entry, 500) for entry in value) if step]
    text = clean(value, 500)
    if folded(column).rpartition("_")[2] in _SEVERAL or "(" in column:
        text = _COMMA.split(text, maxsplit=1)[0].replace("\\,", ",")
    return _steps(text)


def _steps(cell: str) -> list[str]:
    """Return the levels of a category path: "Home > Living > Sofas"; of several paths, the
    first."""
    if _NOTHING.fullmatch(cell):
        return []
    first = re.split(r"\s*[;]\s*", cell, maxsplit=1)[0]
    steps = (step.strip() for step in _LEVELS.split(first))
    return [step for step in steps if any(letter.isalpha() for letter in step)]
