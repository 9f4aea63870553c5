"""Lists that somebody was looking at, as pairs of one growing judgment set."""

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

#: The set of a catalogue that takes such lists.
SET_ID, NAME = "from-search", "Lists from Explore and Compare"
_GUIDELINES = """Ask: would someone who searched for this be happy to see this item?
When in doubt between two grades, take the lower one."""


def collect(
    desk: JudgmentQueue, asked: JudgmentQuery, item_ids: Iterable[str], engines: Sequence[str]
) -> tuple[JudgmentSet, JudgmentQuery]:
    """Add a query's items to the set, which is made where it is not there yet.

    Returns:
        The set, and the query as it is called there; asked again, it keeps its id.
    """
    wanted = sorted(set(item_ids))
    if not wanted:
        raise JudgmentError("This list is empty, so there is nothing to judge.")

    def named(old: JudgmentSet) -> JudgmentQuery:
        for query in old.queries:
            if replace(query, query_id=asked.query_id) == asked:
                return query
        taken = {query.query_id for query in old.queries}
        number = len(taken) + 1
        while f"q{number}" in taken:
            number += 1
        return replace(asked, query_id=f"q{number}")

    def grown(old: JudgmentSet) -> JudgmentSet:
        query = named(old)
        known = {pair.key for pair in old.pairs}
        new = [Pair(query, item) for item in wanted if (query.query_id, item) not in known]
        return replace(
            old,
            engines=tuple(dict.fromkeys((*old.engines, *engines))),
            depth=max(old.depth, len(wanted)),
            pairs=(*old.pairs, *new),
        )

    rules = Rules(guidelines=_GUIDELINES, overlap=1)
    start = JudgmentSet(SET_ID, NAME, rules, (), 0, (), datetime.now(UTC), revision=0)
    made = desk.revise(SET_ID, grown, start)
    return made, named(made)


def as_judged(query: Query, where: Catalog) -> JudgmentQuery:
    """A search as a judgment set keeps it; its picture, or a part of one, goes into the store.

    Filters and options are no part of what is asked: they only say which items were looked at.

    Raises:
        JudgmentError: It asks for nothing, or moves away from words, which no set can hold.
        QueryError: There is no such item.
    """
    if query.minus:
        raise JudgmentError("A judgment set can't hold “without”: clear that field first.")
    item_id, image = query.item_id, query.image
    if query.region is not None:
        if image is None:
            image = where.images.open(where.store.item(item_id).photo.sha256)
        image, item_id = image.crop(query.region.as_xyxy()), ""
    picture = where.images.add(_jpeg(image)).sha256 if image is not None else ""
    text = query.text.strip()
    if not (text or item_id or picture):
        raise JudgmentError("Search for something first: words, a picture or an item.")
    return JudgmentQuery("", text, item_id, picture)


def _jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "JPEG", quality=92)
    return buffer.getvalue()
