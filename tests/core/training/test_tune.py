"""Training two towers: what is planted is learnt, from a file to an engine."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import torch
from PIL import Image

from core.app.catalog_pairs import catalog_source
from core.app.training import TrainingService
from core.domain import (
    COMPACT,
    FULL,
    Box,
    Detection,
    Engine,
    Grounding,
    ImageView,
    Item,
    Photo,
    TextView,
)  # fmt: skip
from core.embedding.open_clip_encoder import OpenClipEncoder
from core.embedding.recipes import load_own_engines
from core.errors import TrainingError
from core.training.features import read_features, write_features
from core.training.pair_sources import parquet_source
from core.training.pairs import PairsError
from core.training.team import ALONE
from core.training.towers import ModelPair
from core.training.training_loop import Loop, Training
from core.training.tune import Outcome
from tests.core.embedding.test_open_clip_encoder import write_checkpoint
from tests.core.training.flags import FAST, room, settings, write_flags

LIBRARY = SimpleNamespace(names=lambda: ())
#: A run of four epochs of three steps.
KILLED = replace(FAST, epochs=4, save_every=1)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file of pairs and a tiny checkpoint."""
    folder = tmp_path_factory.mktemp("flags")
    write_flags(folder / "flags.parquet")
    write_checkpoint(folder / "start")
    return folder


def verbs(folder: Path) -> TrainingService:
    return TrainingService(LIBRARY, room(folder), settings(folder), None)  # type: ignore[arg-type]


def train(
    shop: Path, folder: Path, options: Training, say: Callable[[str], None] = lambda line: None
) -> Outcome:
    """Both towers, whole, on the flags; the engine ``flags`` is what comes out."""
    outcome = verbs(folder).tune(
        "flags", pairs=shop / "flags.parquet", base=f"local-dir:{shop / 'start'}",
        unlock_image=None, unlock_text=None, options=asdict(options), say=say,
    )  # fmt: skip
    assert outcome is not None
    return outcome


def test_a_planted_alignment_is_learnt_and_becomes_an_engine(shop: Path, tmp_path: Path) -> None:
    outcome = train(shop, tmp_path, FAST)
    chance = 5 / outcome.after.items
    assert outcome.before.hits5 < 3 * chance
    assert outcome.after.hits5 > 5 * chance
    assert outcome.p < 0.01
    assert "better, and not by chance" in outcome.lines()[-1]

    folder = tmp_path / "engines" / "flags"
    engine = load_own_engines(tmp_path / "engines")["flags"]
    towers = engine.towers[FULL]
    assert towers == engine.towers[COMPACT]
    assert towers.model == f"local-dir:{folder}"
    assert "text → its own picture" in (folder / "README.md").read_text()
    rows = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    assert rows[-1]["loss"] < rows[0]["loss"]
    ET.parse(folder / "curve.svg")
    encoder = OpenClipEncoder(towers.model, device="cpu", precision="float32")
    picture = Image.new("RGB", (32, 32), (220, 30, 30))
    picture.paste((30, 60, 220), (0, 16, 32, 32))
    names = ["red over blue", "green over white", "black over pink"]
    scores = encoder.encode_texts(names) @ encoder.encode_images([picture])[0]
    assert names[int(np.argmax(scores))] == "red over blue"
    hidden = [path for path in (tmp_path / "engines").glob(".*") if path.is_dir()]
    assert not hidden, "the run's own files are gone"


@pytest.mark.parametrize(("image", "text"), [(0, None), (1, 0), (1, 1), (None, 0)])
def test_only_what_is_unlocked_changes_and_the_rest_is_looked_at_once(
    shop: Path, tmp_path: Path, image: int | None, text: int | None
) -> None:
    base = OpenClipEncoder(f"local-dir:{shop / 'start'}", device="cpu", precision="float32")
    pair = ModelPair(base, "open_clip", image, text)
    network = pair._network
    free = {name for name, value in network.named_parameters() if value.requires_grad}
    assert ("visual.transformer.resblocks.1.ln_1.weight" in free) == (image != 0)
    assert ("visual.transformer.resblocks.0.ln_1.weight" in free) == (image is None)
    assert ("visual.conv1.weight" in free) == (image is None)
    assert ("visual.proj" in free) == (image != 0)
    assert ("ln_final.weight" in free) == (text != 0)
    assert ("token_embedding.weight" in free) == (text is None)

    source = parquet_source(shop / "flags.parquet", settings(tmp_path))
    first = list(source.pictures())[:4]
    path = tmp_path / "features.npy"
    write_features([*first, None], 5, pair.image, path, False, lambda line: None)
    features, seen = read_features(path)
    assert seen.tolist() == [True] * 4 + [False]
    given = torch.from_numpy(np.array(features[:4])).float()
    vectors = pair.image(given).detach().numpy()
    np.testing.assert_allclose(vectors, base.encode_images(first), atol=2e-3)


def test_a_killed_look_at_pictures_goes_on(shop: Path, tmp_path: Path) -> None:
    base = OpenClipEncoder(f"local-dir:{shop / 'start'}", device="cpu", precision="float32")
    pair = ModelPair(base, "open_clip", 1, 1)
    pictures = list(parquet_source(shop / "flags.parquet", settings(tmp_path)).pictures())

    class Killed(Exception):
        pass

    def killed():
        yield from pictures[:70]
        raise Killed

    looked: list[int] = []
    store = pair.image.store

    def counting(prepared, bf16):
        looked.append(len(prepared))
        return store(prepared, bf16)

    pair.image.store = counting  # type: ignore[method-assign]
    path, quiet = tmp_path / "features.npy", (False, lambda line: None)
    with pytest.raises(Killed):
        write_features(killed(), len(pictures), pair.image, path, *quiet)
    assert not path.exists()
    write_features(iter(pictures), len(pictures), pair.image, path, *quiet)
    assert sum(looked) == len(pictures)
    features, seen = read_features(path)
    assert seen.all()
    again = store(pair.image.prepare(pictures[:3]), False)
    np.testing.assert_allclose(features[:3], again, atol=5e-3)


def test_too_many_blocks_and_none_at_all(shop: Path, tmp_path: Path) -> None:
    start = f"local-dir:{shop / 'start'}"
    with pytest.raises(TrainingError, match="has 2 blocks"):
        verbs(tmp_path).tune(
            "x", pairs=shop / "flags.parquet", base=start, unlock_image=3, unlock_text=0
        )
    with pytest.raises(TrainingError, match="Both towers are locked"):
        verbs(tmp_path).tune(
            "x", pairs=shop / "flags.parquet", base=start, unlock_image=0, unlock_text=0
        )


def test_leaks_and_useless_files_are_sentences(tmp_path: Path) -> None:
    leaking = write_flags(tmp_path / "a.parquet", split=["train", "val", "test"] * 64)
    with pytest.raises(PairsError, match="one side"):
        parquet_source(leaking, settings(tmp_path))
    wrong = write_flags(tmp_path / "b.parquet", split=["dev"] * 192)
    with pytest.raises(TrainingError, match="split “dev”"):
        parquet_source(wrong, settings(tmp_path))
    alike = write_flags(tmp_path / "c.parquet", image=[b"the same"] * 192)
    with pytest.raises(TrainingError, match="no pair in the split"):
        parquet_source(alike, settings(tmp_path))
    few = write_flags(tmp_path / "d.parquet", copies=1)
    with pytest.raises(TrainingError, match="has 64 pairs"):
        parquet_source(few, settings(tmp_path))
    (tmp_path / "e.parquet").write_bytes(b"no")
    with pytest.raises(TrainingError, match="can't be read as Parquet"):
        parquet_source(tmp_path / "e.parquet", settings(tmp_path))


def test_a_catalogue_gives_crops_of_what_is_grounded(tmp_path: Path) -> None:
    def item(number: int) -> Item:
        photo = Photo(f"{number:064d}", 40, 20, f"{number:016d}")
        return Item(str(number), f"Thing {number}", photo, product_type="Thing")

    records = {str(n): SimpleNamespace(item=item(n), rewrite="A thing.") for n in range(130)}
    box = Detection("thing", 0.9, Box(0, 0, 10, 20))
    groundings = {
        f"key-{n}": Grounding("thing", 40, 20, (box,), 0.35, "g", "f") for n in range(120)
    }
    opened = SimpleNamespace(
        name="shop",
        store=SimpleNamespace(
            items=SimpleNamespace(records=lambda: records),
            groundings=SimpleNamespace(
                keys=lambda: set(groundings),
                get=lambda keys: {key: groundings[key] for key in keys},
            ),
        ),
        images=SimpleNamespace(open=lambda sha256: Image.new("RGB", (40, 20))),
    )
    models = SimpleNamespace(grounding_key=lambda item: f"key-{item.item_id}")
    own = settings(tmp_path)

    def source(view: ImageView):
        engine = Engine("e", "E", "", view, TextView.TITLE, 0.2, {})
        return catalog_source(opened, engine, models, own)  # type: ignore[arg-type]

    crops, photos = source(ImageView.CROP), source(ImageView.PHOTO)
    assert (len(crops.pairs), len(photos.pairs)) == (120, 130)
    assert crops.digest != photos.digest
    sizes = {picture.size for picture in crops.pictures() if picture is not None}
    assert sizes == {(11, 20)}, "the box and its padding"
    assert next(photos.pictures()).size == (40, 20)  # type: ignore[union-attr]
    assert crops.pairs.texts[0] == ["Thing 0", "Thing 0, Thing", "A thing."]
    for number in range(30):
        groundings.pop(f"key-{number}")
    with pytest.raises(TrainingError, match="90 pairs that are ready"):
        source(ImageView.CROP)


def test_pieces_give_the_gradients_of_the_whole_batch(shop: Path, tmp_path: Path) -> None:
    gradients = []
    for pieces in (1, 3):
        base = OpenClipEncoder(f"local-dir:{shop / 'start'}", device="cpu", precision="float32")
        gradients.append(one_backward(base, shop, replace(FAST, accumulate=pieces), tmp_path))
    (loss, whole), (again, cut) = gradients
    assert again == pytest.approx(loss, rel=1e-5)
    for name, gradient in whole.items():
        torch.testing.assert_close(cut[name], gradient, rtol=1e-3, atol=1e-6)


def one_backward(base: OpenClipEncoder, shop: Path, options, folder: Path, team=ALONE):
    """Loss and gradients of the first batch of the flags."""
    from core.training.batches import Batches, Draw
    from core.training.learner import Learner

    pair = ModelPair(base, "open_clip", None, None)
    path = folder / f"features-{team.rank}.npy"
    source = parquet_source(shop / "flags.parquet", settings(folder))
    write_features(source.pictures(), len(source.pairs), pair.image, path, False, lambda line: None)
    pairs = replace(source.pairs, vectors=read_features(path)[0])
    learner = Learner(pair.image, pair.text, scale=pair.scale)
    share = (team.rank, team.size)
    batches = Batches(pairs, options.batch, {}, Draw(drop=0.0), 0.0, share=share)
    loop = Loop(learner, batches, lambda: None, options, folder / str(team.rank), team=team)
    loss = loop.backward(next(batches.epoch(0)))
    gradients = {
        name: value.grad for name, value in learner.named_parameters() if value.grad is not None
    }
    return float(np.mean(team.collect(float(loss)))), gradients
