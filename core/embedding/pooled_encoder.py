"""Encoders whose models run elsewhere: in a pool that several servers share, asked over HTTP.

Words go as JSON, pictures as their pixels, vectors come as numbers: nothing is unpickled. The pool
is that of ``core.app.model_service``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import httpx
import numpy as np
from PIL import Image
from pydantic import BaseModel, TypeAdapter

from core.base.http_messages import packed, unpacked
from core.base.recent import Recent
from core.errors import EngineUnavailable, QueryError, StudioError, WeightsUnavailable
from core.ports.encoder import Encoder, Prepared, Vectors

#: Longest waits for a connection and for an answer, seconds; the pool may be loading its models.
_CONNECT, _ANSWER = 2.0, 60.0
#: Longest wait of a check, seconds.
_CHECK = 1.5
#: How often a question is asked, where the process of the pool that has it in hand ends.
_TRIES = 2
#: Texts of one request.
_TEXTS = 256
#: Largest answer that is read beside vectors, bytes.
_MOST_JSON = 1_000_000
#: Texts whose language is kept: a search asks for it several times.
_KEPT = 256
_NOT_REACHED = (
    "The pool of models at {} can't be reached. Start it (python app.py serve-models), or leave "
    "VLCLIP_MODELS empty: then the models run in this process."
)
_STARTING = (
    "The pool of models at {} runs, but none of its processes answers: they start, or ended and "
    "are being replaced. Try again in a moment."
)
_NOT_IN_TIME = (
    "The pool of models at {} did not answer in time: it loads its models, or has too much to do. "
    "Try again in a moment."
)
_REFUSED = "The pool of models at {} refuses this server: both need the same VLCLIP_MODELS_TOKEN."
_NOT_UNDERSTOOD = (
    "The pool of models at {} gives no answer that can be used. It must run the same version of "
    "the studio."
)
_NO_ENGINE = "The pool of models at {} does not have the engine {}; it has {}."
_ERRORS: dict[str, type[StudioError]] = {
    error.__name__: error for error in (EngineUnavailable, QueryError, WeightsUnavailable)
}


class PooledModel(BaseModel):
    """What the pool says of an engine's encoder."""

    fingerprint: str
    picture_fingerprint: str
    dim: int
    languages: tuple[str, ...]


_MODELS = TypeAdapter(dict[str, PooledModel])


class PoolClient:
    """Asks a pool of models; safe to use from several threads.

    Args:
        address: Its address, ``http://HOST:PORT``.
        token: The token that it asks for; empty if none.
    """

    def __init__(self, address: str, token: str = "") -> None:
        self.address = address.rstrip("/")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        timeout = httpx.Timeout(_ANSWER, connect=_CONNECT)
        self._http = httpx.Client(
            base_url=self.address, headers=headers, timeout=timeout,
            trust_env=False, follow_redirects=False,
        )  # fmt: skip

    def encoder(self, engine: str) -> Encoder:
        """Return the encoder of an engine.

        Raises:
            EngineUnavailable: The pool can't be reached or does not have it.
        """
        models = self.models()
        if engine not in models:
            names = ", ".join(sorted(models)) or "none"
            raise EngineUnavailable(_NO_ENGINE.format(self.address, engine, names))
        kind = PooledReader if models[engine].languages else PooledEncoder
        return kind(self, engine, models[engine])

    def models(self, timeout: float = _ANSWER) -> dict[str, PooledModel]:
        """Return the engines that the pool has; raises ``EngineUnavailable``."""
        body = self._asked("GET", "/engines", _MOST_JSON, timeout=timeout)
        try:
            return _MODELS.validate_python(json.loads(body)["engines"])
        except (ValueError, KeyError, TypeError):
            self._not_understood()

    def problem(self) -> str:
        """Return why the pool can't be used now, one sentence; empty if it can."""
        try:
            self.models(_CHECK)
        except StudioError as error:
            return str(error)
        return ""

    def vectors(self, path: str, shape: tuple[int, int], **request: Any) -> Vectors:
        """Return the vectors that the pool answers with, ``shape`` of them and of numbers."""
        body = self._asked("POST", path, 4 * shape[0] * shape[1] + 1_000, **request)
        try:
            vectors: Any = unpacked(body, np.float32, shape)
        except ValueError:
            self._not_understood()
        if not np.isfinite(vectors).all():
            self._not_understood()
        checked: Vectors = vectors
        return checked

    def languages(self, content: Mapping[str, Any]) -> list[str]:
        """Return the languages that texts are read in."""
        body = self._asked("POST", "/language", _MOST_JSON, json=content)
        try:
            return TypeAdapter(list[str]).validate_python(json.loads(body)["languages"])
        except (ValueError, KeyError, TypeError):
            self._not_understood()

    def _asked(self, method: str, path: str, most: int, **request: Any) -> bytes:
        """Return the body of a good answer; raise what another one says.

        A process of the pool may end with a question in hand: then it is asked once more.
        """
        for _ in range(_TRIES):
            try:
                with self._http.stream(method, path, **request) as answer:
                    body = self._read(answer, most)
            except (httpx.RemoteProtocolError, httpx.ReadError):
                sentence = _NOT_REACHED
            except (httpx.ReadTimeout, httpx.WriteTimeout, httpx.PoolTimeout) as error:
                raise EngineUnavailable(_NOT_IN_TIME.format(self.address)) from error
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise EngineUnavailable(_NOT_REACHED.format(self.address)) from error
            else:
                if answer.status_code == 200:
                    return body
                if not _is_of_ray(answer, body):
                    raise self._error(answer.status_code, body)
                sentence = _STARTING
        raise EngineUnavailable(sentence.format(self.address))

    def _read(self, answer: httpx.Response, most: int) -> bytes:
        body = b""
        for part in answer.iter_bytes():
            body += part
            if len(body) > most:
                self._not_understood()
        return body

    def _error(self, status: int, body: bytes) -> StudioError:
        if status == 401:
            return EngineUnavailable(_REFUSED.format(self.address))
        try:
            content = json.loads(body)
            sentence, kind = str(content["error"])[:1_000], str(content["kind"])
        except (ValueError, KeyError, TypeError):
            return EngineUnavailable(_NOT_UNDERSTOOD.format(self.address))
        return _ERRORS.get(kind, EngineUnavailable)(sentence)

    def _not_understood(self) -> NoReturn:
        raise EngineUnavailable(_NOT_UNDERSTOOD.format(self.address))


def _is_of_ray(answer: httpx.Response, body: bytes) -> bool:
    """Tell whether Ray Serve answered, because a process of the pool ended or none runs yet."""
    if not answer.headers.get("content-type", "").startswith("text/plain"):
        return False
    return answer.status_code in (500, 503) or b"/-/routes" in body


class PooledEncoder:
    """An encoder of one engine in a pool.

    Args:
        pool: The pool.
        engine: Name of the engine.
        model: What the pool said of it.
    """

    def __init__(self, pool: PoolClient, engine: str, model: PooledModel) -> None:
        self._pool, self._engine = pool, engine
        self.fingerprint, self.dim = model.fingerprint, model.dim
        self.picture_fingerprint = model.picture_fingerprint
        self._named = {"engine": engine, "fingerprint": model.fingerprint}

    @property
    def place(self) -> str:
        """Address of the pool."""
        return self._pool.address

    def encode_images(self, images: Sequence[Image.Image], batch_size: int = 32) -> Vectors:
        """Embed pictures: ``[n, d] float32, L2-normalised``."""
        return self.encode_prepared(self.prepare(images))

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Embed texts: ``[n, d] float32, L2-normalised``."""
        return self._encoded(texts)

    def prepare(self, images: Sequence[Image.Image]) -> Prepared:
        """Return the pixels of each picture; the pool resizes them as its models need."""
        return [np.asarray(image.convert("RGB")) for image in images]

    def encode_prepared(self, batch: Prepared) -> Vectors:
        """Embed pixels, a request for each picture: ``[n, d] float32, L2-normalised``."""
        vectors = [
            self._pool.vectors(
                "/picture", (1, self.dim), content=packed(pixels), params=self._named
            )
            for pixels in batch
        ]
        return np.concatenate([np.zeros((0, self.dim), np.float32), *vectors])

    def _encoded(self, texts: Sequence[str], **more: object) -> Vectors:
        vectors = [np.zeros((0, self.dim), np.float32)]
        for start in range(0, len(texts), _TEXTS):
            part = list(texts[start : start + _TEXTS])
            content = {**self._named, "texts": part, **more}
            vectors.append(self._pool.vectors("/texts", (len(part), self.dim), json=content))
        return np.concatenate(vectors)


class PooledReader(PooledEncoder):
    """An encoder in a pool that reads words in several languages."""

    def __init__(self, pool: PoolClient, engine: str, model: PooledModel) -> None:
        super().__init__(pool, engine, model)
        self.languages = model.languages
        self._read: Recent[str] = Recent(_KEPT)

    def language_of(self, text: str) -> str:
        """Return the language that a text is read in (ISO 639-1)."""
        language = self._read.get(text)
        if language is None:
            (language,) = self._pool.languages({**self._named, "texts": [text]})
            self._read.put(text, language)
        return language

    def encode_queries(self, texts: Sequence[str], language: str = "") -> Vectors:
        """Embed the words of queries: ``[n, d] float32, L2-normalised``."""
        return self._encoded(texts, language=language, queries=True)
