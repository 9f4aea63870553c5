from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from core.embedding import tower_choice
from core.embedding.compact import CompactEncoder
from core.embedding.multilingual import MultilingualEncoder
from core.ports.encoder import Encoder
from core.weights import WeightStore

TOWER = Path(__file__).resolve().parents[3] / "data" / "towers" / "grounding"
needs_tower = pytest.mark.skipif(
    not (TOWER / "model.safetensors").is_file(), reason="the text tower is not trained yet"
)


def pictures() -> list[Image.Image]:
    disc = Image.new("RGB", (320, 240), "white")
    ImageDraw.Draw(disc).ellipse((80, 50, 220, 190), fill=(230, 120, 20))
    noise = np.random.default_rng(0).integers(0, 255, (90, 160, 3), dtype=np.uint8)
    return [disc, Image.fromarray(noise), Image.linear_gradient("L")]


def test_vectors_are_normalised_float32_and_order_is_kept(encoder: CompactEncoder) -> None:
    vectors = encoder.encode_images(pictures(), batch_size=2)
    assert vectors.shape == (3, 512)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    alone = encoder.encode_images(pictures()[2:])
    assert float(alone[0] @ vectors[2]) > 0.999
    assert encoder.encode_images([]).shape == (0, 512)
    assert isinstance(encoder, Encoder)


def test_number_format_does_not_change_the_vectors(weights: WeightStore) -> None:
    half = CompactEncoder(weights, "cpu", "bfloat16").encode_images(pictures())
    full = CompactEncoder(weights, "cpu", "float32").encode_images(pictures())
    assert (half * full).sum(axis=1).min() >= 0.999


def test_dense_features_follow_the_shape_of_the_picture(encoder: CompactEncoder) -> None:
    disc = pictures()[0]
    dense = encoder.dense(disc, long_side=224)
    assert dense.features.shape == (10, 14, 512)
    assert (dense.width, dense.height) == disc.size
    np.testing.assert_allclose(np.linalg.norm(dense.features, axis=-1), 1, atol=1e-4)
    # Patches of the disc are more like each other than like the background.
    rows, columns = np.mgrid[0:10, 0:14]
    distance = np.hypot((columns + 0.5) / 14 * 320 - 150, (rows + 0.5) / 10 * 240 - 120)
    inside, outside = dense.features[distance < 60], dense.features[distance > 90]
    assert (inside @ inside.T).mean() > (inside @ outside.T).mean() + 0.1


def test_image_tower_loads_once_for_many_threads(weights: WeightStore) -> None:
    encoder = CompactEncoder(weights)
    towers: list[int] = []
    threads = [threading.Thread(target=lambda: towers.append(id(encoder.visual))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(towers) == 4
    assert len(set(towers)) == 1


@needs_tower
def test_words_need_neither_download_nor_image_tower(tmp_path: Path) -> None:
    encoder = CompactEncoder(WeightStore(tmp_path / "empty"))
    vectors = encoder.encode_texts(["wooden chair", "oranges in a crate"])
    assert vectors.shape == (2, 512)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)
    assert not list((tmp_path / "empty").rglob("*clip*"))


@needs_tower
def test_fingerprint_is_the_same_for_all_number_formats_and_needs_no_download(
    tmp_path: Path,
) -> None:
    store = WeightStore(tmp_path / "empty")
    prints = {CompactEncoder(store, "cpu", p).fingerprint for p in ("float32", "bfloat16")}
    assert len(prints) == 1
    assert not list((tmp_path / "empty").rglob("*clip*"))


def test_the_fingerprints_load_no_model(
    weights: WeightStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each command that only compares them would wait for two models."""

    def load(store: WeightStore, role: str, runtime: str) -> None:
        raise AssertionError(f"{role} was loaded")

    monkeypatch.setattr(tower_choice, "choose_text_tower", load)
    base = CompactEncoder(weights)
    assert len(base.fingerprint) == 64
    assert len(MultilingualEncoder(base, weights).fingerprint) == 64
