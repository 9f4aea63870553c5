from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from core.embedding.text_tower import TextTower
from core.embedding.tower_files import FILES
from core.errors import WeightsUnavailable
from core.settings import SHIPPED

FOLDER = SHIPPED / "towers" / "text"


@pytest.fixture(scope="module")
def tower() -> TextTower:
    return TextTower.load(FOLDER)


def test_shipped_files_are_small_and_described() -> None:
    assert sum((FOLDER / name).stat().st_size for name in FILES) < 50e6
    assert "Licence" in (FOLDER / "README.md").read_text("utf-8")


def test_vectors_are_normalised_float32(tower: TextTower) -> None:
    vectors = tower.encode(["red chair", "a portrait of a woman", ""])
    assert vectors.shape == (3, 512)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    assert tower.encode([]).shape == (0, 512)


@pytest.mark.parametrize(
    "text", ["", " ", "椅子 🪑", "\ud800 half", "x " * 5000, "\x00\n\t", "a" * 9999]
)
def test_takes_any_text(tower: TextTower, text: str) -> None:
    assert np.isfinite(tower.encode([text])).all()


def test_the_batch_does_not_matter(tower: TextTower) -> None:
    texts = ["chair", "a wooden chair with four legs and a red cushion on it", "lamp"]
    together = tower.encode(texts)
    apart = np.concatenate([tower.encode([text], batch_size=1) for text in texts])
    np.testing.assert_allclose(together, apart, atol=1e-5)


def test_knows_what_is_alike(tower: TextTower) -> None:
    names = ["a wooden chair", "an orange", "a portrait of a woman", "a laptop", "a red lamp"]
    others = ["armchair", "oranges in a crate", "painting of a lady", "notebook computer", "lamps"]
    scores = tower.encode(others) @ tower.encode(names).T
    assert scores.argmax(axis=1).tolist() == [0, 1, 2, 3, 4]


def test_save_and_load_keep_the_vectors(tower: TextTower, tmp_path: Path) -> None:
    tower.save(tmp_path / "copy", FOLDER / "tokenizer.json")
    copy = TextTower.load(tmp_path / "copy")
    np.testing.assert_array_equal(copy.encode(["red chair"]), tower.encode(["red chair"]))
    assert copy.fingerprint == TextTower.load(tmp_path / "copy").fingerprint


def test_the_fingerprint_follows_the_files(tower: TextTower, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    shutil.copytree(FOLDER, folder)
    assert TextTower.load(folder).fingerprint == TextTower.load(FOLDER).fingerprint
    config = json.loads((folder / "config.json").read_text("utf-8"))
    config["tower"]["max_tokens"] = 32
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    assert TextTower.load(folder).fingerprint != TextTower.load(FOLDER).fingerprint


def test_a_missing_or_broken_folder_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(WeightsUnavailable, match="can't be read"):
        TextTower.load(tmp_path)
    folder = tmp_path / "broken"
    shutil.copytree(FOLDER, folder)
    (folder / "model.safetensors").write_bytes(b"no tensors")
    with pytest.raises(WeightsUnavailable, match="Restore the folder") as caught:
        TextTower.load(folder)
    assert "\n" not in str(caught.value)


def test_never_unpickles(tmp_path: Path) -> None:
    folder = tmp_path / "pickled"
    shutil.copytree(FOLDER, folder)
    torch.save({"a": torch.zeros(1)}, folder / "model.safetensors")
    with pytest.raises(WeightsUnavailable):
        TextTower.load(folder)
