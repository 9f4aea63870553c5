"""What goes wrong with checkpoints from elsewhere, and what their encoders see; tiny ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from core.domain import FULL, Engine
from core.embedding.encoder_input import preview
from core.embedding.hf_clip_encoder import HfClipEncoder
from core.embedding.loaders import build_encoder
from core.embedding.open_clip_encoder import OpenClipEncoder
from core.embedding.recipes import load_engines
from core.embedding.tokenizer_check import check_tokenizer
from core.embedding.torch_encoder import TorchEncoder
from core.errors import EngineUnavailable, WeightsUnavailable
from core.settings import SHIPPED, Settings
from core.training.publish import publish
from core.vision.detector_grounder import load_detector
from core.weights import WeightStore
from tests.core.embedding import test_baselines, test_hf_clip_encoder, test_open_clip_encoder
from tests.core.vision.checkpoints import write_grounding_dino

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n"


def open_clip_model(folder: Path, fit: str = "") -> TorchEncoder:
    test_open_clip_encoder.write_checkpoint(folder)
    return OpenClipEncoder(f"local-dir:{folder}", title="CLIP", device="cpu", fit=fit)


def hf_model(folder: Path, fit: str = "") -> TorchEncoder:
    test_hf_clip_encoder.write_checkpoint(folder)
    return HfClipEncoder(str(folder), title="FashionCLIP", device="cpu", fit=fit)


def marqo_model(folder: Path, fit: str = "") -> TorchEncoder:
    test_baselines.write_marqo(folder)
    return OpenClipEncoder(f"local-dir:{folder}", title="GCL", device="cpu", fit=fit)


MODELS = [open_clip_model, hf_model, marqo_model]


def bands() -> Image.Image:
    """Return a tall picture: red above, green, blue below."""
    picture = Image.new("RGB", (40, 120), "lime")
    picture.paste("red", (0, 0, 40, 40))
    picture.paste("blue", (0, 80, 40, 120))
    return picture


def sees(encoder: TorchEncoder, colour: tuple[int, int, int]) -> bool:
    shown = np.asarray(preview(encoder, bands())).astype(int)
    return bool((np.abs(shown - colour).max(-1) < 60).any())


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("fit", ["pad", "squash", "crop"])
def test_the_recipe_says_how_a_picture_becomes_square(
    tmp_path: Path, model: Callable[..., TorchEncoder], fit: str
) -> None:
    encoder = model(tmp_path / "it", fit)
    assert sees(encoder, (0, 255, 0))
    assert sees(encoder, (255, 0, 0)) == sees(encoder, (0, 0, 255)) == (fit != "crop")
    assert sees(encoder, (255, 255, 255)) == (fit == "pad")
    loaded = encoder.load_fitted()  # what training sees
    assert torch.equal(loaded.pixels([bands()]), encoder.prepare([bands()]))


def test_vectors_of_another_fit_are_not_comparable(tmp_path: Path) -> None:
    folder = tmp_path / "it"
    assert open_clip_model(folder, "pad").fingerprint != open_clip_model(folder).fingerprint


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("colour", [(255, 255, 255), (255, 0, 0), (30, 140, 200)])
def test_inspect_shows_true_colours(
    tmp_path: Path, model: Callable[..., TorchEncoder], colour: tuple[int, int, int]
) -> None:
    shown = preview(model(tmp_path / "it"), Image.new("RGB", (70, 70), colour))
    centre = shown.getpixel((shown.width // 2, shown.height // 2))
    assert centre == pytest.approx(colour, abs=2)


def full_vl_clip(**towers: str) -> Engine:
    engine = load_engines(SHIPPED / "engines")["vl-clip"]
    return replace(engine, towers={FULL: replace(engine.towers[FULL], **towers)})


def test_vl_clip_of_the_full_profile_pads_its_crops(tmp_path: Path) -> None:
    test_open_clip_encoder.write_checkpoint(tmp_path / "mine")
    settings = Settings(profile=FULL, device="cpu", vl_clip_checkpoint=tmp_path / "mine")
    encoder = build_encoder(full_vl_clip(), settings, WeightStore.from_settings(settings))
    assert isinstance(encoder, TorchEncoder)
    assert sees(encoder, (255, 0, 0))
    assert sees(encoder, (255, 255, 255))


def test_a_trained_engine_keeps_its_fit_and_its_smallest_crop(tmp_path: Path) -> None:
    base = full_vl_clip()
    home = tmp_path / "mine"
    publish(home, base, "open_clip", "a shop", lambda folder: folder.mkdir(parents=True), "pad")
    recipe = (home / "engine.toml").read_text("utf-8")
    assert 'fit = "pad"' in recipe
    assert "smallest_crop = 64" in recipe


def test_an_unknown_fit_is_a_sentence(tmp_path: Path) -> None:
    recipe = (SHIPPED / "engines" / "vl-clip.toml").read_text("utf-8")
    (tmp_path / "odd.toml").write_text(recipe.replace('"pad"', '"stretch"'), "utf-8")
    with pytest.raises(EngineUnavailable, match="fit 'stretch' is none of pad, squash, crop"):
        load_engines(tmp_path)


@pytest.mark.parametrize("content", [POINTER, b""])
@pytest.mark.parametrize("model", MODELS)
def test_a_pointer_in_place_of_the_weights_is_a_sentence(
    tmp_path: Path, model: Callable[..., TorchEncoder], content: bytes
) -> None:
    encoder = model(tmp_path)
    (weights,) = tmp_path.glob("*.safetensors")
    weights.write_bytes(content)
    with pytest.raises(WeightsUnavailable, match=rf"{weights.name} is (only a Git LFS|empty)"):
        _ = encoder.fingerprint


@pytest.mark.parametrize("share", [0.0001, 0.5, 0.999])
@pytest.mark.parametrize("model", MODELS)
def test_cut_off_weights_are_a_sentence(
    tmp_path: Path, model: Callable[..., TorchEncoder], share: float
) -> None:
    encoder = model(tmp_path)
    (weights,) = tmp_path.glob("*.safetensors")
    whole = weights.read_bytes()
    weights.write_bytes(whole[: max(9, int(len(whole) * share))])
    with pytest.raises(WeightsUnavailable, match="does not load"):
        _ = encoder.fingerprint


def test_a_clip_without_its_tokenizer_is_refused(tmp_path: Path) -> None:
    encoder = hf_model(tmp_path)
    for name in ("vocab.json", "merges.txt"):
        (tmp_path / name).unlink()
    with pytest.raises(WeightsUnavailable, match=r"tokenizer|vocab"):
        encoder.encode_texts(["red chair"])


def test_a_detector_without_its_vocabulary_is_refused(tmp_path: Path) -> None:
    write_grounding_dino(tmp_path)
    for path in [*tmp_path.glob("tokenizer*"), *tmp_path.glob("vocab*")]:
        path.unlink()
    with pytest.raises(WeightsUnavailable, match=r"tokenizer"):
        load_detector(tmp_path, torch.device("cpu"))


def test_a_broken_detector_names_its_file(tmp_path: Path) -> None:
    write_grounding_dino(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(POINTER)
    with pytest.raises(WeightsUnavailable, match="only a Git LFS pointer"):
        load_detector(tmp_path, torch.device("cpu"))


CLIP = [49406, 320, 1125, 539, 320, 2368, 49407]


@pytest.mark.parametrize(
    ("rows", "size", "reason"),
    [
        ([[1, 2], [1, 3], CLIP], 40, "knows 40 of 49408"),
        ([[1, 2], [1, 2], CLIP], 49408, "reads “red chair” and “red lamp” alike"),
        ([[1, 2], [1, 3], [49410, *CLIP[1:-1], 49411]], 49408, "gives the token 49411"),
        ([[1, 2], [1, 3], [49406, 5, 6, 7, 8, 9, 49407]], 49408, "not how the model learnt"),
    ],
)
def test_a_foreign_tokenizer_is_a_sentence(rows: list[list[int]], size: int, reason: str) -> None:
    pair, sentence = torch.tensor(rows[:2]), torch.tensor(rows[2:])
    with pytest.raises(WeightsUnavailable, match=reason):
        check_tokenizer(lambda texts: pair if len(texts) == 2 else sentence, size, 49408, "CLIP")


def test_clip_s_own_tokenizer_passes() -> None:
    import open_clip

    check_tokenizer(open_clip.SimpleTokenizer(), 49408, 49408, "CLIP")
