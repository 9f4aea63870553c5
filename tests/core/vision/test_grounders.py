from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from core.domain import COMPACT, FULL
from core.embedding.compact import CompactEncoder
from core.errors import SettingsError, WeightsUnavailable
from core.settings import load_settings
from core.vision.grounders import build_grounder
from core.weights import WeightStore


def test_building_loads_and_fetches_nothing(tmp_path: Path) -> None:
    weights = WeightStore(tmp_path)
    for profile in (COMPACT, FULL):
        grounder = build_grounder(load_settings(profile=profile), weights, CompactEncoder(weights))
        assert grounder.name
    assert list(tmp_path.iterdir()) == []


def test_an_unreachable_hub_raises_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    weights = WeightStore(tmp_path)
    settings = load_settings(profile=FULL)
    grounder = build_grounder(settings, weights, CompactEncoder(weights))
    with pytest.raises(WeightsUnavailable, match="compact"):
        grounder.ground(Image.new("RGB", (64, 64)), "chair")


def write_profile(data_dir: Path, text: str) -> None:
    (data_dir / "profiles").mkdir()
    (data_dir / "profiles" / "compact.toml").write_text(text)


def test_a_profile_of_the_data_directory_takes_the_shipped_ones_place(tmp_path: Path) -> None:
    write_profile(tmp_path, 'grounder = "clip-heat"\nsegmenter = "sam"\nthreshold = 0.3\n')
    settings = load_settings(data_dir=tmp_path)
    weights = WeightStore(tmp_path / "cache")
    grounder = build_grounder(settings, weights, CompactEncoder(weights))
    assert grounder.threshold == settings.grounding_threshold == 0.3
    assert "SAM" in grounder.name
    assert "MobileSAM" not in grounder.name
    assert load_settings(data_dir=tmp_path, grounding_threshold=0.6).grounding_threshold == 0.6


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("grounder = ", "compact.toml"),
        ('grounder = "clip-heat"\nsegmenter = "sam"\n', "threshold"),
        ('grounder = "clip-heat"\nsegmenter = "sam"\nthreshold = "high"\n', "threshold"),
        ('grounder = "clip-heat"\nsegmenter = "sam"\nthreshold = 2\n', "less than or equal to 1"),
    ],
)
def test_a_broken_profile_raises_a_sentence(tmp_path: Path, text: str, named: str) -> None:
    write_profile(tmp_path, text)
    with pytest.raises(SettingsError, match=named):
        load_settings(data_dir=tmp_path)


def test_the_error_for_an_unknown_model_lists_the_known_models(tmp_path: Path) -> None:
    write_profile(tmp_path, 'grounder = "mine"\nsegmenter = "sam"\nthreshold = 0.3\n')
    weights = WeightStore(tmp_path / "cache")
    with pytest.raises(SettingsError, match=r"“mine”; there are clip-heat, grounding-dino"):
        build_grounder(load_settings(data_dir=tmp_path), weights, CompactEncoder(weights))
