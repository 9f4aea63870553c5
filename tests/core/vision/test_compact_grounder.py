from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from core.domain import Box, Grounding
from core.embedding.dense_features import DenseFeatures, Similarity
from core.ports.grounder import SALIENT, GlancingGrounder, Grounder
from core.vision.compact_grounder import GLANCE_SIDE, CompactGrounder

from .conftest import DISC


def assert_sound(grounding: Grounding, image: Image.Image) -> None:
    """Check that boxes are inside the photo, masks have its size, and the best comes first."""
    assert (grounding.width, grounding.height) == image.size
    scores = [detection.score for detection in grounding.detections]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    for detection in grounding.detections:
        assert detection.box.right <= image.width
        assert detection.box.bottom <= image.height
        assert detection.mask is not None
        assert detection.mask.decode().shape == (image.height, image.width)
        assert detection.mask.area > 0


def test_the_compact_grounder_has_the_grounder_protocol(grounder: CompactGrounder) -> None:
    assert isinstance(grounder, Grounder)
    assert isinstance(grounder, GlancingGrounder)
    assert "MobileSAM" in grounder.name
    assert len(grounder.fingerprint) == 64


def test_a_packshot_is_cropped_to_all_of_the_product(
    grounder: CompactGrounder, packshot: Image.Image
) -> None:
    grounding = grounder.ground(packshot, "orange")
    assert_sound(grounding, packshot)
    assert grounding.box == DISC
    assert grounding.best is not None
    assert grounding.best.phrase == SALIENT


def test_a_thing_in_a_scene_is_found_by_its_name(
    grounder: CompactGrounder, scene: Image.Image
) -> None:
    grounding = grounder.find(scene, "orange")
    assert_sound(grounding, scene)
    assert grounding.detections[0].phrase == "orange"
    assert grounding.detections[0].box.iou(DISC) > 0.7
    heat = grounder.heatmap(scene, "orange")
    assert heat is not None
    assert heat.dtype == np.float32
    assert 0 <= heat.min() <= heat.max() <= 1


def test_a_glance_ranks_names_and_places_them_in_one_small_pass(
    grounder: CompactGrounder, scene: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    sides: list[int] = []
    dense = grounder._encoder.dense

    def counted(image: Image.Image, side: int, similarity: Similarity) -> DenseFeatures:
        sides.append(side)
        return dense(image, side, similarity)

    monkeypatch.setattr(grounder._encoder, "dense", counted)
    orange, tiger = grounder.glance(scene, ["orange", "tiger"])
    assert (orange.phrase, tiger.phrase) == ("orange", "tiger")
    assert orange.score > tiger.score
    assert orange.box.iou(DISC) > 0.3
    assert orange.mask is None
    assert sides == [GLANCE_SIDE]


@pytest.mark.parametrize(("sure", "in_parts"), [(0.0, False), (1.1, True)])
def test_a_large_photo_is_looked_at_in_parts_where_one_look_leaves_doubt(
    grounder: CompactGrounder,
    scene: Image.Image,
    monkeypatch: pytest.MonkeyPatch,
    sure: float,
    in_parts: bool,
) -> None:
    seen: list[tuple[int, int]] = []
    dense = grounder._encoder.dense

    def counted(image: Image.Image, side: int, similarity: Similarity) -> DenseFeatures:
        seen.append(image.size)
        return dense(image, side, similarity)

    monkeypatch.setattr(grounder._encoder, "dense", counted)
    monkeypatch.setattr(grounder, "_rules", replace(grounder._rules, sure=sure))
    large = scene.resize((600, 500)).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    grounder.heatmap(large, "orange")
    assert any(size != large.size for size in seen) is in_parts


@pytest.mark.parametrize("prompt", ["", "   ", "🙂🪑", "lamp " * 2000])
def test_any_prompt_is_accepted(grounder: CompactGrounder, scene: Image.Image, prompt: str) -> None:
    grounding = grounder.ground(scene, prompt)
    assert_sound(grounding, scene)
    assert grounding.prompt == prompt
    if not prompt.strip():
        assert grounding.detections == ()
        assert grounding.box == Box.whole(*scene.size)


@pytest.mark.parametrize("size", [(1, 1), (900, 2), (2, 900)])
def test_any_shape_of_photo_is_accepted(grounder: CompactGrounder, size: tuple[int, int]) -> None:
    image = Image.new("RGB", size, (90, 20, 20))
    assert_sound(grounder.ground(image, "lamp"), image)
