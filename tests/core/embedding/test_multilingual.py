from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any, cast

import numpy as np
import pytest
from safetensors.numpy import load_file, save

from core.embedding.bridge_reader import BridgeReader
from core.embedding.compact import CompactEncoder
from core.embedding.multilingual import MultilingualEncoder
from core.embedding.word_bridge import WordBridge
from core.embedding.written import HEIGHTS, SIDE, write
from core.errors import QueryError, WeightsUnavailable
from core.ports.encoder import Encoder, ReadsLanguages, picture_fingerprint
from core.weights import WeightStore


@pytest.fixture(scope="module")
def many(weights: WeightStore, encoder: CompactEncoder) -> MultilingualEncoder:
    try:
        weights.path("words-multilingual")
    except WeightsUnavailable as error:
        pytest.skip(str(error))
    return MultilingualEncoder(encoder, weights)


def test_english_words_have_the_tower_s_own_vectors(
    many: MultilingualEncoder, encoder: CompactEncoder
) -> None:
    texts = ["red wooden chair", "a bowl of fruit on a table", "Men Blue Running Shoes"]
    np.testing.assert_array_equal(many.encode_texts(texts), many.text_tower.encode(texts))
    assert [many.language_of(text) for text in texts] == ["en"] * 3


def test_other_languages_lie_where_english_does(
    many: MultilingualEncoder, encoder: CompactEncoder
) -> None:
    english = encoder.encode_texts(["wooden chair", "red apples", "table lamp"])
    for texts in (
        ["Holzstuhl", "rote Äpfel", "Tischlampe"],
        ["silla de madera", "manzanas rojas", "lámpara de mesa"],
        ["木椅子", "红苹果", "台灯"],
    ):
        vectors = many.encode_texts(texts)
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
        assert (vectors @ english.T).argmax(axis=1).tolist() == [0, 1, 2]


def test_random_letters_are_no_other_language(many: MultilingualEncoder) -> None:
    assert {many.language_of(text) for text in ("xqzvw", "zxcvbnm", "flimzorp", "plorf")} == {"en"}
    assert many.language_of("Sessel") != "en"
    assert many.language_of("Holzstuhl") == "de"
    assert many.language_of("стул") == "ru"


def test_a_named_language_wins_over_the_one_that_was_found(many: MultilingualEncoder) -> None:
    guessed, named = many.encode_queries(["mango"]), many.encode_queries(["mango"], "es")
    assert many.language_of("mango tree in a garden") == "en"
    assert not np.allclose(guessed, named)
    with pytest.raises(QueryError, match="no encoder for the language “xx”"):
        many.encode_queries(["mango"], "xx")


def test_without_the_sentence_encoder_queries_are_english_and_nothing_else_is_stored(
    encoder: CompactEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    alone = MultilingualEncoder(encoder, WeightStore(tmp_path / "empty"))
    assert alone.language_of("rote Äpfel auf einem Tisch") == "en"
    text = "rote Äpfel auf einem Tisch"
    np.testing.assert_array_equal(alone.encode_queries([text]), alone.text_tower.encode([text]))
    np.testing.assert_array_equal(
        alone.encode_texts(["red wooden chair"]), alone.text_tower.encode(["red wooden chair"])
    )
    with pytest.raises(WeightsUnavailable):
        alone.encode_texts([text])
    with pytest.raises(WeightsUnavailable):
        alone.encode_queries(["rote Äpfel"], "de")


def test_pictures_are_the_compact_encoder_s_and_words_are_not(
    many: MultilingualEncoder, encoder: CompactEncoder
) -> None:
    assert isinstance(many, Encoder)
    assert isinstance(many, ReadsLanguages)
    assert not isinstance(encoder, ReadsLanguages)
    assert picture_fingerprint(many) == picture_fingerprint(encoder) == encoder.fingerprint
    assert many.fingerprint != encoder.fingerprint


def test_written_queries_point_where_the_words_do(
    weights: WeightStore, many: MultilingualEncoder, encoder: CompactEncoder
) -> None:
    written = MultilingualEncoder(encoder, weights, written=True)
    assert written.fingerprint == many.fingerprint, "stored vectors are the same"
    words = many.encode_texts(["wooden chair", "red apple"])
    (query,) = written.encode_queries(["red apple"])
    assert np.linalg.norm(query) == pytest.approx(1, abs=1e-5)
    assert (words @ query).argmax() == 1
    assert not np.allclose(query, words[1])


@pytest.mark.parametrize("text", ["cup", "word " * 80, "unbreakable" * 30, "", "木椅子\nкресло"])
def test_any_text_can_be_written(text: str) -> None:
    pixels = np.asarray(write(text).convert("L"))
    assert pixels.shape in [(height, SIDE) for height in HEIGHTS]
    assert (pixels < 128).sum() > 50


def test_a_bridge_is_written_and_read_again(tmp_path: Path) -> None:
    bridge = WordBridge(8, 4, 16)
    bridge.save(tmp_path)
    again = BridgeReader.load(tmp_path)
    vectors = np.random.default_rng(0).normal(size=(3, 8)).astype(np.float32)
    np.testing.assert_allclose(again.cross(vectors), bridge.cross(vectors), atol=1e-2)
    assert len(again.fingerprint) == 64
    assert again.cross(vectors).dtype == np.float32
    WordBridge(9, 4, 16).save(tmp_path / "other")
    mixed = load_file(tmp_path / "model.safetensors") | {
        "first.weight": load_file(tmp_path / "other" / "model.safetensors")["first.weight"]
    }
    for damaged in (b"broken", save(mixed)):
        (tmp_path / "model.safetensors").write_bytes(damaged)
        with pytest.raises(WeightsUnavailable, match="Restore"):
            BridgeReader.load(tmp_path)


class _SlowBase:
    """Stands in for the compact encoder while its image tower is being loaded."""

    def __init__(self) -> None:
        self.asked, self.may_finish = Event(), Event()

    @property
    def tower(self) -> None:
        self.asked.set()
        assert self.may_finish.wait(120)


def test_a_query_does_not_wait_for_an_image_tower_that_another_thread_loads() -> None:
    base = _SlowBase()
    reads = MultilingualEncoder(cast("Any", base), cast("Any", None), written=True)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(reads._can_write)
        assert base.asked.wait(120)
        assert not reads._can_write()
        evaluation = pool.submit(reads._can_write, wait=True)
        base.may_finish.set()
        assert first.result(120)
        assert evaluation.result(120)
    assert reads._can_write()


def test_without_the_image_tower_queries_are_read_by_the_text_tower_alone() -> None:
    class NoImages:
        @property
        def tower(self) -> None:
            raise WeightsUnavailable("no image tower")

    reads = MultilingualEncoder(cast("Any", NoImages()), cast("Any", None), written=True)
    assert not reads._can_write()
    assert not reads._can_write()
