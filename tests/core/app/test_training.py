"""Fine-tuning on a catalogue, end to end over a real store; only the towers are small."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from core.app.catalog_pairs import catalog_pairs, families, held_out
from core.app.training import TrainingService
from core.domain import COMPACT, Engine, EvalQuery, ImageView, Item, Photo, TextView, Towers
from core.embedding import adapter
from core.embedding.adapter import ImageAdapter
from core.embedding.recipes import load_own_engines
from core.errors import TrainingError, WeightsUnavailable
from core.settings import load_settings
from core.training.metrics import retrieval
from core.training.pairs import PairsError
from core.training.publish import publish
from core.training.text_trainer import TextTrainer
from tests.core.training.test_text_trainer import SETTINGS, make_tower, pairs

__all__ = ["pairs"]


def test_an_adapter_starts_as_the_identity_and_comes_back_from_disk(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(5, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    fresh = ImageAdapter(16, 4)
    assert np.allclose(fresh.apply_to(vectors), vectors, atol=1e-6)
    torch.nn.init.normal_(fresh.up.weight)
    fresh.save(tmp_path)
    loaded = ImageAdapter.load(tmp_path)
    assert np.array_equal(loaded.apply_to(vectors), fresh.eval().apply_to(vectors))
    (tmp_path / adapter.FILE).write_bytes(b"no weights")
    with pytest.raises(WeightsUnavailable, match="can't be read"):
        ImageAdapter.load(tmp_path)


def test_an_adapter_learns_what_the_tower_alone_cannot(pairs, tmp_path: Path) -> None:
    """The words are frozen, so that only the adapter can close the gap."""
    learning = ImageAdapter(16, 8)
    tower = make_tower()
    options = replace(SETTINGS, lr=0.0)
    before = retrieval(tower.encode(pairs.titles()), learning.apply_to(pairs.vectors))
    TextTrainer(tower, pairs, options, tmp_path, lambda _: None, learning).run()
    after = retrieval(tower.encode(pairs.titles()), learning.eval().apply_to(pairs.vectors))
    assert after.mrr > 1.5 * before.mrr


def item(item_id: str, title: str, photo: str = "", group: str = "") -> Item:
    """Make an item whose photo is its own unless another's is named."""
    phash = hashlib.sha256((photo or item_id).encode()).hexdigest()[:16]
    shown = Photo("0" * 64, 10, 10, phash)
    return Item(item_id, title, shown, product_type="Thing", group=group)


def test_what_shares_title_photo_or_group_is_one_family() -> None:
    labels = families(
        [
            item("a", "Chair"),
            item("b", "CHAIR", photo="p"),
            item("c", "Seat", photo="p", group="g"),
            item("d", "Stool", group="g"),
            item("e", "Lamp"),
        ]
    )
    assert len({*labels[:4]}) == 1
    assert labels[4] != labels[0]
    assert len(set(families([item("a", "A"), item("b", "B")]))) == 2, "no group is no family"


def shop(titles: list[str]) -> SimpleNamespace:
    """Make a catalogue as the pairs see it."""
    records = {
        str(i): SimpleNamespace(item=item(str(i), t), rewrite=f"{t} seen")
        for i, t in enumerate(titles)
    }
    vectors = np.eye(len(titles), dtype=np.float32)
    table = SimpleNamespace(columns=lambda *names: (list(records), [vectors]))
    return SimpleNamespace(
        name="shop",
        searcher=SimpleNamespace(checked=lambda base: table),
        store=SimpleNamespace(items=SimpleNamespace(records=lambda ids: records)),
    )


def test_equal_titles_are_on_one_side_and_all_count_as_right() -> None:
    titles = [f"Thing {i // 2}" for i in range(200)]
    pairs = catalog_pairs(shop(titles), None)  # type: ignore[arg-type]
    side = dict(zip(pairs.groups, pairs.splits, strict=True))
    assert all(side[g] == s for g, s in zip(pairs.groups, pairs.splits, strict=True))
    assert set(pairs.splits) == {"train", "val", "test"}
    assert pairs.texts[0] == ["Thing 0", "Thing 0, Thing", "Thing 0 seen"]
    queries, relevant = held_out(pairs)
    assert all(isinstance(query, EvalQuery) for query in queries)
    assert {len(items) for items in relevant.values()} == {2}
    assert len(queries) == sum(1 for s in side.values() if s == "test")
    rewrites, _ = held_out(pairs, "rewrite")
    assert {query.text for query in rewrites} == {f"{query.text} seen" for query in queries}
    leaking = replace_split(pairs)
    with pytest.raises(PairsError, match="one side"):
        leaking.check()


def replace_split(pairs):
    """Move one of two pictures of a title to the other side."""
    splits = pairs.splits.copy()
    splits[0] = "test" if splits[0] != "test" else "train"
    return replace(pairs, splits=splits)


def test_too_few_items_is_a_sentence() -> None:
    with pytest.raises(TrainingError, match="has 3 items"):
        catalog_pairs(shop(["a", "b", "c"]), None)  # type: ignore[arg-type]


def room(tmp_path: Path) -> TrainingService:
    """Verbs that know one engine."""
    towers = {COMPACT: Towers("compact", "clip-vit-b-16")}
    engine = Engine("vl-clip", "VL-CLIP", "", ImageView.CROP, TextView.REWRITE, 0.2, towers)
    models = SimpleNamespace(recipes={"vl-clip": engine}, forget=lambda name: None)
    library = SimpleNamespace(names=lambda: ())
    settings = load_settings(data_dir=tmp_path)
    return TrainingService(library, models, settings, None)  # type: ignore[arg-type]


def test_a_published_checkpoint_is_an_engine_until_it_is_discarded(tmp_path: Path) -> None:
    verbs = room(tmp_path)
    origin = tmp_path / "origin"
    tower = make_tower()
    tower.save(origin)

    def save(folder: Path) -> None:
        tower.save(folder, origin / "tokenizer.json")
        ImageAdapter(16, 4).save(folder)

    base = verbs._models.recipes["vl-clip"]
    publish(tmp_path / "engines" / "mine", base, "adapted", 'a "shop"', save)
    engines = load_own_engines(tmp_path / "engines")
    assert list(engines) == ["mine"] == list(verbs.runs.engines())
    assert engines["mine"].image_view is ImageView.CROP
    assert engines["mine"].summary == 'VL-CLIP, fine-tuned on a "shop".'
    assert engines["mine"].towers[COMPACT].model == str(tmp_path / "engines" / "mine")
    verbs.discard("mine")
    assert verbs.runs.engines() == ()
    with pytest.raises(TrainingError, match="No engine"):
        verbs.discard("mine")


def test_what_a_stopped_run_left_is_gone_on_with_or_thrown_away(tmp_path: Path) -> None:
    verbs = room(tmp_path)
    engines = tmp_path / "engines"
    work, other = engines / f".mine-{'0' * 16}", engines / f".mine-too-{'0' * 16}"
    for folder in (work, other):
        folder.mkdir(parents=True)
    verbs._models.recipes["mine"] = verbs._models.recipes["vl-clip"]
    verbs.check_name("mine")  # killed between its checkpoint and its vectors
    with verbs.runs.begin("mine", "shop", "vl-clip"), pytest.raises(TrainingError, match="Stop"):
        verbs.discard("mine")
    verbs.discard("mine")
    assert not work.exists()
    assert other.exists(), "another engine's"
    with pytest.raises(TrainingError, match="already"):
        verbs.check_name("mine")


@pytest.mark.parametrize("name", ["../up", "Big", "", "vl-clip", "a" * 50])
def test_bad_and_taken_names(tmp_path: Path, name: str) -> None:
    with pytest.raises(TrainingError):
        room(tmp_path).adapt(name)
