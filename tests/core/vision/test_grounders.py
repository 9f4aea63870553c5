from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from core.domain import Profile
from core.embedding.compact import CompactEncoder
from core.errors import WeightsUnavailable
from core.settings import load_settings
from core.vision.grounders import build_grounder
from core.weights import WeightStore


def test_building_loads_and_fetches_nothing(tmp_path: Path) -> None:
    weights = WeightStore(tmp_path)
    for profile in Profile:
        grounder = build_grounder(load_settings(profile=profile), weights, CompactEncoder(weights))
        assert grounder.name
    assert list(tmp_path.iterdir()) == []


def test_an_unreachable_hub_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    weights = WeightStore(tmp_path)
    settings = load_settings(profile=Profile.FULL)
    grounder = build_grounder(settings, weights, CompactEncoder(weights))
    with pytest.raises(WeightsUnavailable, match="compact"):
        grounder.ground(Image.new("RGB", (64, 64)), "chair")
