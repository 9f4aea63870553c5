from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.domain.engine import COMPACT, FULL, Engine, Towers
from core.embedding.loader import Loader, Recipe
from core.embedding.loaders import LOADERS, EncoderPool, engine_availability
from core.embedding.recipes import load_engines
from core.errors import EngineUnavailable
from core.ports.encoder import Encoder
from core.settings import SHIPPED, Settings, load_settings
from core.weights import WeightStore
from tests.core.embedding.test_open_clip_encoder import write_checkpoint

ENGINES = load_engines(SHIPPED / "engines")
tower_there = (SHIPPED / "towers" / "text" / "model.safetensors").is_file()


def pool_of(settings: Settings) -> EncoderPool:
    return EncoderPool(settings, WeightStore.from_settings(settings))


def reason(engine: Engine, settings: Settings) -> str | None:
    return engine_availability(engine, settings, WeightStore.from_settings(settings))


@pytest.mark.parametrize("name", ["fashion-clip", "gcl", "gcl-l"])
def test_full_engines_say_what_they_need(name: str, tmp_path: Path) -> None:
    settings = load_settings(cache_dir=tmp_path)
    said = reason(ENGINES[name], settings)
    assert said is not None
    assert said.startswith(ENGINES[name].title)
    assert "--profile full" in said
    with pytest.raises(EngineUnavailable, match="needs the full profile"):
        pool_of(settings).encoder(ENGINES[name])


def test_full_vl_clip_asks_for_its_checkpoint_and_runs_it(tmp_path: Path) -> None:
    engine = ENGINES["vl-clip"]
    base = {"cache_dir": tmp_path / "cache", "profile": FULL, "device": "cpu"}
    said = reason(engine, load_settings(**base))
    assert said is not None
    assert "VLCLIP_VL_CLIP_CHECKPOINT" in said

    write_checkpoint(tmp_path / "mine")
    settings = load_settings(**base, vl_clip_checkpoint=tmp_path / "mine")
    assert reason(engine, settings) is None
    assert pool_of(settings).encoder(engine).encode_texts(["chair"]).shape == (1, 24)


@pytest.mark.skipif(not tower_there, reason="the text tower is not trained yet")
def test_compact_engines_share_one_encoder_without_a_download(tmp_path: Path) -> None:
    pool = pool_of(load_settings(cache_dir=tmp_path / "cache"))
    # Image weights are fetched on first use, so the engines can run although they are not there.
    assert pool.encoder(ENGINES["clip"]) is pool.encoder(ENGINES["vl-clip"])
    assert getattr(pool.encoder(ENGINES["clip"]), "base", None) is pool.compact
    assert not (tmp_path / "cache").exists()


def test_a_recipe_that_asks_for_an_unknown_loader_is_told_which_there_are(tmp_path: Path) -> None:
    engine = replace(ENGINES["clip"], towers={COMPACT: Towers("mine", "model")})
    said = reason(engine, load_settings(cache_dir=tmp_path))
    assert said is not None
    assert all(name in said for name in ("mine", "compact", "adapted", "open_clip", "hf_clip"))


def test_a_new_loader_is_one_entry(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = load_settings(cache_dir=tmp_path)
    made: list[str] = []

    def build(recipe: Recipe) -> Encoder:
        made.append(recipe.towers.model)
        return recipe.compact()

    monkeypatch.setitem(LOADERS, "mine", Loader("mine", build))
    engine = replace(ENGINES["clip"], towers={COMPACT: Towers("mine", "model")})
    pool = pool_of(settings)
    assert reason(engine, settings) is None
    assert pool.encoder(engine) is pool.encoder(engine) is pool.compact
    assert made == ["model"]
