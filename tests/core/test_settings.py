from __future__ import annotations

from pathlib import Path

import pytest

from core.domain import Profile
from core.errors import SettingsError
from core.settings import load_settings


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PORT", "VLCLIP_PORT", "VLCLIP_HOST", "GRADIO_SERVER_NAME", "GRADIO_SERVER_PORT"):
        monkeypatch.delenv(name, raising=False)


def test_defaults() -> None:
    settings = load_settings()
    assert (settings.host, settings.port, settings.profile.value) == ("127.0.0.1", 7860, "compact")


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
    assert load_settings(profile=Profile.COMPACT).grounding_threshold == 0.2
    assert load_settings(profile=Profile.FULL).grounding_threshold == 0.35
    monkeypatch.setenv("VLCLIP_GROUNDING_THRESHOLD", "0.5")
    assert load_settings(profile=Profile.FULL).grounding_threshold == 0.5
    monkeypatch.setenv("VLCLIP_PROFILE", "nonsense")
    with pytest.raises(SettingsError, match=r"(?i)profile"):
        load_settings()
