"""What is gathered for a query: candidates of both searches, and what speaks for each."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from core.search.evidence import ENOUGH, LOOKS, Evidence, EvidenceQuery, gather
from core.search.query_words import QueryWords
from core.search.standing import Standing
from core.search.word_match import WordMatch
from core.store.items import ItemWords
from core.store.items import WordMatch as FullTextMatch

VECTOR = np.ones(2, np.float32)
WORDS = QueryWords("red chair", "", ("red", "chair"), "chair")
STANDING = Standing(0.5, 0.1, 9)


class Items:
    """Full-text search and words of items."""

    def __init__(self, *matches):
        self.matches, self.asked = matches, []

    def match(self, text, count, condition):
        self.asked.append((text, count, condition))
        return [FullTextMatch(name, f"h-{name}", "") for name in self.matches]

    def texts(self, names):
        return {name: ItemWords(name, "", name, "", "", f"photo-{name}") for name in names}


class Table:
    """Cosines of the items that have vectors."""

    def __init__(self, **cosines):
        self.cosines = cosines

    def cosines_of(self, names, query, columns):
        assert query is VECTOR
        assert columns == ["vector", "text_vector"]
        return {name: (self.cosines[name], 0.9) for name in names if name in self.cosines}


class Matcher:
    """Compares words: an item has a query's words where its id says so."""

    def __init__(self):
        self.seen = []

    def match(self, texts, shares=None):
        if shares is not None:
            self.seen.append(texts.title)
        return WordMatch(cover=1.0 if shares else 0.5, head=1.0 if "chair" in texts.title else None)

    def asks_photo(self, texts):
        return "silent" in texts.title


def asked(**changes):
    given = {"words": None, "matcher": None, "count": 3, "condition": None} | changes
    return EvidenceQuery(VECTOR, **given)


def near(*names, start=0.9):
    return [(name, f"h-{name}", start - n / 10) for n, name in enumerate(names)]


def test_vectors_alone_give_the_closest_with_their_place():
    calls = []

    def nearest(vector, count, condition):
        calls.append((vector is VECTOR, count, condition))
        return near("a", "b")

    candidates, by_words = gather(asked(condition="c"), Items(), Table(), STANDING, nearest)
    assert calls == [(True, 3, "c")]
    assert by_words == []
    assert candidates == [
        Evidence("a", "h-a", 0.9, pytest.approx(4.0)), Evidence("b", "h-b", 0.8, pytest.approx(3.0))
    ]  # fmt: skip


def test_the_item_that_is_asked_with_is_no_candidate_and_costs_no_place():
    calls = []

    def nearest(vector, count, condition):
        calls.append(count)
        return near("x", "a", "b", "c")[:count]

    items = Items("x", "d")
    query = asked(words=WORDS, matcher=Matcher(), without="x")
    table = Table(a=0.9, b=0.8, c=0.7, d=0.1, x=1.0)
    candidates, by_words = gather(query, items, table, STANDING, nearest)
    assert calls == [4]
    assert sorted(c.item_id for c in candidates) == ["a", "b", "c", "d"]
    assert by_words == ["d"]
    candidates, _ = gather(asked(), items, table, STANDING, lambda *given: near("a", "b", "c", "d"))
    assert [c.item_id for c in candidates] == ["a", "b", "c"]


def test_words_are_searched_too_and_every_candidate_is_compared():
    items, matcher = Items("b", "d", "unembedded"), Matcher()
    query = asked(words=WORDS, matcher=matcher, condition="c")
    table = Table(a=0.11, b=0.22, d=0.33)
    candidates, by_words = gather(query, items, table, STANDING, lambda *given: near("a", "b"))
    assert items.asked == [("red chair", 3, "c")]
    assert by_words == ["b", "d"]
    got = {c.item_id: (c.phash, c.cosine, c.text, c.words.cover) for c in candidates}
    assert got == {
        "a": ("h-a", 0.9, 0.9, 0.5), "b": ("h-b", 0.8, 0.9, 0.5), "d": ("h-d", 0.33, 0.9, 0.5)
    }  # fmt: skip


@pytest.mark.parametrize(("text", "matcher"), [("the", Matcher()), ("red chair", None)])
def test_stop_words_and_vector_queries_are_not_looked_up(text, matcher):
    items = Items("b")
    query = asked(words=QueryWords(text, "", (), ""), matcher=matcher)
    table = Table(a=0.2)
    candidates, by_words = gather(query, items, table, STANDING, lambda *given: near("a", "b"))
    assert (items.asked, by_words) == ([], [])
    assert {c.item_id: c.text for c in candidates} == {"a": 0.9, "b": 0.0}


@pytest.mark.parametrize(("count", "others"), [(ENOUGH - 1, True), (ENOUGH, False)])
def test_other_product_types_come_in_where_few_items_are_of_the_type(count, others):
    of_type = [f"t{n}" for n in range(count)]

    def nearest(vector, most, condition):
        names = of_type if condition == "type" else ["t0", "o1", "o2"]
        return near(*names)[:most]

    query = asked(count=9, condition="all", same_type="type")
    candidates, _ = gather(query, Items(), Table(), STANDING, nearest)
    assert [(c.item_id, c.same_type) for c in candidates] == [
        *((name, True) for name in of_type), *([("o1", False), ("o2", False)] if others else [])
    ]  # fmt: skip


def test_photos_are_looked_at_where_words_say_no_colour_and_the_likeliest_first():
    names = [f"silent {n}" for n in range(LOOKS + 2)] + ["silent chair", "said"]
    matcher, photos = Matcher(), []
    query = asked(
        words=WORDS, matcher=matcher, count=999,
        photo_colours=lambda name: photos.append(name) or {"red": 1.0},
    )  # fmt: skip
    table = SimpleNamespace(cosines_of=lambda names, *given: dict.fromkeys(names, (0.1, 0.2)))
    close = [(name, "h", 0.9 - n / 1000) for n, name in enumerate(names)]
    candidates, _ = gather(query, Items(), table, STANDING, lambda *given: close)
    assert photos == ["photo-silent chair", *(f"photo-silent {n}" for n in range(LOOKS - 1))]
    assert {c.item_id for c in candidates if c.words.cover == 1.0} == {
        name.removeprefix("photo-") for name in photos
    }
    assert matcher.seen[0] == "silent chair"
    unseen = asked(words=WORDS, matcher=Matcher(), count=999)
    candidates, _ = gather(unseen, Items(), table, STANDING, lambda *given: close)
    assert {c.words.cover for c in candidates} == {0.5}
