"""A search with all its options: to and from a link, and to the façade's ``Query``."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice
from typing import TypeVar
from urllib.parse import parse_qsl, urlencode

import gradio as gr
from PIL import Image

from core.base.languages import NAMES
from core.domain import (
    Box,
    CatalogInfo,
    EngineStatus,
    FacetView,
    Filters,
    Query,
    Sort,
    attribute_facet,
)
from core.errors import QueryError

_T = TypeVar("_T")

#: Default and largest number of hits.
FIRST_HITS = 20
MOST_HITS = 200
#: Characters of the words to look for, and of those to move away from.
MOST_CHARACTERS = 2_000

#: Most values of one filter; more can't be chosen by hand, and each is looked up.
MOST_VALUES = 200
#: Longest link that is read, characters.
MOST_LINK = 2**16


@dataclass(frozen=True, slots=True)
class SearchForm:
    """All fields of a search; a link holds all of them but not an uploaded picture.

    Attributes:
        text: Query text.
        minus: Text whose meaning is subtracted.
        item: Id of a catalogue item to find similar ones for.
        example: Number of an example photo, or ``None``.
        region: Only this part of the item's, the example's or the uploaded photo, or ``None``.
        departments: Keep only these; empty keeps all.
        product_types: Keep only these; empty keeps all.
        attributes: Keep only items with these ``(name, value)`` pairs; empty keeps all.
        price_from: Lowest price, or ``None``.
        price_to: Highest price, or ``None``.
        sort: The order of the results.
        engines: Names of the engines; empty means the page's default.
        k: Hits at most.
        cutoff: Hide weak matches.
        fold: Fold near-duplicates.
        words: Compare the words of items, too.
        language: Language of the words (ISO 639-1); empty finds it.
        same_type: Similar items are of the item's product type, where enough are.
        varied: The first hits differ from each other.
        catalog: Name of the catalogue; empty is the default one.
    """

    text: str = ""
    minus: str = ""
    item: str = ""
    example: int | None = None
    region: Box | None = None
    departments: tuple[str, ...] = ()
    product_types: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    price_from: float | None = None
    price_to: float | None = None
    sort: Sort = Sort.MATCH
    engines: tuple[str, ...] = ()
    k: int = FIRST_HITS
    cutoff: bool = True
    fold: bool = True
    words: bool = True
    language: str = ""
    same_type: bool = True
    varied: bool = False
    catalog: str = ""

    @property
    def filters(self) -> Filters:
        """The restriction by column."""
        return Filters(
            self.departments, self.product_types, self.attributes, self.price_from, self.price_to
        )

    def asks(self, picture: bool = False) -> bool:
        """Tell whether there is a query; ``picture`` means that there is a picture."""
        return bool(self.text or self.item or picture or self.example is not None)

    def asked(self) -> dict[str, str]:
        """Return what Inspect explains a result by: the words, or the item that it is like."""
        if self.text:
            return {"q": self.text}
        return {"like": self.item} if self.item and not self.region else {}

    def has_own_picture(self, image: Image.Image | None) -> bool:
        """Tell whether ``image`` was uploaded, so that a link can't reproduce this search."""
        return image is not None and self.example is None

    def query(self, image: Image.Image | None = None) -> Query:
        """Return the façade's query; ``image`` is the uploaded or example picture.

        Raises:
            QueryError: The words are far too many.
        """
        if (longest := max(len(self.text), len(self.minus))) > MOST_CHARACTERS:
            raise QueryError(
                f"That is {longest:,} characters; look for at most {MOST_CHARACTERS:,}."
            )
        return Query(
            text=self.text,
            image=image,
            item_id=self.item,
            region=self.region,
            minus=self.minus,
            filters=self.filters,
            k=self.k,
            cutoff=self.cutoff,
            fold_duplicates=self.fold,
            fulltext=self.words,
            language=self.language,
            any_type=not self.same_type,
            varied=self.varied,
        )

    def like_item(self, item_id: str) -> SearchForm:
        """Return the search for items similar to one, with filters and options kept."""
        return self.ask_only(item=item_id)

    def like_example(self, number: int) -> SearchForm:
        """Return the search by an example photo, with filters and options kept."""
        return self.ask_only(example=number)

    def ask_only(self, text: str = "", item: str = "", example: int | None = None) -> SearchForm:
        """Return the search for this query alone, with filters and options kept."""
        return replace(
            self, text=text, minus="", item=item, example=example, region=None, k=FIRST_HITS
        )

    def link(self, path: str = "") -> str:
        """Return ``path?…`` that reproduces this search, without what is at its default."""
        plain = SearchForm()
        pairs: list[tuple[str, str]] = [
            (name, value)
            for name, value in (
                ("q", self.text),
                ("minus", self.minus),
                ("item", self.item),
                ("example", "" if self.example is None else str(self.example)),
                ("region", self.region.spell() if self.region else ""),
                ("from", "" if self.price_from is None else f"{self.price_from:g}"),
                ("to", "" if self.price_to is None else f"{self.price_to:g}"),
                ("sort", "" if self.sort is plain.sort else self.sort.value),
                ("k", "" if self.k == plain.k else str(self.k)),
                ("cutoff", "" if self.cutoff else "off"),
                ("fold", "" if self.fold else "off"),
                ("words", "" if self.words else "off"),
                ("language", self.language),
                ("same-type", "" if self.same_type else "off"),
                ("varied", "on" if self.varied else ""),
                ("catalog", self.catalog),
            )
            if value
        ]
        pairs += [("department", value) for value in self.departments]
        pairs += [("type", value) for value in self.product_types]
        pairs += [("attribute", f"{name}:{value}") for name, value in self.attributes]
        pairs += [("engine", value) for value in self.engines]
        return f"{path}?{urlencode(pairs)}" if pairs else path


def form_from_pairs(pairs: Iterable[tuple[str, str]]) -> SearchForm:
    """Read a link's parameters; wrong values are replaced by the defaults."""
    several: dict[str, list[str]] = {}
    for name, value in pairs:
        if value.strip():
            several.setdefault(name, []).append(value.strip())
    last = {name: values[-1] for name, values in several.items()}
    return SearchForm(
        text=last.get("q", ""),
        minus=last.get("minus", ""),
        item=last.get("item", ""),
        example=read_number(last.get("example", "")),
        region=Box.read(last.get("region", "")),
        departments=few(several.get("department", ())),
        product_types=few(several.get("type", ())),
        attributes=read_attributes(several.get("attribute", ())),
        price_from=price_limit(last.get("from")),
        price_to=price_limit(last.get("to")),
        sort=read_sort(last.get("sort", "")),
        engines=few(several.get("engine", ())),
        k=clamp_hits(read_number(last.get("k", "")) or FIRST_HITS),
        cutoff=last.get("cutoff") != "off",
        fold=last.get("fold") != "off",
        words=last.get("words") != "off",
        language=read_language(last.get("language", "")),
        same_type=last.get("same-type") != "off",
        varied=last.get("varied") == "on",
        catalog=last.get("catalog", ""),
    )


def read_attributes(spelled: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Read ``name:value`` texts, each pair once; texts without a colon are left out."""
    pairs = (text.partition(":") for text in spelled)
    return few((attribute_facet(name), value) for name, _, value in pairs if name and value)


def few(values: Iterable[_T]) -> tuple[_T, ...]:
    """Return each value once, up to the most that a filter may have."""
    return tuple(islice(dict.fromkeys(values), MOST_VALUES))


def read_sort(spelled: str) -> Sort:
    """Read an order of results; other values mean the order by match."""
    return Sort(spelled) if spelled in set(Sort) else Sort.MATCH


def read_language(spelled: str) -> str:
    """Read a language; other values mean that it is detected."""
    return spelled if spelled in NAMES else ""


def price_limit(value: object) -> float | None:
    """Read a lowest or highest price from a link or a field; other values mean no limit."""
    try:
        price = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return price if 0 <= price < math.inf else None


def form_from_search(search: str) -> SearchForm:
    """Read ``location.search`` from the browser's history."""
    return form_from_pairs(parse_qsl(search[:MOST_LINK].lstrip("?")))


def form_from_request(request: gr.Request) -> SearchForm:
    """Read the link that a page was opened with."""
    return form_from_pairs(request.query_params.multi_items())


def clamp_hits(wanted: int) -> int:
    """Keep the number of hits within what a page can show."""
    return max(1, min(MOST_HITS, wanted))


def ready_first(names: tuple[str, ...], catalog: CatalogInfo | None) -> tuple[str, ...]:
    """Sort engines by their number of searchable items, because indexing may be running."""
    searchable = catalog.searchable if catalog else {}
    return tuple(sorted(names, key=lambda name: -searchable.get(name, 0)))


def choose_engines(
    wanted: tuple[str, ...], statuses: tuple[EngineStatus, ...], default: tuple[str, ...]
) -> tuple[str, ...]:
    """Return the wanted engines that can run here, else the default ones, else all."""
    available = tuple(status.engine.name for status in statuses if status.available)
    chosen = tuple(name for name in wanted if name in available)
    return chosen or tuple(name for name in default if name in available) or available[:1]


def read_number(text: str) -> int | None:
    """Read a small whole number; other texts give ``None``."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None


def apply_action(form: SearchForm, action: str, value: str) -> SearchForm:
    """Return the search after a click on a card or a chip, or on the browser's back button."""
    match action:
        case "similar":
            return form.like_item(value)
        case "example":
            return form.like_example(read_number(value) or 0)
        case "ask":
            return form.ask_only(text=value)
        case "department":
            return replace(form, departments=(value,), product_types=())
        case "unfilter":
            return without_filter(form, *value.partition(":")[::2])
        case "first":  # the other lists are compared with this engine's
            return replace(form, engines=few((value, *form.engines)))
        case "forget":
            return replace(form, item="", example=None, region=None)
        case "region":
            return replace(form, region=Box.read(value), k=FIRST_HITS)
        case "all":
            return replace(form, cutoff=False)
        case "unfold":
            return replace(form, fold=False)
        case "more":
            return replace(form, k=clamp_hits(read_number(value) or form.k))
        case "restore":
            return form_from_search(value)
    return form


def keeps_picture(action: str) -> bool:
    """Tell whether an uploaded picture stays part of the search after an action."""
    return action in {"all", "first", "unfold", "more", "department", "region", "unfilter"}


def without_filter(form: SearchForm, facet: str, value: str) -> SearchForm:
    """Return the search without one value of a facet, or without the range of prices."""
    match facet:
        case "department":
            return replace(form, departments=_without(form.departments, value))
        case "product_type":
            return replace(form, product_types=_without(form.product_types, value))
        case "price":
            return replace(form, price_from=None, price_to=None)
    return replace(form, attributes=_without(form.attributes, (facet, value)))


def _without(values: tuple[_T, ...], gone: _T) -> tuple[_T, ...]:
    return tuple(value for value in values if value != gone)


def known_only(form: SearchForm, view: FacetView | None) -> SearchForm:
    """Return the search without filters that its catalogue does not have."""
    if view is None:
        return replace(form, departments=(), product_types=(), attributes=())
    for facet, value in view.unknown:
        form = without_filter(form, facet, value)
    return form
