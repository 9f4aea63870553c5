"""Collect search results from pages as pairs of one growing judgment set."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from PIL import Image

from core.app.library import Catalog
from core.domain import JudgmentQuery, JudgmentSet, Pair, Query, Rules
from core.errors import JudgmentError
from core.judging.judgment_queue import JudgmentQueue

#: Id and name of the set that collects them.
SET_ID, NAME = "from-search", "Lists from Explore and Compare"
_GUIDELINES = """Ask: would someone who searched for this be happy to see this item?
When in doubt between two grades, take the lower one."""


def collect(
    desk: JudgmentQueue, asked: JudgmentQuery, item_ids: Iterable[str], engines: Sequence[str]
) -> tuple[JudgmentSet, JudgmentQuery]:
    """Add a query's items to the set; create the set if it does not exist.

    Returns:
        The set, and the query with its id in the set; an equal query keeps its id.
    """
    wanted_items = sorted(set(item_ids))
    if not wanted_items:
        raise JudgmentError("This list is empty, so there is nothing to judge.")

    wanted_query = (asked.text, asked.item_id, asked.picture)
    queries: list[JudgmentQuery] = []

    def named(old: JudgmentSet) -> JudgmentQuery:
        in_set = old.queries
        for query in in_set:
            if (query.text, query.item_id, query.picture) == wanted_query:
                return query
        taken = {query.query_id for query in in_set}
        number = len(taken) + 1
        while f"q{number}" in taken:
            number += 1
        return replace(asked, query_id=f"q{number}")

    def grown(old: JudgmentSet) -> JudgmentSet:
        query = named(old)
        queries.append(query)
        existing = {pair.item_id for pair in old.pairs if pair.query.query_id == query.query_id}
        new = [Pair(query, item) for item in wanted_items if item not in existing]
        return replace(
            old,
            engines=tuple(dict.fromkeys((*old.engines, *engines))),
            depth=max(old.depth, len(wanted_items)),
            pairs=(*old.pairs, *new),
        )

    rules = Rules(guidelines=_GUIDELINES, overlap=1)
    start = JudgmentSet(SET_ID, NAME, rules, (), 0, (), datetime.now(UTC), revision=0)
    return desk.sets.revise(SET_ID, grown, start), queries[-1]


def as_judged(query: Query, catalog: Catalog) -> JudgmentQuery:
    """Turn a search into a judgment query; store its picture, or the region of it.

    Filters and options are dropped: they only select the items that were shown.

    Raises:
        JudgmentError: The search is empty, or it has ``minus``, which a set can't represent.
        QueryError: There is no such item.
    """
    if query.minus:
        raise JudgmentError("A judgment set can't hold “without”: clear that field first.")
    item_id, image = query.item_id, query.image
    if query.region is not None:
        if image is None:
            image = catalog.images.open(catalog.store.item(item_id).photo.sha256)
        image, item_id = image.crop(query.region.as_xyxy()), ""
    picture = catalog.images.add(_jpeg(image)).sha256 if image is not None else ""
    text = query.text.strip()
    if not (text or item_id or picture):
        raise JudgmentError("Search for something first: words, a picture or an item.")
    return JudgmentQuery("", text, item_id, picture)


def _jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "JPEG", quality=92)
    return buffer.getvalue()
