"""Say where an item stands in other engines' lists, and how far it moved from the first list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.base.counts import counted


@dataclass(frozen=True, slots=True)
class Change:
    """Rank change against the first column, as a sign and in words."""

    sign: str
    words: str
    tone: str


@dataclass(frozen=True, slots=True)
class Places:
    """Where an item stands in the lists of other engines.

    Attributes:
        said: Its place in the only other list, or in the first of several; empty in that list.
        lists: In how many other lists it is; empty where there is only one other.
        ranks: With several other lists: an engine's title, and the item's place there in words.
    """

    said: str = ""
    lists: str = ""
    ranks: tuple[tuple[str, str], ...] = ()


def change(ranks: Mapping[str, int], engine: str, titles: Mapping[str, str]) -> Change | None:
    """Return how an item's rank with ``engine`` compares with that in the first of ``titles``.

    Args:
        ranks: The item's rank per engine that found it.
        engine: The column that the item stands in.
        titles: Name to title of all compared engines, the first being the baseline.
    """
    first = next(iter(titles))
    if len(titles) < 2:
        return None
    if set(ranks) == {engine}:
        return Change(f"{titles[engine]} only", f"Only {titles[engine]} shows this item", "only")
    if engine == first:
        return None
    if first not in ranks:
        return Change("new", f"{titles[first]} does not show this item", "only")
    up = ranks[first] - ranks[engine]
    if up == 0:
        return Change("=", f"Same rank as with {titles[first]}", "equal")
    words = (
        f"{counted(abs(up), 'rank')} {'higher' if up > 0 else 'lower'} than with {titles[first]}"
    )
    return Change(f"{'▲' if up > 0 else '▼'}{abs(up)}", words, "up" if up > 0 else "down")


def places(ranks: Mapping[str, int], engine: str, titles: Mapping[str, str]) -> Places:
    """Return where an item of one column stands in the others; arguments as for ``change``.

    With many columns only the first one's place is said on the card; the others are counted.
    """
    first, *_ = titles
    others = [name for name in titles if name != engine]
    if not others:
        return Places()
    if len(others) == 1:
        return Places(_with(ranks, others[0], titles))
    count = sum(name in ranks for name in others)
    if not count:
        return Places("in no other list")
    return Places(
        "" if engine == first else _with(ranks, first, titles),
        f"in {count} of {len(others)} other lists",
        tuple((titles[name], _place(ranks, name)) for name in others),
    )


def _with(ranks: Mapping[str, int], name: str, titles: Mapping[str, str]) -> str:
    if name not in ranks:
        return f"not with {titles[name]}"
    return f"{_place(ranks, name)} with {titles[name]}"


def _place(ranks: Mapping[str, int], name: str) -> str:
    return f"number {ranks[name]}" if name in ranks else "not shown"
