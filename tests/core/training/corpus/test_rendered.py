from __future__ import annotations

import numpy as np

from core.embedding.compact import CompactEncoder
from core.training.corpus.rendered import HEIGHT, encode_strips, render, strip_width


def test_words_fit_on_the_strip() -> None:
    for phrase in (
        "cup",
        "a very long description of many things in a row that hardly fits at all",
    ):
        width = strip_width(phrase)
        pixels = np.asarray(render(phrase, width).convert("L"))
        assert pixels.shape == (HEIGHT, width)
        assert (pixels < 128).sum() > 50
        border = np.concatenate([pixels[:, 0], pixels[:, -1], pixels[-1]])
        assert border.min() > 200


def test_a_rendered_word_points_to_its_own_kind(encoder: CompactEncoder) -> None:
    words = ["apple", "banana", "truck", "bus", "sofa", "armchair"]
    vectors = encode_strips(encoder.visual, words, 160)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    vectors -= vectors.mean(axis=0)
    scores = vectors @ vectors.T - 2 * np.eye(6)
    assert scores.argmax(axis=1).tolist() == [1, 0, 3, 2, 5, 4]
