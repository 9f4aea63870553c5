from __future__ import annotations

from pathlib import Path

import pytest

from core.domain import COMPACT, FULL, Towers
from core.embedding.recipes import load_engines
from core.errors import SettingsError
from core.settings import SHIPPED, load_settings


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PORT", "VLCLIP_PORT", "VLCLIP_HOST", "GRADIO_SERVER_NAME", "GRADIO_SERVER_PORT"):
        monkeypatch.delenv(name, raising=False)


def test_defaults() -> None:
    settings = load_settings()
    assert (settings.host, settings.port, settings.profile) == ("127.0.0.1", 7860, "compact")


def test_options_win_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "8123")
    monkeypatch.setenv("VLCLIP_DATA_DIR", "elsewhere")
    assert load_settings().port == 8123
    assert load_settings(port=9000, data_dir=None).port == 9000
    assert load_settings().data_dir == Path("elsewhere")


def test_a_wrong_value_is_one_sentence_without_the_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "s3cret")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert "PORT" in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_the_key_never_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-very-secret")
    settings = load_settings()
    assert settings.anthropic_api_key is not None
    assert settings.anthropic_api_key.get_secret_value() == "sk-ant-very-secret"
    assert "very-secret" not in repr(settings) + str(settings) + settings.model_dump_json()


def test_the_threshold_is_the_profiles_own_unless_it_is_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert load_settings(profile=COMPACT).grounding_threshold == 0.2
    assert load_settings(profile=FULL).grounding_threshold == 0.35
    monkeypatch.setenv("VLCLIP_GROUNDING_THRESHOLD", "0.5")
    assert load_settings(profile=FULL).grounding_threshold == 0.5


MINE = """
engines = "compact"
grounder = "clip-heat"
segmenter = "sam"
threshold = 0.3

[towers.clip]
loader = "open_clip"
model = "local-dir:/models/mine"
"""


def write_profile(data_dir: Path, name: str, text: str) -> None:
    (data_dir / "profiles").mkdir(exist_ok=True)
    (data_dir / "profiles" / f"{name}.toml").write_text(text, "utf-8")


def test_an_unknown_profile_raises_a_sentence_with_the_profiles_that_exist(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_profile(tmp_path, "mine", MINE)
    monkeypatch.setenv("VLCLIP_PROFILE", "nonsense")
    with pytest.raises(SettingsError, match=r"no profile “nonsense”.*compact, full, mine"):
        load_settings(data_dir=tmp_path)
    with pytest.raises(SettingsError, match="no profile “nonsense”"):
        load_settings(data_dir=tmp_path, grounding_threshold=0.5)
    with pytest.raises(SettingsError, match="profile"):
        load_settings(data_dir=tmp_path, profile="../secrets")


def test_a_profile_of_ones_own_names_towers_grounder_segmenter_and_threshold(
    tmp_path: Path,
) -> None:
    write_profile(tmp_path, "mine", MINE)
    settings = load_settings(data_dir=tmp_path, profile="mine")
    assert settings.grounding_threshold == 0.3
    engines = load_engines(SHIPPED / "engines")
    assert settings.towers(engines["clip"]) == Towers("open_clip", "local-dir:/models/mine")
    assert settings.towers(engines["vl-clip"]) == engines["vl-clip"].towers[COMPACT]
    assert settings.towers(engines["gcl"]) is None


def test_a_misspelled_field_of_a_profile_is_named(tmp_path: Path) -> None:
    write_profile(tmp_path, "mine", MINE.replace("[towers.clip]", "[tower.clip]"))
    with pytest.raises(SettingsError, match=r"mine\.toml has the unknown field “tower”"):
        load_settings(data_dir=tmp_path, profile="mine")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("mine.toml", 'grounder = "owlv2"\nsegmenter = "sam"\nthreshold = 0.2\nengines = "full"'),
        (
            "mine.json",
            '{"grounder": "owlv2", "segmenter": "sam", "threshold": 0.2, "engines": "full"}',
        ),
    ],
)
def test_a_profile_is_a_file_anywhere(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    settings = load_settings(profile=str(path), data_dir=tmp_path / "data")
    assert (settings.recipe.grounder, settings.recipe.engines) == ("owlv2", "full")
    assert settings.grounding_threshold == 0.2
    assert settings.grounding_side == 0
    assert load_settings(profile=str(path), grounding_side=480).grounding_side == 480


@pytest.mark.parametrize("text", ["[1]", "{", "", "{}"])
def test_a_profile_file_that_is_none_raises_a_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mine.json"
    path.write_text(text, "utf-8")
    with pytest.raises(SettingsError, match=r"mine\.json"):
        load_settings(profile=str(path))
    with pytest.raises(SettingsError, match=r"other\.toml"):
        load_settings(profile=str(tmp_path / "other.toml"))
