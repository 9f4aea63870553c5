"""What a pool of models answers, asked without HTTP."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.app.model_service import MOST_TEXTS, ModelService
from core.app.models import ModelPool
from core.base.http_messages import Answer, Request, packed, unpacked
from core.settings import load_settings
from tests.core.app.small_pools import small_models, small_service


@pytest.fixture
def models(tmp_path: Path) -> ModelPool:
    return small_models(tmp_path)


@pytest.fixture
def service(models: ModelPool) -> ModelService:
    return ModelService(models)


def asked(models: ModelPool, **more: object) -> dict[str, object]:
    return {"engine": "clip", "fingerprint": models.engine("clip").encoder.fingerprint, **more}


def texts(listed: list[object]) -> bytes:
    return json.dumps({"engine": "clip", "fingerprint": "x", "texts": listed}).encode()


def error(answer: Answer) -> str:
    sentence: str = json.loads(answer.body)["error"]
    return sentence


def test_it_tells_the_engines_that_can_run(service: ModelService, models: ModelPool) -> None:
    engines = json.loads(service(Request("/engines")).body)["engines"]
    assert set(engines) == {"clip", "vl-clip"}
    clip = models.engine("clip").encoder
    assert engines["clip"] == {
        "fingerprint": clip.fingerprint, "picture_fingerprint": clip.fingerprint,
        "dim": clip.dim, "languages": ["en", "de"],
    }  # fmt: skip
    assert engines["vl-clip"]["languages"] == []


def test_vectors_are_those_of_the_encoder(service: ModelService, models: ModelPool) -> None:
    encoder = models.engine("clip").encoder
    body = json.dumps(asked(models, texts=["a chair", "ein stuhl"], queries=True)).encode()
    answer = service(Request("/texts", body))
    got = unpacked(answer.body, np.float32, (2, encoder.dim))
    assert (got == encoder.encode_queries(["a chair", "ein stuhl"])).all()  # type: ignore[attr-defined]
    picture = Image.new("RGB", (7, 5), "red")
    options = tuple((key, str(value)) for key, value in asked(models).items())
    answer = service(Request("/picture", packed(np.asarray(picture)), options=options))
    got = unpacked(answer.body, np.float32, (1, encoder.dim))
    assert (got == encoder.encode_images([picture])).all()


def test_real_words_are_embedded_as_in_this_process(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path, cache_dir=tmp_path / "c", written_queries=False)
    models = ModelPool(settings)
    encoder = models.engine("clip").encoder
    words = ["a green velvet sofa", "lamp"]
    body = json.dumps(asked(models, texts=words, language="en", queries=True)).encode()
    answer = ModelService(models)(Request("/texts", body))
    expected = encoder.encode_queries(words, "en")  # type: ignore[attr-defined]
    assert (unpacked(answer.body, np.float32, (2, 512)) == expected).all()


def test_languages_are_told(service: ModelService, models: ModelPool) -> None:
    body = json.dumps(asked(models, texts=["ein stuhl", "chair"])).encode()
    answer = json.loads(service(Request("/language", body)).body)
    assert answer == {"languages": ["de", "en"]}


def test_other_weights_are_refused_with_what_to_do(service: ModelService) -> None:
    body = json.dumps({"engine": "clip", "fingerprint": "other", "texts": ["x"]}).encode()
    answer = service(Request("/texts", body))
    assert answer.status == 422
    assert error(answer).startswith("The pool of models has other weights of the engine clip")
    assert json.loads(answer.body)["kind"] == "EngineUnavailable"


def test_an_engine_that_is_not_there_is_named(service: ModelService) -> None:
    body = json.dumps({"engine": "telepathy", "fingerprint": "x", "texts": ["x"]}).encode()
    answer = service(Request("/texts", body))
    assert (answer.status, json.loads(answer.body)["kind"]) == (422, "EngineUnavailable")
    assert "telepathy" in error(answer)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b'{"engine": "clip"}', b"\xff",
        texts(["x"] * (MOST_TEXTS + 1)), texts([1]),
        b'{"engine": "clip", "fingerprint": "x", "texts": ["' + b"x" * 9_000_000 + b'"]}',
    ],
    ids=range(8),
)  # fmt: skip
def test_bad_words_are_refused(service: ModelService, body: bytes) -> None:
    assert service(Request("/texts", body)).status == 400


class Bomb:
    """Runs where it is unpickled."""

    def __reduce__(self):
        return pytest.fail, ("unpickled",)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"\x93NUMPY", pickle.dumps(Bomb()),
        packed(np.zeros((4, 4, 4), np.uint8)), packed(np.zeros((4, 4, 3), np.float32)),
        packed(np.zeros((0, 4, 3), np.uint8)), packed(np.zeros((1001, 1000, 3), np.uint8)),
    ],
    ids=range(7),
)  # fmt: skip
def test_bad_pictures_are_refused_and_nothing_is_unpickled(tmp_path: Path, body: bytes) -> None:
    models = small_models(tmp_path, max_image_megapixels=1.0)
    options = tuple((key, str(value)) for key, value in asked(models).items())
    assert ModelService(models)(Request("/picture", body, options=options)).status == 400


def test_an_array_of_objects_is_refused(
    service: ModelService, models: ModelPool, tmp_path: Path
) -> None:
    file = tmp_path / "bomb.npy"
    np.save(file, np.array([[[Bomb()]]], object), allow_pickle=True)
    options = tuple((key, str(value)) for key, value in asked(models).items())
    assert service(Request("/picture", file.read_bytes(), options=options)).status == 400


def test_an_unknown_path_is_not_found(service: ModelService) -> None:
    assert service(Request("/")).status == 404


def test_a_failing_model_is_no_riddle(service: ModelService, models: ModelPool) -> None:
    models.engine("clip").encoder.refuse = "cursed"  # type: ignore[attr-defined]
    answer = service(Request("/texts", json.dumps(asked(models, texts=["cursed"])).encode()))
    assert (answer.status, error(answer)) == (
        500, "It failed in the pool of models; its log says why.",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("token", "status"), [("", 401), ("wrong", 401), ("é", 401), ("t" * 20, 200)]
)
def test_a_token_is_asked_for_where_there_is_one(tmp_path: Path, token: str, status: int) -> None:
    service = small_service(tmp_path, models_token="t" * 20)
    assert service(Request("/engines", token=token)).status == status
