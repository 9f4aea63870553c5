from __future__ import annotations

import numpy as np
import pytest

from core.training.batches import Batches, Draw
from core.training.pairs import Pairs


@pytest.fixture
def pairs() -> Pairs:
    count = 60
    rng = np.random.default_rng(0)
    return Pairs(
        keys=[str(i) for i in range(count)],
        sources=np.array(["shop"] * 30 + ["art"] * 10 + ["words"] * 20),
        domains=np.array(["photo"] * 40 + ["rendered"] * 20),
        groups=np.array([str(i // 2) for i in range(count)]),
        splits=np.full(count, "train"),
        texts=[[f"thing number {i} of all things", "a thing"] for i in range(count)],
        vectors=rng.normal(size=(count, 4)).astype(np.float32),
    )


def test_an_epoch_sees_every_picture_and_never_mixes_domains(pairs: Pairs) -> None:
    batches = Batches(pairs, 8, {}, Draw(title=1.0, drop=0.0))
    seen: list[str] = []
    for batch in batches.epoch(0):
        kinds = {int(text.split()[2]) >= 40 for text in batch.texts}
        assert kinds == {batch.domain == "rendered"}
        assert batch.vectors.shape == (len(batch.texts), 4)
        seen += batch.texts
    assert sorted(seen) == sorted(texts[0] for texts in pairs.texts)


def test_repeats_weigh_the_domains(pairs: Pairs) -> None:
    batches = Batches(pairs, 8, {"photo": 2.0, "rendered": 0.5}, Draw())
    sizes = {"photo": 0, "rendered": 0}
    for batch in batches.epoch(0):
        sizes[batch.domain] += len(batch.texts)
    assert sizes == {"photo": 80, "rendered": 10}


def test_equal_texts_and_groups_are_no_negatives(pairs: Pairs) -> None:
    batch = next(Batches(pairs, 60, {}, Draw(title=1.0, drop=0.0)).epoch(0))
    numbers = np.array([int(text.split()[2]) for text in batch.texts])
    expected = numbers[:, None] // 2 == numbers // 2
    np.testing.assert_array_equal(batch.same.numpy(), expected)
    batch = next(Batches(pairs, 60, {}, Draw(title=0.0, drop=0.0)).epoch(0))
    plain = np.array([text == "a thing" for text in batch.texts])
    assert batch.same.numpy()[np.ix_(plain, plain)].all()


def test_epochs_differ_and_seeds_repeat(pairs: Pairs) -> None:
    def texts(seed: int, epoch: int) -> list[list[str]]:
        return [batch.texts for batch in Batches(pairs, 8, {}, Draw(), seed=seed).epoch(epoch)]

    assert texts(1, 0) == texts(1, 0)
    assert texts(1, 0) != texts(1, 1)
    assert texts(1, 0) != texts(2, 0)


def test_invented_names_come_before_texts(pairs: Pairs) -> None:
    batch = next(Batches(pairs, 60, {}, Draw(title=0.0, drop=0.0, name=1.0)).epoch(0))
    assert all(text.endswith((" a thing", " of all things")) for text in batch.texts)
    assert len({text.split()[0] for text in batch.texts}) > 30


@pytest.mark.parametrize(
    ("texts", "drawn"), [("rewrite", {"a thing"}), ("title", {"thing"}), ("mixed", {"thing", "a"})]
)
def test_texts_are_drawn_as_their_name_says(pairs: Pairs, texts: str, drawn: set[str]) -> None:
    batches = Batches(pairs, 8, {}, Draw(title=0.4, drop=0.0, texts=texts))
    seen = [text for epoch in range(3) for batch in batches.epoch(epoch) for text in batch.texts]
    if texts == "rewrite":
        assert set(seen) == drawn
    else:
        assert {text.split()[0] for text in seen} == drawn
