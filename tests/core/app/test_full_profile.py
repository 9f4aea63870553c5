"""The profile `full` from the hub to Compare with five engines: tiny checkpoints, real layouts."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from core.domain import FULL
from core.weights import WeightStore
from core.weights.hub import fetch_hub
from core.weights.registry import REGISTRY
from core.weights.sources import HubSource
from tests.command import Ended, command
from tests.core.embedding import test_baselines, test_hf_clip_encoder, test_open_clip_encoder
from tests.core.pipeline.small import write_catalog
from tests.core.vision.checkpoints import tiny_sam, write_grounding_dino
from tests.core.weights.stand_in_hub import stand_in_hub

ENGINES = ("clip", "vl-clip", "fashion-clip", "gcl", "gcl-l")
WRITERS: dict[str, Callable[[Path], object]] = {
    "clip-b32": test_open_clip_encoder.write_checkpoint,
    "fashion-clip": test_hf_clip_encoder.write_checkpoint,
    "marqo-b": test_baselines.write_marqo,
    "marqo-l": test_baselines.write_marqo,
    "grounding-dino": write_grounding_dino,
}


@pytest.fixture
def typed(tmp_path: Path, weights: WeightStore, monkeypatch: pytest.MonkeyPatch):
    """Runs commands of the full profile, with a local hub that has all models but SAM."""
    for role, write in WRITERS.items():
        source = REGISTRY[role].source
        assert isinstance(source, HubSource)
        write(tmp_path / "hub" / source.repo)
    test_open_clip_encoder.write_checkpoint(tmp_path / "mine", seed=1)
    (tmp_path / "sam.pth").write_bytes(b"the tiny SAM below")
    monkeypatch.setattr("core.vision.sam.load_sam", lambda path: tiny_sam())
    own = tmp_path / "cache" / "weights"
    own.mkdir(parents=True)
    (own / "clip-image").symlink_to(weights.root / "clip-image")  # the rules look with it
    settings = {
        "PROFILE": FULL, "DEVICE": "cpu", "PRECISION": "float32", "DATA_DIR": tmp_path / "data",
        "CACHE_DIR": tmp_path / "cache", "VL_CLIP_CHECKPOINT": tmp_path / "mine",
        "SAM_CHECKPOINT": tmp_path / "sam.pth",
    }  # fmt: skip
    for name, value in settings.items():
        monkeypatch.setenv(f"VLCLIP_{name}", str(value))
    with stand_in_hub(tmp_path / "hub") as address:
        # what HF_ENDPOINT says to a new process
        monkeypatch.setattr("core.weights.store.fetch_hub", partial(fetch_hub, endpoint=address))
        yield command


def done(ended: Ended) -> str:
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_from_the_hub_to_five_engines_side_by_side(typed, tmp_path: Path) -> None:
    fetched = done(typed("weights", "fetch"))
    assert all(f"{role}: " in fetched for role in WRITERS)
    done(typed("weights", "verify"))
    source, names = write_catalog(tmp_path / "source", 3), ",".join(ENGINES)
    indexed = done(typed("index", source, "--name", "shop", "--engines", names))
    assert "3 items (3 new" in indexed
    assert "grounding 3, rewriting 3, embedding 15" in indexed
    again = done(typed("index", source, "--name", "shop", "--engines", names))
    assert "Work done" not in again
    search = ("search", "chair", "--catalog", "shop", "--no-cutoff", "--engine", names)
    shown = done(typed(*search))
    assert [line for line in shown.splitlines() if line.endswith(":")] == [f"{n}:" for n in ENGINES]
    assert "gcl and gcl-l share 100\u00a0% of their hits." in shown
    printed = json.loads(done(typed(*search, "--json")))
    assert list(printed["engines"]) == list(ENGINES)
    assert all(len(engine["hits"]) == 3 for engine in printed["engines"].values())
    assert len(printed["overlap"]) == 10


def test_a_model_that_the_hub_lacks_stops_no_other(typed, tmp_path: Path) -> None:
    repository = tmp_path / "hub" / "patrickjohncyh" / "fashion-clip"
    (repository / "model.safetensors").unlink()
    ended = typed("weights", "fetch")
    assert ended.returncode == 2
    assert "Error: FashionCLIP 2.0: hub repository patrickjohncyh/fashion-clip has" in ended.stderr
    assert "grounding-dino: " in ended.stdout  # it comes after FashionCLIP
    source = write_catalog(tmp_path / "source", 2)
    indexed = done(typed("index", source, "--name", "shop", "--engines", "clip,fashion-clip"))
    assert "The engine fashion-clip was left out: FashionCLIP 2.0: hub repository" in indexed
    assert "embedding 2" in indexed
