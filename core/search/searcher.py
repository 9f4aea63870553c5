"""Answer queries over one catalogue."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from lancedb.expr import Expr
from PIL import Image

from core.base.recent import Recent, pixel_hash
from core.domain import Filters, Hit, Query, SearchResult
from core.errors import (
    CatalogDamaged,
    CatalogError,
    FingerprintMismatch,
    ImageError,
    QueryError,
)
from core.ports.engines import EngineModel, Photos
from core.search import words
from core.search.cutoff import Standing, threshold
from core.search.duplicates import fold, neighbours
from core.search.fusion import reciprocal_ranks
from core.search.photo_look import Signature, one_look, signature
from core.search.query_vector import embed_query, language_read
from core.store.catalog_store import CatalogStore
from core.store.database import one_of, where
from core.store.items import ItemRecord
from core.store.statistics import CosineStatistics
from core.store.vectors import Vectors, VectorTable

#: Smallest z-score of a hit that "looks very alike": one item in a thousand reaches it by chance.
VERY_ALIKE = 3.0

#: Number of photo signatures in the cache, 3 kB each.
_LOOKS = 4096
#: Number of query pictures whose vectors are kept, 2 kB each.
_PICTURES = 256
#: Number of vectors for temporary statistics while the first indexing runs.
_SAMPLE = 2_000


@dataclass(frozen=True, slots=True)
class _Candidate:
    item_id: str
    phash: str
    score: float
    cosine: float
    zscore: float
    shared: tuple[str, ...]
    has_all_words: bool


#: Gives the ids of the items that pass filters which the vectors' tables can't tell.
Passing = Callable[[Filters], Sequence[str]]


class Searcher:
    """Search over one catalogue; safe to use from several threads.

    Args:
        store: The catalogue's tables.
        photos: The catalogue's photos.
        passing: Tells which items pass filters by attribute and price.
    """

    def __init__(self, store: CatalogStore, photos: Photos, passing: Passing | None = None) -> None:
        self._store, self._photos, self._passing = store, photos, passing
        self._statistics: dict[str, tuple[object, CosineStatistics]] = {}
        self._lock = threading.Lock()
        self._looks: Recent[Signature] = Recent(_LOOKS)
        self._pictures: Recent[Vectors] = Recent(_PICTURES)

    def search(self, query: Query, model: EngineModel) -> SearchResult:
        """Answer a query with one engine.

        Text is searched by vector and in the full text, and both rankings are fused; pictures and
        items are searched by vector alone. Filters are applied before the search.

        Raises:
            QueryError: The query is empty, or its item does not exist.
            CatalogError: The engine has no vectors in this catalogue yet.
            FingerprintMismatch: The vectors were made by another version of the engine.
        """
        table = self.checked(model)
        started = time.perf_counter()
        vector = embed_query(
            query,
            model.encoder,
            lambda picture: self._picture_vector(model, picture),
            lambda item_id: self._item_vector(table, item_id),
            lambda item_id: self._item_photo(item_id),
        )
        encoded = time.perf_counter()
        standing = Standing.of(vector, self._statistics_of(model, table))
        candidates = self._candidates(query, vector, standing, table)
        limit = _threshold(query, candidates, standing)
        close = [c for c in candidates if not query.cutoff or c.has_all_words or c.zscore >= limit]
        hits = self._hits(close, query, limit)
        ended = time.perf_counter()
        return SearchResult(
            engine=model.name,
            fingerprint=model.fingerprint,
            hits=hits,
            cut=len(candidates) - len(close),
            encode_ms=1000 * (encoded - started),
            search_ms=1000 * (ended - encoded),
            language=language_read(query, model.encoder),
        )

    def checked(self, model: EngineModel) -> VectorTable:
        """Return the engine's vector table if its fingerprint is current; raises as ``search``."""
        table = self._store.vectors(model.name)
        stored = table.fingerprint
        again = f"Index the catalogue “{self._store.name}” again."
        if not stored:
            raise CatalogError(f"Nothing is embedded for the engine “{model.name}” yet. {again}")
        if stored != model.fingerprint:
            raise FingerprintMismatch(
                f"The vectors of the engine “{model.name}” were made by other weights or views "
                f"({stored[:8]}) than it has now ({model.fingerprint[:8]}), so they can't be "
                f"compared. {again}"
            )
        return table

    def _picture_vector(self, model: EngineModel, picture: Image.Image) -> Vectors:
        """One picture's vector; another filter or more results on it cost no second pass."""
        key = model.fingerprint, pixel_hash(picture)
        seen = self._pictures.get(key)
        if seen is None:
            seen = self._pictures.put(key, model.encoder.encode_images([picture])[0])
        return seen

    def _item_vector(self, table: VectorTable, item_id: str) -> Vectors:
        vector = table.image_vector(item_id)
        if vector is None:
            self._store.item(item_id)
            raise QueryError(f"The item “{item_id}” is not embedded yet.")
        return vector

    def _item_photo(self, item_id: str) -> Image.Image:
        return self._photos.open(self._store.item(item_id).photo.sha256)

    def _candidates(
        self, query: Query, vector: Vectors, standing: Standing, table: VectorTable
    ) -> list[_Candidate]:
        """Return the hits of vector and full-text search, fused, best first."""
        count = max(100, 4 * query.k)
        condition = self._condition(query)
        near = self._nearest(table, vector, count + bool(query.item_id), condition)
        near = [match for match in near if match[0] != query.item_id][:count]
        cosines = {item_id: cosine for item_id, _, cosine in near}
        hashes = {item_id: phash for item_id, phash, _ in near}
        rankings = [list(cosines)]
        text = words.clipped(query.text) if query.fulltext else ""
        shared: dict[str, tuple[str, ...]] = {}
        complete: set[str] = set()
        if text:
            matches = self._store.items.match(text, count, condition)
            matches = [match for match in matches if match.item_id != query.item_id]
            complete = {m.item_id for m in self._store.items.match(
                text, count, condition, every=True)}  # fmt: skip
            shared = {m.item_id: tuple(words.shared(text, m.words)) for m in matches}
            hashes |= {m.item_id: m.phash for m in matches}
            without_cosine = [match.item_id for match in matches if match.item_id not in cosines]
            cosines_of_matches = table.cosines(without_cosine, vector)
            cosines |= cosines_of_matches
            rankings.append([m.item_id for m in matches if m.item_id in cosines])
        fused = len(rankings) > 1
        scores = reciprocal_ranks(rankings) if fused else cosines
        return [
            _Candidate(
                item_id=item_id,
                phash=hashes[item_id],
                score=score,
                cosine=cosines[item_id],
                zscore=standing.zscore(cosines[item_id]),
                shared=shared.get(item_id, ()),
                has_all_words=item_id in complete,
            )
            for item_id, score in scores.items()
        ]

    def _nearest(
        self, table: VectorTable, vector: Vectors, count: int, condition: Expr | None
    ) -> list[tuple[str, str, float]]:
        """Return the closest items; of those with several embedded photos the best one counts."""
        near = table.nearest(vector, count, condition)
        photos = self._store.photo_vectors(table.engine)
        if photos.fingerprint != table.fingerprint:
            return near
        return photos.best(near, photos.nearest(vector, count, condition))

    def _condition(self, query: Query) -> Expr | None:
        """Make the filter that is applied before the search.

        The item that is asked with is left out afterwards: an index answers faster unfiltered.
        """
        if query.filters.needs_items and self._passing is not None:
            return one_of("item_id", self._passing(query.filters) or [""])
        return where(query.filters)

    def _hits(self, candidates: list[_Candidate], query: Query, limit: float) -> tuple[Hit, ...]:
        by_id = {candidate.item_id: candidate for candidate in candidates}
        ranked = [(candidate.item_id, candidate.phash) for candidate in candidates]
        close = neighbours(ranked) if query.fold_duplicates else []
        # Some more than k, because an item may have been removed meanwhile. All folded items are
        # among the close ones, so one read returns all that can be shown.
        count = query.k + 5
        first = [candidate.item_id for candidate in candidates[: count + len(close)]]
        records = self._store.items.records({*first, *close}) if first else {}
        if query.fold_duplicates:
            groups = fold(ranked, self._same_look(records))
        else:
            groups = {candidate.item_id: [] for candidate in candidates}
        leaders = list(groups)[:count]
        shown = [name for name in leaders if name in records][: query.k]
        return tuple(
            Hit(
                rank=rank,
                item=records[name].item,
                score=by_id[name].score,
                cosine=by_id[name].cosine,
                zscore=by_id[name].zscore,
                reasons=_reasons(by_id[name], limit),
                duplicates=tuple(groups[name]),
                rewrite=records[name].rewrite,
            )
            for rank, name in enumerate(shown, start=1)
        )

    def _same_look(self, records: Mapping[str, ItemRecord]) -> Callable[[str, str], bool]:
        """Return a function that tells whether two items with close hashes are near-duplicates."""

        def same_look(first: str, second: str) -> bool:
            if first not in records or second not in records:
                return False
            a, b = records[first].item, records[second].item
            if a.photo.sha256 == b.photo.sha256:
                return True
            if a.group and a.group == b.group:
                return False  # variants of a product are shown side by side
            try:
                return one_look(self._look(a.photo.sha256), self._look(b.photo.sha256))
            except ImageError:
                return False  # an unreadable photo is not folded

        return same_look

    def _look(self, sha256: str) -> Signature:
        look = self._looks.get(sha256)
        return (
            look
            if look is not None
            else self._looks.put(sha256, signature(self._photos.open(sha256)))
        )

    def _statistics_of(self, model: EngineModel, table: VectorTable) -> CosineStatistics:
        """Return the stored statistics; if missing or damaged, those of a sample of vectors."""
        try:
            stored = self._stored_statistics(model)
        except CatalogDamaged:  # the overview reports the table; search works without it
            stored = None
        if stored is not None:
            return stored
        sample = table.matrix(_SAMPLE)
        if not len(sample):
            sample = np.zeros((1, model.encoder.dim), np.float32)
        return CosineStatistics.of(sample)

    def _stored_statistics(self, model: EngineModel) -> CosineStatistics | None:
        version: object = (self._store.statistics.version, model.fingerprint)
        with self._lock:
            cached = self._statistics.get(model.name)
        if cached is not None and cached[0] == version:
            return cached[1]
        stored = self._store.statistics.read(model.name, model.fingerprint)
        if stored is not None:
            with self._lock:
                self._statistics[model.name] = (version, stored)
        return stored


def _threshold(query: Query, candidates: list[_Candidate], standing: Standing) -> float:
    has_picture = query.image is not None or bool(query.item_id)
    best = max((candidate.zscore for candidate in candidates), default=0.0)
    return threshold(has_picture, best, standing.items)


def _reasons(candidate: _Candidate, limit: float) -> tuple[str, ...]:
    reasons = []
    if candidate.zscore >= max(limit, 0.0):
        reasons.append("looks very alike" if candidate.zscore >= VERY_ALIKE else "looks alike")
    if candidate.shared:
        reasons.append(f"words: {', '.join(candidate.shared)}")
    return tuple(reasons)
