"""A tiny tower learns colours and things, and can be stopped."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import BertConfig, BertModel

from core.embedding.text_tower import TextTower
from core.embedding.tower_files import TowerConfig
from core.errors import TrainingStopped
from core.training.batches import Batch
from core.training.metrics import Retrieval
from core.training.pairs import Pairs
from core.training.text_trainer import TextTrainer, TextTraining, centred
from core.training.training_loop import Loop

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


def test_a_run_that_is_asked_to_stop_goes_on_after_its_last_step(
    pairs: Pairs, tmp_path: Path
) -> None:
    settings = replace(SETTINGS, epochs=3)
    whole = TextTrainer(make_tower(), pairs, settings, tmp_path / "a", say=lambda line: None).run()

    def run(stop_at: int, lines: list[str]) -> TextTower:
        return TextTrainer(
            make_tower(), pairs, settings, tmp_path / "b", lines.append,
            on_step=lambda done, total: done == stop_at,
        ).run()  # fmt: skip

    lines: list[str] = []
    with pytest.raises(TrainingStopped, match="goes on where it was"):
        run(5, [])
    again = run(-1, lines)
    assert lines[0] == "going on after epoch 1 and 2 steps"
    assert log(tmp_path / "a") == log(tmp_path / "b")
    np.testing.assert_array_equal(whole.encode(["red chair"]), again.encode(["red chair"]))


def test_it_stops_early_and_keeps_the_best_epoch(
    pairs: Pairs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recalls = iter([0.4, 0.6, 0.5, 0.6, 0.9])
    monkeypatch.setattr(
        TextTrainer, "_validate", lambda self: Retrieval(20, 0.0, next(recalls), 0.0, 0.0)
    )
    settings = replace(SETTINGS, epochs=9, patience=2, ema=0.0)
    tower = TextTrainer(make_tower(), pairs, settings, tmp_path, say=lambda line: None).run()
    assert [row["validation"]["hits5"] for row in log(tmp_path)] == [0.4, 0.6, 0.5, 0.6]
    best = torch.load(tmp_path / "best.pt", weights_only=True)
    last = torch.load(tmp_path / "state.pt", weights_only=True)["weights"]
    name = next(name for name in best if "projection" in name)
    kept = dict(tower.named_parameters())[name.removeprefix("text/tower/").replace("/", ".")]
    torch.testing.assert_close(kept.detach(), best[name])
    assert not torch.equal(best[name], last[name])


def test_seeds_and_number_formats(pairs: Pairs, tmp_path: Path) -> None:
    """The same seed, the same weights; another, others; bfloat16 learns what float32 does."""

    def run(folder: str, **changes: object) -> tuple[TextTower, list[dict]]:
        settings = replace(SETTINGS, **{"epochs": 2, "drop": 0.1} | changes)  # type: ignore[arg-type]
        trainer = TextTrainer(
            make_tower(), pairs, settings, tmp_path / folder, say=lambda line: None
        )
        return trainer.run(), log(tmp_path / folder)

    (_, first), (_, again), (_, other) = run("a"), run("b"), run("c", seed=1)
    assert first == again
    assert first != other
    seen: list[torch.dtype] = []
    linear = torch.nn.functional.linear

    def watched(*given: Any) -> torch.Tensor:
        output = linear(*given)
        seen.append(output.dtype)
        return output

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.nn.functional, "linear", watched)
        tower, half = run("d", bf16=True, epochs=8)
    assert torch.bfloat16 in seen
    assert half[-1]["validation"]["hits5"] > 0.9
    assert {value.dtype for value in tower.parameters()} == {torch.float32}, "weights stay exact"


def log(folder: Path) -> list[dict]:
    """Read a run's log without times."""
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
