"""Embed the queries of other servers with the models of this process.

Requests hold words as JSON or pixels as numbers, answers hold numbers or JSON; nothing that comes
in is unpickled. Each request names the fingerprint that its server expects.
"""

from __future__ import annotations

import hmac
import json
import logging
from typing import Any

import numpy as np
from PIL import Image
from pydantic import BaseModel, Field, ValidationError

from core.app.models import ModelPool
from core.base.http_messages import ARRAY_TYPE, Answer, Request, json_answer, packed, unpacked
from core.errors import EngineUnavailable, QueryError, StudioError
from core.ports.encoder import Encoder, ReadsLanguages, encode_queries, picture_fingerprint
from core.settings import Settings

#: Paths: the engines, the language of a text, the vectors of texts and of a picture.
ENGINES, LANGUAGE, TEXTS, PICTURE = "/engines", "/language", "/texts", "/picture"
#: Most texts of a request, and most characters of each.
MOST_TEXTS, MOST_CHARACTERS = 256, 4_000
#: Most characters of a request of JSON.
_MOST_JSON = 8 * MOST_TEXTS * MOST_CHARACTERS
_OTHER = (
    "The pool of models has other weights of the engine {} than this server has seen. Start this "
    "server again; if it refuses then, too, give the pool the former weights."
)
_log = logging.getLogger(__name__)


class _Asked(BaseModel):
    """What a request names."""

    engine: str = Field(max_length=100)
    fingerprint: str = Field(max_length=100)


class _Texts(_Asked):
    """Texts to be embedded, as queries or as texts of items."""

    texts: list[str] = Field(max_length=MOST_TEXTS)
    language: str = Field("", max_length=10)
    queries: bool = False


class ModelService:
    """Answers requests; safe to use from several threads.

    Args:
        models: The models.
    """

    def __init__(self, models: ModelPool) -> None:
        self._models = models
        self._facts: dict[str, dict[str, Any]] = {}
        token = models.settings.models_token
        self._token = token.get_secret_value() if token is not None else ""
        self._most_pixels = int(models.settings.max_image_megapixels * 10**6)

    @classmethod
    def of(cls, settings: Settings) -> ModelService:
        """Return the service with the models of some settings, which load when they are asked."""
        return cls(ModelPool(settings))

    @property
    def most_bytes(self) -> int:
        """Longest request that is read."""
        return max(3 * self._most_pixels + 1_000, _MOST_JSON)

    def __call__(self, request: Request) -> Answer:
        """Answer a request; errors are JSON with ``error``, and ``kind`` where people can act."""
        if self._token and not hmac.compare_digest(request.token.encode(), self._token.encode()):
            return _problem("Send the token of VLCLIP_MODELS_TOKEN.", 401)
        try:
            return self._answer(request)
        except (ValidationError, ValueError):
            return _problem("The request is not valid.", 400)
        except StudioError as error:
            return _problem(str(error), 422, type(error).__name__)
        except Exception:
            _log.exception("A request for %s failed", request.path)
            return _problem("It failed in the pool of models; its log says why.", 500)

    def _answer(self, request: Request) -> Answer:
        if request.path == ENGINES:
            return json_answer({"engines": self._engines()})
        if request.path == PICTURE:
            asked = _Asked.model_validate(dict(request.options))
            encoder = self._encoder(asked)
            return _vectors(encoder.encode_images([self._picture(request.body)]))
        if request.path not in (TEXTS, LANGUAGE):
            return _problem("There is nothing at this address.", 404)
        texts = _Texts.model_validate(_read_json(request.body))
        encoder = self._encoder(texts)
        words = [text[:MOST_CHARACTERS] for text in texts.texts]
        if request.path == TEXTS:
            if texts.queries:
                return _vectors(encode_queries(encoder, words, texts.language))
            return _vectors(encoder.encode_texts(words))
        if not isinstance(encoder, ReadsLanguages):
            raise QueryError("This engine reads one language.")
        return json_answer({"languages": [encoder.language_of(text) for text in words]})

    def _engines(self) -> dict[str, Any]:
        """Return what servers must know of each engine that can run here; found out once."""
        for status in self._models.statuses():
            name = status.engine.name
            if status.available and name not in self._facts:
                encoder = self._models.engine(name).encoder
                self._facts[name] = {
                    "fingerprint": encoder.fingerprint,
                    "picture_fingerprint": picture_fingerprint(encoder),
                    "dim": encoder.dim,
                    "languages": list(getattr(encoder, "languages", ())),
                }
        return dict(self._facts)

    def _encoder(self, asked: _Asked) -> Encoder:
        encoder = self._models.engine(asked.engine).encoder
        if encoder.fingerprint != asked.fingerprint:
            raise EngineUnavailable(_OTHER.format(asked.engine))
        return encoder

    def _picture(self, body: bytes) -> Image.Image:
        pixels = unpacked(body, np.uint8, (None, None, 3))
        if not 0 < pixels.shape[0] * pixels.shape[1] <= self._most_pixels:
            raise ValueError("too many pixels, or none")
        return Image.fromarray(pixels, "RGB")


def _read_json(body: bytes) -> Any:
    if len(body) > _MOST_JSON:
        raise ValueError("too long")
    return json.loads(body)


def _vectors(vectors: Any) -> Answer:
    return Answer(200, packed(np.ascontiguousarray(vectors, np.float32)), ARRAY_TYPE)


def _problem(sentence: str, status: int, kind: str = "") -> Answer:
    return json_answer({"error": sentence, "kind": kind}, status)
