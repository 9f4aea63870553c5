from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from core.domain import Box
from core.errors import SettingsError, WeightsUnavailable
from core.ports.grounder import Grounder
from core.vision import detector_grounder
from core.vision.detector_families import FAMILIES
from core.vision.detector_grounder import DetectorGrounder, load_detector, phrase_of
from core.vision.sam_segmenter import SamSegmenter
from core.vision.torch_sam import TorchSam
from core.weights import DETECTORS
from core.weights.detector_recipes import DetectorRecipe

from .checkpoints import WRITERS, tiny_sam, write_grounding_dino


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_grounding_dino(tmp_path_factory.mktemp("dino") / "model")


def detector(recipe: str | DetectorRecipe, folder: Path, **given: Any) -> DetectorGrounder:
    segmenter = SamSegmenter(lambda: TorchSam(tiny_sam()), "tiny", lambda: "w")
    if isinstance(recipe, str):
        recipe = replace(DETECTORS[recipe], floor=0.01)  # untrained scores may be very low
    return DetectorGrounder(recipe, lambda: folder, lambda: "w", segmenter, 0.35, **given)


@pytest.fixture(scope="module", params=[torch.float32, torch.bfloat16], ids=str)
def precision(request: pytest.FixtureRequest) -> torch.dtype:
    dtype: torch.dtype = request.param
    return dtype


@pytest.fixture(scope="module", params=sorted(DETECTORS))
def grounder(
    request: pytest.FixtureRequest, precision: torch.dtype, tmp_path_factory: pytest.TempPathFactory
) -> DetectorGrounder:
    folder = WRITERS[request.param](tmp_path_factory.mktemp(request.param) / "model")
    return detector(request.param, folder, dtype=precision)


def picture(width: int, height: int) -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8)
    return Image.fromarray(pixels)


def test_phrases_are_as_the_model_was_trained() -> None:
    assert phrase_of("Women's Handbags") == "women's handbags"
    assert phrase_of("  Table. Lamp \n") == "table lamp"
    assert phrase_of("") == phrase_of("🙂 !") == ""
    assert len(phrase_of("chair " * 2000)) <= detector_grounder.PHRASE_CHARACTERS


def test_a_batch_is_grounded_photo_by_photo(grounder: DetectorGrounder) -> None:
    photos = [picture(140, 90), picture(50, 80), picture(140, 90)]
    prompts = ["Chair", "red bag", ""]
    groundings = grounder.ground_batch(photos, prompts)
    assert isinstance(grounder, Grounder)
    assert [grounding.prompt for grounding in groundings] == prompts
    assert groundings[0].detections
    assert groundings[2].detections == ()
    for photo, grounding in zip(photos, groundings, strict=True):
        scores = [detection.score for detection in grounding.detections]
        assert scores == sorted(scores, reverse=True)
        assert all(score > 0.01 for score in scores)
        for detection in grounding.detections:
            assert detection.box.right <= photo.width
            assert detection.box.bottom <= photo.height
            assert detection.mask is not None
            assert detection.mask.decode().shape == (photo.height, photo.width)


@pytest.mark.parametrize("size", [(1, 1), (2000, 3), (3, 2000)])
def test_any_shape_of_photo_and_any_prompt_is_accepted(
    grounder: DetectorGrounder, size: tuple[int, int]
) -> None:
    for prompt in ("x" * 10_000, "🙂 chair"):
        grounding = grounder.ground(Image.new("RGB", size), prompt)
        assert (grounding.width, grounding.height) == size
        assert grounding.best is None or grounding.best.box.right <= size[0]


def test_both_signatures_of_post_processing_are_supported() -> None:
    class Today:
        def post_process_grounded_object_detection(
            self, outputs: Any, input_ids: Any, threshold: float, text_threshold: float,
            target_sizes: Any,
        ) -> list[dict[str, Any]]:  # fmt: skip
            return [{"floor": threshold, "sizes": target_sizes}]

    class Yesterday:
        def post_process_grounded_object_detection(
            self, outputs: Any, input_ids: Any, box_threshold: float, text_threshold: float,
            target_sizes: Any,
        ) -> list[dict[str, Any]]:  # fmt: skip
            return [{"floor": box_threshold, "sizes": target_sizes}]

    for processor in (Today(), Yesterday()):
        family, inputs = FAMILIES["grounding-dino"], {"input_ids": None}
        (answer,) = family.results(processor, None, inputs, 0.15, [(90, 140)])
        assert answer == {"floor": 0.15, "sizes": [(90, 140)]}


def test_repeats_are_dropped_and_boxes_are_clipped() -> None:
    corners = [[-5.0, 2.2, 30.0, 40.0], [0.0, 2.0, 30.0, 40.0], [90.0, 10.0, 150.0, 60.5]]
    boxes = detector_grounder._best_boxes([0.9, 0.5, 0.7], corners, (100, 60))
    assert boxes == [(0.9, Box(0, 2, 30, 40)), (0.7, Box(90, 10, 100, 60))]


def test_a_folder_that_is_not_a_checkpoint_raises_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(WeightsUnavailable, match="zero-shot detector"):
        load_detector(tmp_path, torch.device("cpu"))


def test_missing_tensors_never_become_random(folder: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    tensors = load_file(tmp_path / "model.safetensors")
    dropped = next(name for name in tensors if "encoder.layers.0" in name)
    save_file(
        {name: tensor for name, tensor in tensors.items() if name != dropped},
        tmp_path / "model.safetensors",
        metadata={"format": "pt"},
    )
    with pytest.raises(WeightsUnavailable, match="lacks 1 tensors"):
        load_detector(tmp_path, torch.device("cpu"))


def test_every_detector_is_asked_in_its_own_words(grounder: DetectorGrounder) -> None:
    first = grounder.ground_batch([picture(140, 90)], ["chair"])[0]
    other = grounder.ground_batch([picture(140, 90)], ["lamp"])[0]
    assert first.detections
    assert [d.score for d in first.detections] != [d.score for d in other.detections]
    alone = grounder.ground_batch([picture(140, 90)] * 2, ["bag", "chair"])[1]
    scores = [[d.score for d in grounding.detections] for grounding in (first, alone)]
    assert np.allclose(*scores, atol=0.02)


def test_a_detector_of_another_size_gives_another_fingerprint(folder: Path) -> None:
    own, smaller = detector("grounding-dino", folder), detector("grounding-dino", folder, side=48)
    assert own.fingerprint != smaller.fingerprint
    processor = load_detector(folder, torch.device("cpu"))[1]
    size = FAMILIES["grounding-dino"].size(48)
    inputs = FAMILIES["grounding-dino"].inputs(processor, [picture(200, 100)], ["chair"], **size)
    assert inputs["pixel_values"].shape[-2:] == (40, 80)  # 48 by 96, but no longer than 80


@pytest.mark.parametrize("name", ["owlv2", "omdet-turbo"])
def test_a_detector_of_one_size_says_so(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match="one size only"):
        detector(name, tmp_path, side=480)


def test_an_unknown_family_is_named(tmp_path: Path) -> None:
    recipe = replace(DETECTORS["owlv2"], family="yolo")
    with pytest.raises(SettingsError, match=r"family “yolo”; there are grounding-dino, owlv2"):
        detector(recipe, tmp_path)


def test_every_detector_has_a_tiny_one_here() -> None:
    assert WRITERS.keys() == DETECTORS.keys()
