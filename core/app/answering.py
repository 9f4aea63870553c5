"""Rank the items for many queries: encode queries in batches, rank over stored vectors."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from core.app.library import Catalog
from core.base.flow import chunks
from core.base.image_decoding import read_image
from core.base.unit_rows import unit_rows
from core.domain import EvalQuery, OnProgress, Progress, Query, Ranking, Run, no_progress
from core.errors import EvaluationError, ImageError
from core.evaluation.retrieval import rank
from core.ports.encoder import encode_queries
from core.ports.engines import EngineModel
from core.settings import Settings
from core.store.vectors import Vectors

#: Number of texts per batch.
_TEXTS = 256
#: Number of pictures per batch.
_PICTURES = 64
#: Most results per query with full text (such queries are searched one by one).
_WORDS_DEPTH = 100


def depth_of(ranking: Ranking, depth: int) -> tuple[int, tuple[str, ...]]:
    """Return how many results a query gets, and a sentence where they are fewer than asked."""
    if ranking is not Ranking.WORDS or depth <= _WORDS_DEPTH:
        return depth, ()
    return _WORDS_DEPTH, (
        f"With full text a query gets {_WORDS_DEPTH} results at most, not {depth:,} (--no-words).",
    )


class Answerer:
    """Answers the queries of an evaluation with one engine after the other.

    Args:
        catalog: The catalogue to search.
        settings: Limits on pictures.
        ranking: How to rank items.
        depth: Number of results per query.
        on_progress: Called with each progress report.
    """

    def __init__(
        self,
        catalog: Catalog,
        settings: Settings,
        ranking: Ranking,
        depth: int,
        on_progress: OnProgress | None = None,
    ) -> None:
        self._catalog, self._settings = catalog, settings
        self._ranking, self._depth = ranking, depth
        self._report = on_progress or no_progress
        self.encode_seconds = 0.0
        #: Cached vectors: engines often share towers and get the same queries.
        self._texts: dict[tuple[str, str], Vectors] = {}
        self._pictures: dict[tuple[str, Path | bytes], Vectors] = {}

    def run(self, queries: Sequence[EvalQuery], model: EngineModel) -> Run:
        """Return the engine's ranking for every query.

        Raises:
            EvaluationError: A query's item has no vectors, or its picture can't be read.
            CatalogError, FingerprintMismatch: The engine's vectors are missing or outdated.
        """
        table = self._catalog.searcher.checked(model)
        if self._ranking is Ranking.WORDS:
            return self._fused(queries, model)
        column = "image_vector" if self._ranking is Ranking.IMAGE else "vector"
        ids, (items, pictures) = table.columns(column, "image_vector")
        started = time.perf_counter()
        vectors = self._embed(queries, model, dict(zip(ids, pictures, strict=True)))
        self.encode_seconds += time.perf_counter() - started
        without = {query.query_id: query.item_id for query in queries if query.item_id}
        names = [query.query_id for query in queries]
        return rank(names, vectors, ids, items, self._depth, without)

    def _embed(
        self, queries: Sequence[EvalQuery], model: EngineModel, stored: dict[str, Vectors]
    ) -> Vectors:
        """Embed queries, ``[q, d] float32, L2-normalised``; parts are averaged as in a search."""
        total = np.zeros((len(queries), model.encoder.dim), np.float32)
        texts = [row for row, query in enumerate(queries) if query.text.strip()]
        if texts:
            total[texts] += self._encode_texts([queries[row].text for row in texts], model)
        for row, query in enumerate(queries):
            if query.item_id:
                if query.item_id not in stored:
                    raise EvaluationError(
                        f"The query “{query.query_id}” asks from the item “{query.item_id}”, which "
                        f"has no vectors in “{self._catalog.name}”."
                    )
                total[row] += stored[query.item_id]
        shown = [row for row, query in enumerate(queries) if query.image is not None]
        if shown:
            total[shown] += self._encode_pictures([queries[row] for row in shown], model)
        return unit_rows(total)

    def _encode_texts(self, texts: Sequence[str], model: EngineModel) -> Vectors:
        towers = model.encoder.fingerprint
        new = [text for text in dict.fromkeys(texts) if (towers, text) not in self._texts]
        if new:
            done = 0
            for chunk in chunks(sorted(new, key=len), _TEXTS):  # similar lengths pad less
                self._report(
                    Progress("words", done, len(new), f"{model.name}: reading the queries' words")
                )
                vectors = encode_queries(model.encoder, chunk)
                self._texts |= {(towers, t): v for t, v in zip(chunk, vectors, strict=True)}
                done += len(chunk)
        return np.stack([self._texts[towers, text] for text in texts])

    def _encode_pictures(self, queries: Sequence[EvalQuery], model: EngineModel) -> Vectors:
        towers = model.encoder.fingerprint
        keys = [(towers, query.image) for query in queries if query.image is not None]
        new = {
            key: query
            for key, query in zip(keys, queries, strict=True)
            if key not in self._pictures
        }
        for chunk in chunks(new, _PICTURES):
            pictures = [self._picture(new[key]) for key in chunk]
            vectors = model.encoder.encode_images(pictures)
            self._pictures |= dict(zip(chunk, vectors, strict=True))
            message = f"{model.name}: reading pictures"
            self._report(Progress("pictures", len(self._pictures), len(queries), message))
        return np.stack([self._pictures[key] for key in keys])

    def _picture(self, query: EvalQuery) -> Image.Image:
        source, limits = query.image, self._settings
        assert source is not None  # noqa: S101
        try:
            return read_image(
                source,
                max_megapixels=limits.max_image_megapixels,
                max_bytes=limits.max_upload_mb * 2**20,
            )
        except ImageError as error:
            name = f" ({source})" if isinstance(source, Path) else ""
            raise EvaluationError(f"The picture of “{query.query_id}”{name}: {error}") from None

    def _fused(self, queries: Sequence[EvalQuery], model: EngineModel) -> Run:
        run: dict[str, list[tuple[str, float]]] = {}
        plain = Query(
            k=min(self._depth, _WORDS_DEPTH), cutoff=False, fold_duplicates=False, fulltext=True
        )
        for done, query in enumerate(queries, start=1):
            image = self._picture(query) if query.image is not None else None
            ask = replace(plain, text=query.text, image=image, item_id=query.item_id)
            hits = self._catalog.searcher.search(ask, model).hits
            run[query.query_id] = [(hit.item.item_id, hit.score) for hit in hits]
            if done % 20 == 0:
                self._report(Progress("searching", done, len(queries), f"{model.name}: searching"))
        return run
