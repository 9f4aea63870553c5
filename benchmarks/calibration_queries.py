"""Queries for the weights of search, each with its candidates: what `calibrate.py` fits on."""

from __future__ import annotations

import tempfile
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.pools import Pool, load
from benchmarks.rrf import reciprocal_ranks
from benchmarks.shelves import ENGINES, Shelf, shelf
from core.base.title_nouns import TitleNouns
from core.domain import Query
from core.ports.encoder import Encoder
from core.search import scoring
from core.search.evidence import Evidence
from core.search.relevance import features
from core.search.standing import Standing
from core.search.words import content_words, stem
from core.settings import SHIPPED
from core.store.statistics import CosineStatistics
from core.store.vectors import Vectors

SEED = 21
QUERIES = Path(__file__).parent / "queries" / "presence.toml"
NOUNS = TitleNouns(SHIPPED / "vocabularies")
#: Number of candidates per query.
TOP = 50
#: Catalogues that are also searched without type columns, which some merchants lack.
BLIND = ("luma", "myntra", "ikea")
#: Number of queries of each kind per catalogue.
ASKED = 60
#: Weights of the served order; chosen by ``benchmarks/ranking.py``, that of colours by
#: ``benchmarks/colours.py``.
RANKING = {"z": 1.0, "cover": 3.0, "head": 2.0, "colour": 1.0}


@dataclass(frozen=True)
class Asked:
    """One query with its candidates, best first.

    Attributes:
        catalog: Name of the searched catalogue.
        engine: Which engine searched.
        group: ``title``, ``type``, ``foreign``, ``present``, ``absent``, ``nonsense`` …
        text: The query.
        table: Features by name, a number per candidate.
        right: Whether each candidate is a right answer.
        own: Position of the item that the query was made of; -1 if none or not there.
        known: Whether any word of the query is known.
    """

    catalog: str
    engine: str
    group: str
    text: str
    table: Mapping[str, np.ndarray]
    right: np.ndarray
    own: int = -1
    has_known_words: bool = True


def by_words(shop: Shelf, engine: str, text: str, group: str, right: Iterable[str] = ()) -> Asked:
    """Search with words, comparing the items' words."""
    gathered = shop.searcher.gather(Query(text), shop.models[engine])
    words = gathered.words
    assert words is not None
    unknown = scoring.unknown_words(words, gathered.evidence, NOUNS)
    share_known = 1 - len(unknown) / len(words.words) if words.words else 1.0
    return _asked(shop.pool.name, engine, group, text, gathered.evidence, set(right), share_known,
                  by_words=gathered.by_words)  # fmt: skip


def _asked(
    name: str, engine: str, group: str, text: str, evidence: Sequence[Evidence],
    right: set[str], share_known: float = 1.0, ranking: Mapping[str, float] = RANKING,
    by_words: Sequence[str] = (),
) -> Asked:  # fmt: skip
    near = sorted(evidence, key=lambda e: -e.cosine)
    ranks = reciprocal_ranks([[e.item_id for e in near], list(by_words)])
    fused = [ranks[e.item_id] for e in evidence]
    rows = [features(e) for e in evidence]
    for row, rank in zip(rows, fused, strict=True):
        row["rrf"] = rank
    score = np.array([sum(w * row.get(n, 0.0) for n, w in ranking.items()) for row in rows])
    order = np.argsort(-score, kind="stable")
    marks = np.array([evidence[i].item_id in right for i in order])
    return Asked(
        name, engine, group, text,
        {key: np.array([rows[i][key] for i in order]) for key in rows[0]},
        marks, int(marks.argmax()) if marks.any() else -1, share_known > 0,
    )  # fmt: skip


def words_of(pool: Pool) -> set[str]:
    """Return all stems of a catalogue's words, descriptions included."""
    return {
        stem(word)
        for item, rewrite in zip(pool.items, pool.rewrites, strict=True)
        for word in content_words(
            f"{item.title} {item.product_type} {item.description} {rewrite} "
            + " ".join(item.attributes.values())
        )
    }


def texts_of(pool: Pool, rng: np.random.Generator, most: int) -> list[tuple[str, str, set[str]]]:
    """Return ``(group, text, right ids)`` of titles and types."""
    asked = []
    same: dict[str, set[str]] = {}
    kinds: dict[str, set[str]] = {}
    for item, kind in zip(pool.items, pool.kinds, strict=True):
        same.setdefault(item.title, set()).add(item.item_id)
        kinds.setdefault(kind, set()).add(item.item_id)
    for group, texts in (("title", same), ("type", kinds)):
        names = [name for name in texts if name]
        for n in rng.permutation(len(names))[:most]:
            asked.append((group, names[n], texts[names[n]]))
    return asked


def collect(shelves: Mapping[str, Shelf], blind: Mapping[str, Shelf], most: int) -> list[Asked]:
    """Run all queries on every catalogue with every engine; ``blind`` ones have no types."""
    asked: list[Asked] = []
    presence = tomllib.loads(QUERIES.read_text("utf-8"))
    own = {
        name: texts_of(shop.pool, np.random.default_rng(SEED), most)
        for name, shop in shelves.items()
    }
    for name, shop in shelves.items():
        have = words_of(shop.pool)
        foreign = []
        for other, texts in own.items():
            if other != name:
                foreign += [text for _, text, _ in texts if _absent(text, have)]
        rng = np.random.default_rng(SEED)
        foreign = [foreign[n] for n in rng.permutation(len(foreign))[: 2 * most]]
        for engine in ENGINES:
            asked += [by_words(shop, engine, t, g, right) for g, t, right in own[name]]
            if name in blind:
                kinds = [(t, right) for g, t, right in own[name] if g == "type"]
                asked += [by_words(blind[name], engine, t, "blind", r) for t, r in kinds]
            asked += [by_words(shop, engine, text, "foreign") for text in foreign]
            for group, texts in presence.get(name, {}).items():
                asked += [by_words(shop, engine, text, group) for text in texts]
            asked += [by_words(shop, engine, t, "nonsense") for t in presence["nonsense"]]
        print(f"{name}: asked in words", flush=True)
    return asked


def _absent(text: str, have: set[str]) -> bool:
    """Tell whether a catalogue has neither the noun of a text nor most of its words."""
    noun = NOUNS.head(text).split()
    words = [stem(word) for word in content_words(text)]
    return bool(noun) and stem(noun[-1]) not in have and sum(w in have for w in words) <= 1


def by_pictures(shelves: Mapping[str, Shelf]) -> list[Asked]:
    """Search with photos and with items; photos of other catalogues are foreign."""
    asked = []
    for name, shop in shelves.items():
        pool, rng = shop.pool, np.random.default_rng(SEED)
        for engine in ENGINES:
            vectors = shop.vectors[engine]
            chosen = rng.permutation(len(pool.items))[: 2 * ASKED]
            for n in chosen:
                same = {
                    item.item_id
                    for item, kind in zip(pool.items, pool.kinds, strict=True)
                    if kind == pool.kinds[n] and item is not pool.items[n]
                }
                for kind, query in (
                    ("item", shop.pictures[engine][n]),
                    ("picture", pool.photo[n]),
                ):
                    if same:
                        asked.append(_near(pool, engine, f"{kind} type", query, vectors, same, n))
            if "vectors" in pool.extra:
                pairs = zip(pool.extra["vectors"], pool.extra["right"], strict=True)
                asked += [
                    _near(pool, engine, "picture shop", query, vectors, {str(right)})
                    for query, right in pairs
                ]
            for other, shelf_ in shelves.items():
                if _apart(name, other):
                    photos = shelf_.pool.photo
                    for n in rng.permutation(len(photos))[: ASKED // 2]:
                        asked.append(
                            _near(pool, engine, "picture foreign", photos[n], vectors, set())
                        )
    return asked


#: Catalogues that sell nothing in common.
_WORLDS = {"ikea": "home", "rooms": "home", "luma": "wear", "myntra": "wear", "grocery": "food"}


def _apart(first: str, second: str) -> bool:
    return first in _WORLDS and second in _WORLDS and _WORLDS[first] != _WORLDS[second]


def _near(
    pool: Pool, engine: str, group: str, query: Vectors, vectors: Vectors, right: set[str],
    without: int = -1,
) -> Asked:  # fmt: skip
    standing = Standing.of(query, CosineStatistics.of(vectors))
    cosines = vectors @ query
    order = [n for n in np.argsort(-cosines)[: TOP + 1] if n != without]
    evidence = [
        Evidence(pool.items[n].item_id, "", float(cosines[n]), standing.zscore(float(cosines[n])))
        for n in order
    ]
    return _asked(pool.name, engine, group, "", evidence, right, ranking={"z": 1.0})


def asked_all(
    pools: Path, names: Sequence[str], encoder: Encoder, most: int, *, with_pictures: bool
) -> tuple[list[Asked], list[Asked]]:
    """Run all queries, with words and with pictures; ``most`` titles and types per catalogue."""
    with tempfile.TemporaryDirectory() as folder:
        shelves = {name: shelf(load(pools, name), encoder, Path(folder) / name) for name in names}
        blind = {
            name: shelf(shop.pool, encoder, Path(folder) / f"{name}-blind", blind=True)
            for name, shop in shelves.items()
            if name in BLIND
        }
        print("indexed", flush=True)
        asked = collect(shelves, blind, most)
        return asked, by_pictures(shelves) if with_pictures else []
