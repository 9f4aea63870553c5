"""The rewriter that indexing uses: named by the profile, one line per rewriter in the registry."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.app.models import ModelPool
from core.errors import SettingsError
from core.language import rewriters
from core.settings import Settings, load_settings
from tests.core.pipeline.small import PlainRewriter


def settings_for(data_dir: Path, rewriter: str) -> Settings:
    text = (
        'engines = "compact"\ngrounder = "clip-heat"\nsegmenter = "mobile-sam"\nthreshold = 0.2\n'
    )
    (data_dir / "profiles").mkdir()
    (data_dir / "profiles" / "mine.toml").write_text(f'{text}rewriter = "{rewriter}"\n')
    return load_settings(data_dir=data_dir, profile="mine", cache_dir=data_dir / "cache")


def test_a_registered_rewriter_that_the_profile_names_is_what_indexing_uses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(rewriters.REWRITERS, "plain", lambda settings, encoder: PlainRewriter())
    assert ModelPool(settings_for(tmp_path, "plain")).rewriter.name == PlainRewriter.name != "rules"


def test_an_unknown_rewriter_raises_a_sentence_with_the_rewriters_that_exist(
    tmp_path: Path,
) -> None:
    with pytest.raises(SettingsError, match=r"rewriter “telepathy”; there are rules\."):
        _ = ModelPool(settings_for(tmp_path, "telepathy")).rewriter
