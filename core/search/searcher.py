"""Answer queries over one catalogue."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from lancedb.expr import Expr
from PIL import Image

from core.base.recent import Recent, pixel_hash
from core.domain import Filters, Item, Query, SearchResult
from core.errors import CatalogError, FingerprintMismatch, QueryError
from core.ports.engines import EngineModel, Photos
from core.search import query_words, scoring
from core.search.duplicates import neighbours
from core.search.evidence import Evidence, EvidenceQuery, gather
from core.search.hits import SPARE, Ranked, hits_of, off_colour, verdict
from core.search.photo_look import PhotoColours, PhotoLooks
from core.search.query_reading import QueryReader
from core.search.query_vector import embed_query
from core.search.query_words import QueryWords
from core.search.relevance import relevance
from core.search.scoring import Candidate
from core.search.short_queries import ENGLISH
from core.search.standing import Standing, StatisticsCache
from core.search.variety import DEPTH, varied
from core.search.word_counts import WordCounts
from core.search.words import clipped
from core.settings import SHIPPED
from core.store.catalog_store import CatalogStore
from core.store.database import filter_condition, one_of
from core.store.vectors import VectorRow, Vectors, VectorTable

#: Number of query pictures whose vectors are kept, 2 kB each.
_PICTURES = 256
#: What to do where the pool of models has other weights than a catalogue was indexed with.
_OTHER_POOL = (
    "The models run in the pool at {}: give it the weights and the version of the studio that “{}” "
    "was indexed with, or index it again with those of the pool."
)
#: Where words exclude too many of the items with a query's words, so many times more are read.
_FURTHER = 4
#: File with the weights of search, below the folder of shipped data.
CALIBRATION = Path("calibration") / "search.toml"


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was gathered for a query, before it is scored.

    Attributes:
        kind: Kind of the query (``core.search.scoring``).
        evidence: What speaks for each candidate.
        words: The query's words; ``None`` if items' words are not compared.
        unwanted: What the query's text excludes.
        items: Number of items that z-scores are taken over.
        by_words: Ids of the full-text search, best first.
        encode_ms: Time to embed the query, milliseconds.
        language: Language that the text was read in; empty if there is no choice.
        foreign: Whether only vectors tell what is close: the query is in another language than
            English, no English word list has all its words, and no candidate has them.
        english: The query's words in English, where they were translated; empty if not.
    """

    kind: str
    evidence: list[Evidence]
    words: QueryWords | None
    unwanted: str
    items: int
    by_words: list[str]
    encode_ms: float
    language: str = ""
    foreign: bool = False
    english: str = ""


#: Gives the ids of the items that pass filters which the vectors' tables can't tell.
Passing = Callable[[Filters], Sequence[str]]


class Searcher:
    """Search over one catalogue; safe to use from several threads.

    Args:
        store: The catalogue's tables.
        photos: The catalogue's photos.
        passing: Tells which items pass filters by attribute and price.
        shipped: Folder of word lists and search weights.
    """

    def __init__(
        self,
        store: CatalogStore,
        photos: Photos,
        passing: Passing | None = None,
        shipped: Path = SHIPPED,
    ) -> None:
        self._store, self._photos, self._passing = store, photos, passing
        self._shipped = shipped
        self._reader = QueryReader(WordCounts(store), shipped / "vocabularies")
        self._statistics = StatisticsCache(store)
        self._looks = PhotoLooks(photos)
        self._photo_colours = PhotoColours(photos)
        self._pictures: Recent[Vectors] = Recent(_PICTURES)

    def search(self, query: Query, model: EngineModel) -> SearchResult:
        """Answer a query with one engine.

        Text is searched by vector and in the full text; hits are ordered by a score of both.
        Pictures and items are searched by vector alone. Filters are applied before the search.

        Raises:
            QueryError: The query is empty, or its item does not exist.
            CatalogError: The engine has no vectors in this catalogue yet.
            FingerprintMismatch: The vectors were made by another version of the engine.
        """
        (result,) = self.search_all(query, [model])
        return result

    def search_all(self, query: Query, models: Sequence[EngineModel]) -> tuple[SearchResult, ...]:
        """Answer a query with several engines; items that several find are read once.

        Raises as ``search``.
        """
        ranked = [self._ranked(query, model) for model in models]
        wanted = {item_id for entry in ranked for item_id in entry.to_show}
        records = self._store.items.records(wanted) if wanted else {}
        hits_of_each = [hits_of(entry, query, records, self._looks) for entry in ranked]
        return tuple(
            replace(entry.result, hits=hits, off_colour=off_colour(hits, entry.candidates))
            for entry, hits in zip(ranked, hits_of_each, strict=True)
        )

    def _ranked(self, query: Query, model: EngineModel) -> Ranked:
        """Answer a query without reading the items that are shown; raises as ``search``."""
        started = time.perf_counter()
        gathered = self.gather(query, model)
        kind = scoring.VECTOR if gathered.foreign else gathered.kind
        scale = relevance(self._shipped / CALIBRATION).scale(kind, model.name)
        words = None if gathered.foreign else gathered.words
        scored = scoring.score(
            gathered.evidence,
            scale,
            words,
            self._reader.nouns,
            gathered.items,
            foreign=gathered.foreign,
        )
        shown = scored.candidates
        if query.cutoff:
            shown = scoring.cut(scored, scale, gathered.items)
        if query.varied:
            shown = self._varied(shown, model)
        elapsed = 1000 * (time.perf_counter() - started)
        result = SearchResult(
            engine=model.name,
            fingerprint=model.fingerprint,
            hits=(),
            cut=len(scored.candidates) - len(shown),
            encode_ms=gathered.encode_ms,
            search_ms=elapsed - gathered.encode_ms,
            close=scored.close,
            verdict=verdict(scored),
            unwanted=gathered.unwanted,
            language=gathered.language,
            english=gathered.english,
        )
        phashes = [(c.evidence.item_id, c.evidence.phash) for c in shown]
        close = neighbours(phashes) if query.fold_duplicates else []
        # Some more than k, because an item may have been removed meanwhile. All folded items are
        # among the close ones, so one read returns all that can be shown.
        first = [item_id for item_id, _ in phashes[: query.k + SPARE + len(close)]]
        return Ranked(result, shown, frozenset({*first, *close}))

    def _varied(self, candidates: list[Candidate], model: EngineModel) -> list[Candidate]:
        first, rest = candidates[:DEPTH], candidates[DEPTH:]
        stored = self._store.vectors(model.name).get(c.evidence.item_id for c in first)
        first = [c for c in first if c.evidence.item_id in stored]
        if not first:
            return rest
        vectors = np.stack([stored[c.evidence.item_id].image_vector for c in first])
        order = varied(np.array([c.score for c in first]), vectors)
        return [*(first[n] for n in order), *rest]

    def gather(self, query: Query, model: EngineModel) -> Gathered:
        """Gather the candidates of a query and what speaks for each; raises as ``search``."""
        table = self.checked(model)
        started = time.perf_counter()
        words = query_words.read(query.text, self._reader.nouns) if query.text.strip() else None
        unwanted = words.unwanted if words else ""
        row = table.get([query.item_id]).get(query.item_id) if query.item_id else None
        if words:
            query = replace(query, text=words.wanted, minus=_excluded(query, words))
        translated_from, query = self._reader.in_english(query, model.encoder)
        if translated_from:
            words = query_words.read(query.text, self._reader.nouns)
        english = query.text if translated_from else ""
        compared = words if query.fulltext else None
        language, query = self._reader.read(query, model.encoder)
        if compared:
            query = self._reader.without_colours(query, language)
        vector = embed_query(
            query,
            model.encoder,
            lambda picture: self._picture_vector(model, picture),
            lambda item_id: self._item_vector(item_id, row),
            lambda item_id: self._item_photo(item_id),
        )
        encode_ms = 1000 * (time.perf_counter() - started)
        standing = Standing.of(vector, self._statistics.of(model, table))
        asked = EvidenceQuery(
            vector,
            words,
            self._reader.matcher(compared, query.minus, language) if compared else None,
            _candidates(query),
            self._condition(query),
            self._same_type(query, row),
            query.item_id,
            self._photo_colours.shares if self._photos else None,
        )
        evidence, by_words = gather(
            asked, self._store.items, table, standing,
            lambda near, count, condition: self._nearest(table, near, count, condition),
        )  # fmt: skip
        return Gathered(
            scoring.kind_of(query), evidence, compared, unwanted, standing.items, by_words,
            encode_ms, translated_from or language,
            self._reader.is_foreign(language, compared, evidence), english,
        )  # fmt: skip

    def by_words(self, query: Query) -> tuple[Item, ...]:
        """Return the items that full-text search finds for a query's words; no engine takes part.

        Best first, at most ``query.k`` of those that pass its filters and have nothing in their
        words that the query excludes.
        """
        words = query_words.read(query.text, self._reader.nouns)
        text, unwanted = clipped(words.wanted), _excluded(query, words)
        if not text:
            return ()
        matcher = self._reader.matcher(words, unwanted, ENGLISH) if unwanted else None
        condition, count = self._condition(query), query.k
        while True:
            ids = [m.item_id for m in self._store.items.match(text, count, condition)]
            is_last = len(ids) < count
            if matcher is not None:
                texts = self._store.items.texts(ids)
                ids = [i for i in ids if i in texts and not matcher.match(texts[i]).unwanted]
            if is_last or matcher is None or len(ids) >= query.k:
                break
            count *= _FURTHER
        stored = self._store.items.get(ids[: query.k])
        return tuple(stored[item_id] for item_id in ids[: query.k] if item_id in stored)

    def checked(self, model: EngineModel) -> VectorTable:
        """Return the engine's vector table if its fingerprint is current; raises as ``search``."""
        table = self._store.vectors(model.name)
        stored = table.fingerprint
        again = f"Index the catalogue “{self._store.name}” again."
        if not stored:
            raise CatalogError(f"Nothing is embedded for the engine “{model.name}” yet. {again}")
        if stored != model.fingerprint:
            if model.place:
                again = _OTHER_POOL.format(model.place, self._store.name)
            raise FingerprintMismatch(
                f"The vectors of the engine “{model.name}” were made by other weights or views "
                f"({stored[:8]}) than it has now ({model.fingerprint[:8]}), so they can't be "
                f"compared. {again}"
            )
        return table

    def _picture_vector(self, model: EngineModel, picture: Image.Image) -> Vectors:
        """Return a picture's vector; it is kept, for the next page or filter of the same search."""
        key = model.fingerprint, pixel_hash(picture)
        seen = self._pictures.get(key)
        if seen is None:
            seen = self._pictures.put(key, model.encoder.encode_images([picture])[0])
        return seen

    def _item_vector(self, item_id: str, row: VectorRow | None) -> Vectors:
        if row is None:
            self._store.item(item_id)
            raise QueryError(f"The item “{item_id}” is not embedded yet.")
        return row.image_vector

    def _item_photo(self, item_id: str) -> Image.Image:
        return self._photos.open(self._store.item(item_id).photo.sha256)

    def _nearest(
        self, table: VectorTable, vector: Vectors, count: int, condition: Expr | None
    ) -> list[tuple[str, str, float]]:
        """Return the closest items; of those with several embedded photos the best one counts."""
        near = table.nearest(vector, count, condition)
        photos = self._store.photo_vectors(table.engine)
        if photos.fingerprint != table.fingerprint:
            return near
        return photos.best(near, photos.nearest(vector, count, condition))

    def _same_type(self, query: Query, row: VectorRow | None) -> Expr | None:
        """Make the filter for the product type of the item that is asked with, if it is kept to."""
        alone = query.item_id and query.image is None and query.region is None
        chosen = query.any_type or query.filters.product_types
        if not alone or query.text.strip() or chosen or row is None or not row.product_type:
            return None
        filters = replace(query.filters, product_types=(row.product_type,))
        return self._condition(replace(query, filters=filters))

    def _condition(self, query: Query) -> Expr | None:
        """Make the filter that is applied before the search.

        The item that is asked with is left out afterwards: an index answers faster unfiltered.
        """
        if query.filters.needs_items and self._passing is not None:
            return one_of("item_id", self._passing(query.filters) or [""])
        return filter_condition(query.filters)


def _excluded(query: Query, words: QueryWords) -> str:
    """Return what a query excludes, in a field of its own and in its words, with commas."""
    return ", ".join(part for part in (query.minus.strip(), words.unwanted) if part)


def _candidates(query: Query) -> int:
    """Return how many items are compared closely."""
    return max(100, 4 * query.k)
