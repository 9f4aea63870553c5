"""Result cards and the lines around them, as HTML with every value escaped."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from core.domain import Hit, Item, SearchResult
from ui.media import photo_url


@dataclass(frozen=True, slots=True)
class Card:
    """What one card shows.

    Attributes:
        item: The item.
        kind: What it is, where its title does not say so.
        photo: URL of its thumbnail.
        inspect: Link to everything known of it.
        rank: 1 is best; 0 where items are browsed rather than ranked.
        reasons: Why it was found.
        folded: How many near-duplicates are hidden behind it.
        seen: Its rewritten words, where they say more than the title.
        strength: How far it stands out, for those who want the figure.
    """

    item: Item
    kind: str
    photo: str
    inspect: str
    rank: int = 0
    reasons: tuple[str, ...] = ()
    folded: str = ""
    seen: str = ""
    strength: str = ""


def item_card(item: Item, catalog: str) -> Card:
    """The card of an item that was not searched for."""
    return Card(
        item=item,
        kind=kind(item),
        photo=photo_url(item.photo, catalog),
        inspect=inspect_link(item.item_id, catalog),
    )


def hit_card(hit: Hit, catalog: str) -> Card:
    """The card of a search result."""
    return replace(
        item_card(hit.item, catalog),
        rank=hit.rank,
        reasons=hit.reasons,
        seen=hit.rewrite if says_more(hit.rewrite, hit.item.title) else "",
        strength=f"z-score {hit.zscore:.1f}" if hit.zscore is not None else "",
        folded=plural(len(hit.duplicates), "near-duplicate") + " folded" if hit.duplicates else "",
    )


def says_more(rewrite: str, title: str) -> bool:
    """Does the rewrite hold a word that the title does not?"""
    return bool(set(rewrite.casefold().split()) - set(title.casefold().split()))


def kind(item: Item) -> str:
    """The product type, or the department where the type says no more than the title."""
    said = item.title.strip().lower()
    return item.product_type if item.product_type.lower() != said else item.department


def inspect_link(item_id: str, catalog: str) -> str:
    """Link to the page that shows everything known of an item."""
    return "/inspect?" + urlencode({"item": item_id, "catalog": catalog})


def plural(count: int, noun: str) -> str:
    """``1 match``, ``3 matches``, ``2 items``: a count with its regular English noun."""
    if count == 1:
        return f"1 {noun}"
    return f"{count:,} {noun}{'es' if noun.endswith(('ch', 's', 'sh')) else 's'}"


def milliseconds(result: SearchResult) -> str:
    """Time of one answer, from query to hits."""
    return f"{result.encode_ms + result.search_ms:,.0f} ms"
