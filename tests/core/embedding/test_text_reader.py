"""The text tower in ONNX Runtime reads as PyTorch does, and PyTorch reads where it can't."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import BertConfig, BertModel

from core.embedding import text_tower
from core.embedding.text_reader import OnnxTextTower
from core.embedding.text_tower import TextTower
from core.embedding.tower_choice import choose_text_tower
from core.embedding.tower_files import FILES, TEXT_ROLE, TowerConfig, fingerprint_of
from core.errors import WeightsUnavailable
from core.weights import WeightStore
from tests.core.late_torch import late_torch

WORDS = ["[UNK]", "red", "blue", "chair", "lamp", "with", "a", "cushion"]
TEXTS = ("red chair", "lamp", "a red chair with a blue cushion", "lamp with sofa", "blue lamp")


def write_tower(folder: Path, hidden: int = 0) -> Path:
    """Write a tiny tower with weights as large as trained ones; return its folder."""
    torch.manual_seed(0)
    tokenizer = Tokenizer(WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    sizes = BertConfig(
        vocab_size=len(WORDS), hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
        intermediate_size=64, max_position_embeddings=16,
    )  # fmt: skip
    backbone = BertModel(sizes, add_pooling_layer=False)
    tower = TextTower(backbone, tokenizer, TowerConfig(dim=16, hidden=hidden, max_tokens=8))
    for tensor in tower.parameters():
        torch.nn.init.normal_(tensor, std=0.2)
    tower.save(folder)
    return folder


def store_of(tmp_path: Path, hidden: int = 0) -> WeightStore:
    folder = write_tower(tmp_path / "tower", hidden)
    return WeightStore(tmp_path, local={"text-tower": folder})


@pytest.mark.parametrize("hidden", [0, 24])
def test_onnx_reads_as_pytorch_does(tmp_path: Path, hidden: int) -> None:
    store = store_of(tmp_path, hidden)
    plain, fast = (choose_text_tower(store, TEXT_ROLE, runtime) for runtime in ("torch", "onnx"))
    assert isinstance(fast, OnnxTextTower)
    assert fast.fingerprint == plain.fingerprint
    expected = plain.encode(TEXTS)
    np.testing.assert_allclose(fast.encode(TEXTS), expected, atol=1e-4)
    np.testing.assert_allclose(fast.encode(TEXTS * 3, batch_size=2)[-5:], expected, atol=1e-4)
    long = ["red lamp " * 20]
    np.testing.assert_allclose(fast.encode(long), plain.encode(long), atol=1e-4)
    assert fast.encode([]).shape == (0, 16)


def test_the_fingerprint_is_that_of_the_loaded_tower(tmp_path: Path) -> None:
    store = store_of(tmp_path)
    loaded = choose_text_tower(store, TEXT_ROLE, "onnx")
    assert fingerprint_of(store.path(TEXT_ROLE)) == loaded.fingerprint


@pytest.mark.parametrize("name", FILES)
def test_an_incomplete_tower_has_no_fingerprint(tmp_path: Path, name: str) -> None:
    folder = write_tower(tmp_path / "tower")
    whole = (folder / name).read_bytes()
    (folder / name).unlink()
    with pytest.raises(WeightsUnavailable, match="can't be read"):
        fingerprint_of(folder)
    if name != "tokenizer.json":  # it is read when it is needed
        (folder / name).write_bytes(whole[:-10])
        with pytest.raises(WeightsUnavailable, match="can't be read"):
            fingerprint_of(folder)


def test_pytorch_is_measured_in_one_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is imported for the measurement, and would take all threads by itself."""
    store, counts = store_of(tmp_path), []
    with late_torch() as show:

        class Late(TextTower):
            @classmethod
            def load(cls, folder: Path) -> TextTower:
                show()
                return super().load(folder)

            def encode(self, *given: object) -> np.ndarray:
                counts.append(torch.get_num_threads())
                return super().encode(*given)

        monkeypatch.setattr(text_tower, "TextTower", Late)
        choose_text_tower(store, TEXT_ROLE, "auto")
    assert counts
    assert set(counts) == {1}


def test_the_trial_is_kept(tmp_path: Path) -> None:
    store = store_of(tmp_path)
    choose_text_tower(store, TEXT_ROLE, "auto")
    kept = json.loads((store.root / "derived" / "fastest.json").read_text("utf-8"))
    (entry,) = kept["models"].values()
    assert entry["agreement"]["onnx float32"] > 0.999


def test_a_backbone_of_another_kind_runs_in_pytorch(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = store_of(tmp_path)
    path = store.path("text-tower") / "config.json"
    config = json.loads(path.read_text("utf-8"))
    config["backbone"]["hidden_act"] = "relu"
    path.write_text(json.dumps(config), "utf-8")
    with caplog.at_level(logging.WARNING):
        assert isinstance(choose_text_tower(store, TEXT_ROLE, "onnx"), TextTower)
    assert "The text tower runs in PyTorch" in caplog.text


def test_reading_words_imports_no_transformers() -> None:
    check = "import sys, core.embedding.tower_choice as t; print('transformers' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
