"""Encoders in a pool, asked over HTTP: the same vectors, and a sentence where it can't be asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.app.model_service import ModelService
from core.base.http_messages import Answer, json_answer, packed
from core.embedding.pooled_encoder import PoolClient
from core.errors import EngineUnavailable, QueryError
from core.ports.encoder import Encoder, ReadsLanguages, encode_queries
from tests.core.app.small_pools import answering, small_models

CLOSED = "http://127.0.0.1:9"


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    with ExitStack() as stack:
        yield lambda service: stack.enter_context(answering(service))


def test_vectors_are_those_of_one_process_bit_for_bit(tmp_path: Path, serve) -> None:
    models = small_models(tmp_path)
    client = PoolClient(serve(ModelService(models)))
    local, pooled = models.engine("clip").encoder, client.encoder("clip")
    assert isinstance(pooled, Encoder)
    assert isinstance(pooled, ReadsLanguages)
    assert (pooled.fingerprint, pooled.dim) == (local.fingerprint, local.dim)
    words = ["a chair", "ein stuhl", "", "x" * 5_000, *(f"word {n}" for n in range(300))]
    assert (encode_queries(pooled, words) == encode_queries(local, [w[:4000] for w in words])).all()
    assert (encode_queries(pooled, ["tisch"], "de") == encode_queries(local, ["tisch"], "de")).all()
    assert (pooled.encode_texts(words[:2]) == local.encode_texts(words[:2])).all()
    assert [pooled.language_of(text) for text in ("ein stuhl", "chair")] == ["de", "en"]
    rng = np.random.default_rng(0)
    pictures = [Image.fromarray(rng.integers(0, 256, (h, 40, 3), np.uint8)) for h in (30, 50)]
    assert (pooled.encode_images(pictures) == local.encode_images(pictures)).all()
    assert pooled.encode_images([]).shape == encode_queries(pooled, []).shape == (0, local.dim)


def test_an_encoder_of_one_language_says_so(tmp_path: Path, serve) -> None:
    models = small_models(tmp_path)
    pooled = PoolClient(serve(ModelService(models))).encoder("vl-clip")
    assert not isinstance(pooled, ReadsLanguages)
    local = models.engine("vl-clip").encoder
    assert (pooled.encode_texts(["lamp"]) == local.encode_texts(["lamp"])).all()


def test_a_language_is_asked_once(tmp_path: Path, serve) -> None:
    asked, service = [], ModelService(small_models(tmp_path))
    pooled = PoolClient(serve(lambda request: asked.append(request.path) or service(request)))
    encoder = pooled.encoder("clip")
    for _ in range(3):
        assert encoder.language_of("ein stuhl") == "de"  # type: ignore[attr-defined]
    assert asked == ["/engines", "/language"]


def test_a_pool_that_is_not_there_is_named_with_what_to_do() -> None:
    client = PoolClient(CLOSED)
    with pytest.raises(
        EngineUnavailable, match=r"pool of models at http://127\.0\.0\.1:9 can't be"
    ):
        client.encoder("clip")
    assert "serve-models" in client.problem()


def test_a_pool_that_loads_its_models_is_not_said_to_be_missing(
    tmp_path: Path, serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, loaded = ModelService(small_models(tmp_path)), threading.Event()
    monkeypatch.setattr("core.embedding.pooled_encoder._CHECK", 0.2)
    client = PoolClient(serve(lambda request: loaded.wait() and service(request)))
    try:
        assert "did not answer in time: it loads its models" in client.problem()
    finally:
        loaded.set()
    monkeypatch.undo()
    assert client.encoder("clip").dim == 32


#: What Ray Serve says itself: no process runs yet, and one ended with a question in hand.
OF_RAY = [
    Answer(404, b"Path '/texts' not found. Ping http://.../-/routes for available routes.",
           "text/plain; charset=utf-8"),
    Answer(500, b"Internal Server Error", "text/plain; charset=utf-8"),
    Answer(503, b"", "text/plain"),
]  # fmt: skip


@pytest.mark.parametrize("answer", OF_RAY, ids=range(3))
def test_a_process_that_ends_with_a_question_in_hand_costs_nothing(
    tmp_path: Path, serve, answer: Answer
) -> None:
    service, once = ModelService(small_models(tmp_path)), [answer]
    address = serve(lambda r: once.pop() if r.path == "/texts" and once else service(r))
    pooled = PoolClient(address).encoder("clip")
    assert pooled.encode_texts(["chair"]).shape == (1, 32)
    assert not once


@pytest.mark.parametrize("answer", OF_RAY, ids=range(3))
def test_a_pool_without_processes_is_said_to_start(serve, answer: Answer) -> None:
    asked: list[str] = []
    client = PoolClient(serve(lambda request: asked.append(request.path) or answer))
    with pytest.raises(EngineUnavailable, match="runs, but none of its processes answers"):
        client.encoder("clip")
    assert len(asked) == 2


def test_an_engine_that_the_pool_lacks_is_named(tmp_path: Path, serve) -> None:
    client = PoolClient(serve(ModelService(small_models(tmp_path))))
    assert client.problem() == ""
    with pytest.raises(
        EngineUnavailable, match="does not have the engine mine; it has clip, vl-clip"
    ):
        client.encoder("mine")


def test_a_pool_that_was_started_with_other_weights_meanwhile_is_refused(
    tmp_path: Path, serve
) -> None:
    models = small_models(tmp_path)
    pooled = PoolClient(serve(ModelService(models))).encoder("clip")
    models.engine("clip").encoder.fingerprint = "other"  # type: ignore[misc]
    with pytest.raises(EngineUnavailable, match="has other weights of the engine clip"):
        pooled.encode_texts(["chair"])


def test_a_token_that_is_wrong_is_told(tmp_path: Path, serve) -> None:
    address = serve(ModelService(small_models(tmp_path, models_token="t" * 20)))
    assert PoolClient(address, "t" * 20).problem() == ""
    with pytest.raises(EngineUnavailable, match="VLCLIP_MODELS_TOKEN"):
        PoolClient(address).models()


def test_what_people_can_act_on_stays_what_it_is(tmp_path: Path, serve) -> None:
    models = small_models(tmp_path)

    def refuse(texts, language=""):
        raise QueryError("There is no encoder for the language “tlh”.")

    models.engine("clip").encoder.encode_queries = refuse  # type: ignore[attr-defined]
    pooled = PoolClient(serve(ModelService(models))).encoder("clip")
    with pytest.raises(QueryError, match="tlh"):
        encode_queries(pooled, ["x"], "tlh")


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, b"not an array"),
        Answer(200, packed(np.zeros((1, 31), np.float32))),
        Answer(200, packed(np.full((1, 32), np.nan, np.float32))),
        Answer(200, packed(np.zeros((9_999, 32), np.float32))),
        Answer(302, b""),
        Answer(500, b"<html>"),
        json_answer({"error": 5}, 500),
    ],
    ids=range(7),
)
def test_an_answer_that_can_not_be_used_is_refused(tmp_path: Path, serve, answer: Answer) -> None:
    service = ModelService(small_models(tmp_path))
    address = serve(lambda request: answer if request.path == "/texts" else service(request))
    pooled = PoolClient(address).encoder("clip")
    with pytest.raises(EngineUnavailable, match="gives no answer that can be used"):
        pooled.encode_texts(["chair"])
