"""The compact encoder of engines: CLIP's image tower, and words in fifteen languages.

English is read by the project's own text tower. Other languages are read by a multilingual sentence
encoder and a small network from its vectors to the tower's; a text that may be either is read by
both. The grounder and the rewriter keep an earlier tower, that of ``CompactEncoder``, because their
thresholds are fitted to it.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import numpy as np
from PIL import Image

from core.base.lazy import lazy
from core.base.threads import for_words
from core.embedding import query_language
from core.embedding.batched_encoder import BatchedEncoder
from core.embedding.bridge_reader import BridgeReader, blended
from core.embedding.loader import Recipe
from core.embedding.query_language import LANGUAGES, Reading, reading
from core.embedding.tower_files import TEXT_ROLE, fingerprint_of
from core.embedding.written import write
from core.errors import QueryError, WeightsUnavailable, no_such
from core.ports.encoder import Encoder, Prepared, Vectors
from core.weights.store import WeightStore

if TYPE_CHECKING:
    from core.embedding.compact import CompactEncoder
    from core.embedding.sentence_encoder import SentenceEncoder
    from core.embedding.text_reader import TextReader

log = logging.getLogger(__name__)

#: Role of the sentence encoder, which is fetched when it is first needed, and of the network.
SENTENCES, BRIDGE = "words-multilingual", "word-bridge"
#: Share of the written query's direction in a query's, where queries are written.
WRITTEN_SHARE = 0.35


class MultilingualEncoder(BatchedEncoder):
    """An encoder that reads words in several languages; pictures go to the compact encoder.

    Args:
        base: The compact encoder.
        weights: Where the sentence encoder and the network come from.
        written: Whether a query is also written as a picture and read by the image tower.
    """

    languages = LANGUAGES

    def __init__(self, base: CompactEncoder, weights: WeightStore, written: bool = False) -> None:
        self.base = base
        self._weights, self._written = weights, written
        self._missing, self._image_tower_loaded = "", False
        self._lock, self._loading = threading.Lock(), threading.Lock()
        self._sentences: SentenceEncoder | None = None

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self.base.dim

    @lazy
    def fingerprint(self) -> str:
        """Hash of the compact encoder, all readers of words, and the rules between them."""
        parts = (
            self.base.fingerprint,
            fingerprint_of(self._weights.path(TEXT_ROLE)),
            self._weights.fingerprint(SENTENCES),
            self.bridge.fingerprint,
            str(query_language.VERSION),
        )
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    @property
    def picture_fingerprint(self) -> str:
        """Fingerprint of the compact encoder, whose vectors of pictures are the same."""
        return self.base.fingerprint

    @lazy
    def text_tower(self) -> TextReader:
        """The text tower for English; raises ``WeightsUnavailable``."""
        from core.embedding.tower_choice import choose_text_tower  # slow to import

        return choose_text_tower(self._weights, TEXT_ROLE, self.base.runtime)

    @lazy
    def bridge(self) -> BridgeReader:
        """The network to the text tower's space; raises ``WeightsUnavailable``."""
        return BridgeReader.load(self._weights.path(BRIDGE))

    def prepare(self, images: Sequence[Image.Image]) -> Prepared:
        """Prepare pictures as the compact encoder does."""
        return self.base.prepare(images)

    def encode_prepared(self, batch: Prepared) -> Vectors:
        """Embed one prepared batch: ``[n, 512] float32, L2-normalised``."""
        return self.base.encode_prepared(batch)

    def language_of(self, text: str) -> str:
        """Return the language that a text is read in (ISO 639-1)."""
        return self._reading(text).language

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Embed words, each in its language: ``[n, 512] float32, L2-normalised``.

        Raises:
            WeightsUnavailable: A text may be in another language whose encoder can't be fetched.
                Read as English, it would be stored under a fingerprint that says otherwise.
        """
        return self._encode(texts, [reading(text, self._vocabulary) for text in texts])

    def encode_queries(self, texts: Sequence[str], language: str = "") -> Vectors:
        """Embed the words of queries: ``[n, 512] float32, L2-normalised``.

        Args:
            texts: The words.
            language: Their language (ISO 639-1); empty finds it for each, or reads all as English
                where the other languages' encoder can't be fetched.

        Raises:
            QueryError: The language is not one of ``languages``.
            WeightsUnavailable: A language was named whose encoder can't be fetched.
        """
        if language and language not in LANGUAGES:
            raise no_such(QueryError, "encoder for the language", language, LANGUAGES)
        if language and language != "en":
            self._sentence_encoder()
        named = Reading(language, float(language == "en")) if language else None
        readings = [named or self._reading(text) for text in texts]
        vectors = self._encode(texts, readings)
        english = [row for row, read_as in enumerate(readings) if read_as.language == "en"]
        if english and self._can_write(wait=len(texts) > 1):
            written = [texts[row] for row in english]
            vectors[english] = self._with_written(written, vectors[english])
        return vectors

    def _reading(self, text: str) -> Reading:
        read_as = reading(text, self._vocabulary)
        read_as = query_language.short_reading(text, read_as, self._vocabulary, self._likelihood)
        if read_as.english < 1 and not self._reads_others():
            return Reading("en", 1.0)
        return read_as

    def _likelihood(self, word: str) -> float:
        """Return how likely a word is in any language; 0, the most, without the encoder."""
        return self._sentence_encoder().likelihood(word) if self._reads_others() else 0.0

    def _encode(self, texts: Sequence[str], readings: Sequence[Reading]) -> Vectors:
        out = np.zeros((len(texts), self.dim), np.float32)
        shares = np.array([r.english for r in readings], np.float32)
        english = [int(row) for row in np.flatnonzero(shares > 0)]
        other = [int(row) for row in np.flatnonzero(shares < 1)]
        if english:
            tower = self.text_tower
            with for_words(len(english)):
                out[english] = tower.encode([texts[row] for row in english])
        if other:
            encoder = self._sentence_encoder()
            with for_words(len(other)):
                crossed = self.bridge.cross(encoder.encode([texts[row] for row in other]))
            share = shares[other, None]
            mixed = share * out[other] + (1 - share) * crossed
            out[other] = mixed / np.linalg.norm(mixed, axis=1, keepdims=True)
        return out

    def _with_written(self, texts: Sequence[str], vectors: Vectors) -> Vectors:
        """Blend the tower's directions with what the image tower reads where the words stand."""
        seen = self.base.encode_strips([write(text) for text in texts])
        apart = seen - self.bridge.written_mean
        apart /= np.linalg.norm(apart, axis=1, keepdims=True)
        mixed = blended(apart, self.bridge.directions(vectors), WRITTEN_SHARE)
        return self.bridge.lying_in(mixed)

    def _can_write(self, *, wait: bool = False) -> bool:
        """Tell whether queries are written: they are meant to be, and the image tower is there.

        The first call loads it. A single query that comes meanwhile is read by the text tower
        alone, as all are where the image tower can't be fetched.

        Args:
            wait: Wait while another thread loads it: an evaluation is the same whenever it begins.
        """
        if not self._written or self._image_tower_loaded:
            return self._written
        if not self._loading.acquire(blocking=wait):
            return False
        if self._image_tower_loaded:  # meanwhile
            self._loading.release()
            return True
        try:
            _ = self.base.tower
            self._image_tower_loaded = True
        except WeightsUnavailable as error:
            self._written = False
            log.warning("Queries are read by the text tower alone: %s", error)
        finally:
            self._loading.release()
        return self._written

    @lazy
    def _vocabulary(self) -> frozenset[str]:
        """The words that the English tower's tokenizer knows whole."""
        return frozenset(self.text_tower.tokenizer.get_vocab())

    def _reads_others(self) -> bool:
        """Tell whether the sentence encoder is there; without it all is read as English."""
        if self._missing:
            return False
        try:
            self._sentence_encoder()
        except WeightsUnavailable as error:
            self._missing = str(error)
            log.warning("Words of other languages are read as English: %s", error)
            return False
        return True

    def _sentence_encoder(self) -> SentenceEncoder:
        with self._lock:
            if self._sentences is None:
                from core.embedding.sentence_encoder import SentenceEncoder

                self._sentences = SentenceEncoder(self._weights.path(SENTENCES))
            return self._sentences


def build(recipe: Recipe) -> Encoder:
    """Return the encoder of a recipe, over the compact encoder that others share."""
    base = cast("CompactEncoder", recipe.compact())
    return MultilingualEncoder(base, recipe.weights, recipe.settings.written_queries)
