"""Result cards and the lines around them, as HTML with every value escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from urllib.parse import urlencode

from core.app.studio import Studio
from core.base.counts import counted
from core.base.percentages import percent
from core.catalog.prices import amount
from core.domain import Engine, Grounding, Hit, Item, Photo, SearchResult
from ui.components.framed_photo import FramedPhoto, framed_photo
from ui.media import photo_url

#: Near-duplicates that a card shows when it is asked for them.
MOST_FOLDED = 12

#: Longest side of a photo that fills a square tile, divided by its shortest.
_NEARLY_SQUARE = 1.6

#: An answer that took longer has waited for its models to be read.
_LOADING_MS = 1000


_NOTHING: Mapping[str, str] = MappingProxyType({})
_NOT_FRAMED: Mapping[str, Grounding] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Card:
    """The content of one card.

    Attributes:
        item: The item.
        kind: Its product type, if the title does not contain it.
        price: Its price as written; “from” the lowest one where its variants differ.
        photo: URL of its thumbnail.
        inspect: Link to the item on Inspect.
        rank: 1 is best; 0 where items are browsed rather than ranked.
        reasons: Why it was found.
        marks: Its numbers of variants and photos, if more than one.
        folded: Near-duplicates that are hidden behind it.
        seen: Its description, if it says more than the title.
        strength: Score of the match, for analysts.
        framed: Its photo with the item framed, where the photo shows much more.
        brand: Its brand, if the title does not contain it.
        fills: Whether its photo fills a square tile without losing much at its edges.
    """

    item: Item
    kind: str
    price: str
    photo: str
    inspect: str
    rank: int = 0
    reasons: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    folded: Folded | None = None
    seen: str = ""
    strength: str = ""
    framed: FramedPhoto | None = None
    brand: str = ""
    fills: bool = False


@dataclass(frozen=True, slots=True)
class Folded:
    """Near-duplicates of a card: their title, those to show, the number of further ones."""

    title: str
    cards: tuple[Card, ...]
    more: int


def item_card(
    item: Item,
    catalog: str,
    groups: Mapping[str, int] | None = None,
    busy: Mapping[str, Grounding] = _NOT_FRAMED,
) -> Card:
    """Return the card of an item that was not searched for.

    Args:
        item: The item.
        catalog: Name of its catalogue.
        groups: How many items share a group.
        busy: Groundings of items whose photo shows much more; they are framed.
    """
    return Card(
        item=item,
        kind=kind(item),
        price=price_text(item),
        photo=photo_url(item.photo, catalog),
        inspect=inspect_link(item.item_id, catalog),
        marks=marks(item, groups or {}),
        framed=framed_photo(item, busy.get(item.item_id), None, catalog),
        brand=brand(item),
        fills=fills(item.photo),
    )


def framed_card(studio: Studio, item: Item, catalog: str) -> Card:
    """Return the card of an item that is asked with, framed where its photo shows much more."""
    return item_card(item, catalog, busy=studio.grounding.busy([item], catalog))


def price_text(item: Item) -> str:
    """Return the price as written, or ``from`` the lowest price if an item's variants differ."""
    priced = [(number, v.price) for v in item.variants if (number := amount(v.price)) is not None]
    if len({number for number, _ in priced}) < 2:
        return item.price
    return f"from {min(priced)[1]}"


def marks(item: Item, groups: Mapping[str, int]) -> tuple[str, ...]:
    """Return an item's numbers of variants and photos, if more than one: ``3 variants``."""
    in_group = groups.get(item.group, 0) if item.group else 0
    variants = max(len(item.variants), in_group)
    photos = len(item.photos) + len(web_photos(item))
    numbers = ((variants, "variant"), (photos, "photo"))
    return tuple(counted(count, noun) for count, noun in numbers if count > 1)


def web_photos(item: Item) -> tuple[str, ...]:
    """Return the addresses of photos that are not stored."""
    return tuple(link for link in item.photo_links if is_web(link))


def is_web(address: str) -> bool:
    """Tell whether an address is a web address, which a page may link to."""
    return address.startswith(("http://", "https://"))


def hit_cards(
    studio: Studio,
    hits: Sequence[Hit],
    catalog: str,
    asked: Mapping[str, str] = _NOTHING,
    busy: Mapping[str, Grounding] = _NOT_FRAMED,
    engine: Engine | None = None,
) -> list[Card]:
    """Return the cards of search results, with the near-duplicates behind each.

    Args:
        studio: The façade.
        hits: The results.
        catalog: Name of their catalogue.
        asked: The query as Inspect takes it in a link: words, or the item that they are like.
        busy: Groundings of items whose photo shows much more; they are framed.
        engine: The engine that answered; ``None`` where nothing may tell it.
    """
    groups = studio.group_sizes(catalog)
    ids = [name for hit in hits for name in hit.duplicates[:MOST_FOLDED]]
    items = studio.items_by_id(ids, catalog) if ids else {}
    return [
        replace(
            hit_card(hit, catalog),
            inspect=inspect_link(hit.item.item_id, catalog, asked),
            marks=marks(hit.item, groups),
            folded=_folded(hit, items, catalog) if hit.duplicates else None,
            framed=framed_photo(hit.item, busy.get(hit.item.item_id), engine, catalog),
        )
        for hit in hits
    ]


def _folded(hit: Hit, items: Mapping[str, Item], catalog: str) -> Folded:
    count = len(hit.duplicates)
    shown = hit.duplicates[:MOST_FOLDED]
    cards = tuple(item_card(items[name], catalog) for name in shown if name in items)
    return Folded(f"{count:,} more like this photo", cards, count - len(cards))


def hit_card(hit: Hit, catalog: str) -> Card:
    """Return the card of a search result."""
    return replace(
        item_card(hit.item, catalog),
        rank=hit.rank,
        reasons=hit.reasons,
        seen=hit.rewrite if says_more(hit.rewrite, hit.item.title) else "",
        strength=_strength(hit),
    )


def _strength(hit: Hit) -> str:
    if hit.zscore is None:
        return ""
    place = f"Nearer than the average item by {hit.zscore:.1f} standard deviations (cosine)"
    sure = f", right with a probability of {percent(hit.probability)}" if hit.probability else ""
    return place + sure


def says_more(rewrite: str, title: str) -> bool:
    """Tell whether the rewrite has a word that the title has not."""
    return bool(set(rewrite.casefold().split()) - set(title.casefold().split()))


def kind(item: Item) -> str:
    """Return the product type, or the department where the type says no more than the title."""
    said = item.title.strip().lower()
    return item.product_type if item.product_type.lower() != said else item.department


def brand(item: Item) -> str:
    """Return the brand, where the title does not name it already."""
    name = next((v for n, v in item.attributes.items() if n.casefold() == "brand"), "")
    return "" if name.casefold() in item.title.casefold() else name


def fills(photo: Photo) -> bool:
    """Tell whether a photo is nearly square, so that it fills a square tile."""
    sides = sorted((photo.width, photo.height))
    return sides[0] > 0 and sides[1] <= _NEARLY_SQUARE * sides[0]


def inspect_link(item_id: str, catalog: str, asked: Mapping[str, str] = _NOTHING) -> str:
    """Return the link to an item's page on Inspect, with what was asked when it was found."""
    return "/inspect?" + urlencode({"item": item_id, "catalog": catalog, **asked})


def milliseconds(result: SearchResult) -> str:
    """Return the time of an answer, from query to hits; empty where it loaded its models first."""
    took = result.encode_ms + result.search_ms
    return f"{took:.0f} ms" if took < _LOADING_MS else ""
