from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from core.embedding.sentence_encoder import SentenceEncoder, read_tokenizer
from core.errors import WeightsUnavailable
from core.weights import WeightStore


@pytest.fixture(scope="module")
def sentences(weights: WeightStore) -> SentenceEncoder:
    try:
        return SentenceEncoder(weights.path("words-multilingual"))
    except WeightsUnavailable as error:
        pytest.skip(str(error))


def test_one_meaning_has_near_vectors_in_all_languages(sentences: SentenceEncoder) -> None:
    things = {
        "en": ["wooden chair", "red apple", "table lamp"],
        "de": ["Holzstuhl", "roter Apfel", "Tischlampe"],
        "zh": ["木椅子", "红苹果", "台灯"],
    }
    vectors = {name: sentences.encode(texts) for name, texts in things.items()}
    for name in ("de", "zh"):
        scores = vectors[name] @ vectors["en"].T
        assert scores.argmax(axis=1).tolist() == [0, 1, 2]


def test_vectors_do_not_depend_on_what_is_beside_them(sentences: SentenceEncoder) -> None:
    texts = ["chair", "", "a very long text " * 60, "\ud800 broken", "стул"]
    together = sentences.encode(texts)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, rtol=1e-5)
    for row, text in zip(together, texts, strict=True):
        np.testing.assert_allclose(sentences.encode([text])[0], row, atol=1e-5)


def test_a_missing_or_damaged_file_is_one_sentence(tmp_path: Path) -> None:
    for content in (None, b"", b"\x0a\xff\xff\xff\x7f", b"\x08\x01"):
        if content is not None:
            (tmp_path / "sp.model").write_bytes(content)
        with pytest.raises(WeightsUnavailable, match="weights fetch words-multilingual"):
            SentenceEncoder(tmp_path)


def test_a_model_without_a_normaliser_is_refused(tmp_path: Path) -> None:
    piece = b"\x0a\x01a" + b"\x15" + struct.pack("<f", -1.0)
    (tmp_path / "sp.model").write_bytes(b"\x0a" + bytes([len(piece)]) + piece)
    with pytest.raises(ValueError, match=r"sp\.model is no SentencePiece model"):
        read_tokenizer(tmp_path / "sp.model")
