"""Decide what each product of a file is: its product type, and the department above it.

A category column says many things in practice: a thing ("Sofas"), a department ("Computers"), a
room, an audience, a state ("New in"). Only a thing may become the product type, because grounding
looks for it and the rewrite is built on it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from core.base.title_nouns import TitleNouns
from core.catalog.text import clean

#: Rows that are looked at before the first one is taken.
SURVEYED = 5000
#: A value of at least this many rows can be distrusted: titles then say what it is.
_ENOUGH = 5
#: Largest share of a value's titles, and of all titles, that name a department's word by chance.
_RARELY, _SELDOM = 0.1, 0.35
#: Fewest different things among a department's titles.
_VARIED = 3
_LIMIT = 120
_LEVELS = re.compile(r"\s*(?:[>»|]|/)+\s*")
_NOTHING = re.compile(r"n\s*/\s*a", re.I)


@dataclass(frozen=True, slots=True)
class Category:
    """What a product is, and where a shop keeps it; empty where nothing says so."""

    product_type: str = ""
    department: str = ""


@dataclass(slots=True)
class _Value:
    """What the surveyed titles of one category value say."""

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
        self._departments: frozenset[str] = frozenset()
        self._named: frozenset[str] = frozenset()
        self._learn(survey)

    def of(self, row: Mapping[str, object]) -> Category:
        """Return the product type and department of a row.

        The finest category that names a thing is the type, else the noun of an English title; the
        coarsest category is the department.
        """
        levels = self._levels(row)
        named = [level for level in levels if self._is_type(level)]
        sure = [level for level in named if self._is_sure(level)]
        head = self._from_title(clean(row.get(self._title), 500))
        kind = (sure[-1:] or [head] if head else named[-1:] or [""])[0]
        above = [level for level in levels if level != kind and not self._nouns.is_state(level)]
        if not kind and levels and self._nouns.is_department(levels[-1]):
            kind = levels[-1]  # "fruit" says more than a title that names no thing
        return Category(kind[:_LIMIT], above[0][:_LIMIT] if above else "")

    def _from_title(self, title: str) -> str:
        return self._nouns.head(title) if self._nouns.is_english(title) else ""

    def _is_type(self, level: str) -> bool:
        return level.lower() not in self._departments and self._nouns.names_a_thing(level)

    def _is_sure(self, level: str) -> bool:
        """Whether a value is believed to name a thing: not a lone unknown word such as "Basics"."""
        lone = len(level.split()) == 1
        return not lone or level.lower() in self._named or self._nouns.is_thing(level)

    def _levels(self, row: Mapping[str, object]) -> list[str]:
        """The categories of a row, the coarsest first."""
        cells = [_steps(clean(row.get(column), 500)) for column in self._columns]
        return list(dict.fromkeys(step for cell in cells for step in cell))

    def _learn(self, survey: Iterable[Mapping[str, object]]) -> None:
        values: dict[str, dict[str, _Value]] = {column: {} for column in self._columns}
        for row in survey:
            title = clean(row.get(self._title), 500)
            head = self._from_title(title)
            for column in self._columns:
                for level in _steps(clean(row.get(column), 500)):
                    value = values[column].setdefault(level.lower(), _Value())
                    value.rows += 1
                    value.naming += self._nouns.named_in(level, title)
                    value.heads[head] += bool(head)
        # The column with more values is the finer one; a stable sort keeps the file's order.
        self._columns = tuple(sorted(self._columns, key=lambda column: len(values[column])))
        self._departments = frozenset(
            name for column in self._columns for name in _departments(values[column])
        )
        self._named = frozenset(
            name
            for column in self._columns
            for name, value in values[column].items()
            if value.naming
        )


def _departments(values: Mapping[str, _Value]) -> list[str]:
    """Values of a column whose titles name many other things, and hardly ever the value's word."""
    rows = sum(value.rows for value in values.values())
    naming = sum(value.naming for value in values.values())
    if not rows or naming / rows >= _SELDOM:
        return []  # the column names things: titles without its word are fanciful ones
    return [
        name
        for name, value in values.items()
        if value.rows >= _ENOUGH
        and value.naming / value.rows <= _RARELY
        and len(+value.heads) >= _VARIED
        and sum(value.heads.values()) >= value.rows / 2
    ]


def _steps(cell: str) -> list[str]:
    """The levels of a category path: "Home > Living > Sofas"; several paths give the first."""
    if _NOTHING.fullmatch(cell):
        return []
    first = re.split(r"\s*[;]\s*", cell, maxsplit=1)[0]
    return [step.strip() for step in _LEVELS.split(first) if step.strip()]
