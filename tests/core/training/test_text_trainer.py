"""A tiny tower learns colours and things, and can be stopped."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import BertConfig, BertModel

from core.embedding.text_tower import TextTower, TowerConfig
from core.training.batches import Batch
from core.training.loop import Loop
from core.training.pairs import Pairs
from core.training.text_trainer import TextTrainer, TextTraining, centred

COLOURS, THINGS = ["red", "blue", "green", "black"], ["chair", "lamp", "shoe", "apple", "ship"]
SETTINGS = TextTraining(
    epochs=12, batch=20, lr=3e-3, lr_head=1e-2, drop=0.0, ema=0.5, bf16=False, patience=99
)


def make_tower() -> TextTower:
    torch.manual_seed(0)
    words = {word: i for i, word in enumerate(["[UNK]", *COLOURS, *THINGS])}
    tokenizer = Tokenizer(WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    sizes = BertConfig(
        vocab_size=len(words),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=16,
    )
    backbone = BertModel(sizes, add_pooling_layer=False)
    return TextTower(backbone, tokenizer, TowerConfig(dim=16, max_tokens=8))


@pytest.fixture
def pairs() -> Pairs:
    rng = np.random.default_rng(0)
    parts = {word: rng.normal(size=16) for word in COLOURS + THINGS}
    names = [(colour, thing) for colour in COLOURS for thing in THINGS]
    vectors = np.array([parts[colour] + parts[thing] for colour, thing in names])
    vectors = np.concatenate([vectors + 0.1 * rng.normal(size=vectors.shape) for _ in range(4)])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    count = len(vectors)
    return Pairs(
        keys=[str(i) for i in range(count)],
        sources=np.full(count, "shop"),
        domains=np.full(count, "photo"),
        groups=np.array([str(i) for i in range(count)]),
        splits=np.array(["train"] * 60 + ["val"] * 20),
        texts=[[" ".join(names[i % 20])] for i in range(count)],
        vectors=vectors.astype(np.float32),
    )


def test_learns_and_logs(pairs: Pairs, tmp_path: Path) -> None:
    trainer = TextTrainer(make_tower(), pairs, SETTINGS, tmp_path, say=lambda line: None)
    before = trainer.validate().hits1
    trainer.run()
    assert before < 0.3
    assert trainer.validate().hits1 > 0.9
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [row["epoch"] for row in rows] == list(range(1, 13))
    assert rows[-1]["loss"] < rows[0]["loss"]


def test_word_vectors_of_the_backbone_stay(pairs: Pairs, tmp_path: Path) -> None:
    tower = make_tower()
    words = tower.backbone.embeddings.word_embeddings.weight.detach().clone()
    settings = replace(SETTINGS, epochs=1)
    TextTrainer(tower, pairs, settings, tmp_path, say=lambda line: None).run()
    torch.testing.assert_close(tower.backbone.embeddings.word_embeddings.weight, words)


class Stop(Exception):
    """As good as a kill: nothing is written after it."""


@pytest.mark.parametrize("moment", ["epoch 2", "step 4/"])
def test_a_stopped_run_ends_as_if_it_had_not_been(
    pairs: Pairs, tmp_path: Path, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(SETTINGS, epochs=4, save_every=1)
    whole = TextTrainer(make_tower(), pairs, settings, tmp_path / "a", say=lambda line: None).run()
    steps = []
    trained = Loop._train_step

    def stop(line: str) -> None:
        if line.startswith(moment):
            raise Stop

    def step(self: Loop, batch: Batch) -> float:
        steps.append(1)
        if moment.startswith("step") and len(steps) == 5:
            raise Stop
        return trained(self, batch)

    monkeypatch.setattr(Loop, "_train_step", step)
    with pytest.raises(Stop):
        TextTrainer(make_tower(), pairs, settings, tmp_path / "b", say=stop).run()
    lines: list[str] = []
    again = TextTrainer(make_tower(), pairs, settings, tmp_path / "b", say=lines.append).run()
    assert lines[0] == "going on after epoch " + ("2" if moment == "epoch 2" else "1 and 1 steps")
    texts = ["red chair", "black ship"]
    np.testing.assert_array_equal(whole.encode(texts), again.encode(texts))
    assert log(tmp_path / "a") == log(tmp_path / "b")


def log(folder: Path) -> list[dict]:
    """A run's log without what the clock said."""
    rows = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


def test_rendered_words_get_the_mean_of_photos(pairs: Pairs) -> None:
    domains = np.array(["photo", "rendered"] * 40)
    moved = replace(
        pairs, domains=domains, vectors=pairs.vectors + domains[:, None].__eq__("rendered")
    )
    centres = {name: moved.vectors[domains == name].mean(axis=0) for name in ("photo", "rendered")}
    result = centred(moved, centres)
    np.testing.assert_array_equal(result.vectors[domains == "photo"], pairs.vectors[::2])
    np.testing.assert_allclose(np.linalg.norm(result.vectors[1::2], axis=1), 1, rtol=1e-5)
    gap = result.vectors[1::2].mean(axis=0) - centres["photo"]
    assert np.linalg.norm(gap) < 0.2 * np.linalg.norm(centres["rendered"] - centres["photo"])
