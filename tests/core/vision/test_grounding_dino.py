from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from core.domain import Box
from core.errors import WeightsUnavailable
from core.ports.grounder import Grounder
from core.vision import grounding_dino
from core.vision.grounding_dino import GroundingDinoGrounder, caption, load_detector, post_process
from core.vision.sam_models import TorchSam
from core.vision.sam_segmenter import SamSegmenter

from .checkpoints import tiny_sam, write_grounding_dino


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_grounding_dino(tmp_path_factory.mktemp("dino") / "model")


@pytest.fixture(scope="module", params=[torch.float32, torch.bfloat16], ids=str)
def grounder(folder: Path, request: pytest.FixtureRequest) -> GroundingDinoGrounder:
    segmenter = SamSegmenter(lambda: TorchSam(tiny_sam()), "tiny", lambda: "w")
    return GroundingDinoGrounder(
        lambda: folder, lambda: "w", segmenter, threshold=0.35, dtype=request.param
    )


def picture(width: int, height: int) -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8)
    return Image.fromarray(pixels)


def test_captions_are_as_the_model_was_trained() -> None:
    assert caption("Women's Handbags") == "women's handbags ."
    assert caption("  Table. Lamp \n") == "table lamp ."
    assert caption("") == caption("🙂 !") == ""
    assert len(caption("chair " * 2000)) <= grounding_dino.CAPTION_CHARACTERS + 2


def test_a_batch_is_grounded_photo_by_photo(grounder: GroundingDinoGrounder) -> None:
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
        assert all(score > grounding_dino.FLOOR for score in scores)
        for detection in grounding.detections:
            assert detection.box.right <= photo.width
            assert detection.box.bottom <= photo.height
            assert detection.mask is not None
            assert detection.mask.decode().shape == (photo.height, photo.width)


@pytest.mark.parametrize("size", [(1, 1), (2000, 3), (3, 2000)])
def test_any_shape_of_photo_and_any_prompt_is_accepted(
    grounder: GroundingDinoGrounder, size: tuple[int, int]
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
        (answer,) = post_process(processor, None, None, [(90, 140)])
        assert answer == {"floor": grounding_dino.FLOOR, "sizes": [(90, 140)]}


def test_repeats_are_dropped_and_boxes_are_clipped() -> None:
    corners = [[-5.0, 2.2, 30.0, 40.0], [0.0, 2.0, 30.0, 40.0], [90.0, 10.0, 150.0, 60.5]]
    boxes = grounding_dino._best_boxes([0.9, 0.5, 0.7], corners, (100, 60))
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
