"""One broken recipe or weight file costs its own engine only."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from core.app.models import ModelPool
from core.domain import Engine, EngineStatus
from core.embedding import recipes
from core.errors import EngineUnavailable, WeightsUnavailable
from core.settings import SHIPPED, load_settings

CUTOUT = (SHIPPED / "engines" / "vl-clip.toml").read_text("utf-8").replace('"crop"', '"cutout"')


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache without weights; the tower that ships is converted into it once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    add(tmp_path, "mine", CUTOUT)
    return tmp_path


def add(data: Path, name: str, recipe: str) -> Path:
    folder = data / "engines" / name
    folder.mkdir(parents=True)
    (folder / "engine.toml").write_text(recipe, "utf-8")
    return folder


def pool(data: Path, cache: Path) -> ModelPool:
    return ModelPool(load_settings(data_dir=data, cache_dir=cache, profile="compact"))


def by_name(models: ModelPool) -> dict[str, EngineStatus]:
    return {status.engine.name: status for status in models.statuses()}


def test_a_broken_recipe_is_listed_and_the_others_run(data: Path, cache: Path) -> None:
    folder = add(data, "half", CUTOUT[: len(CUTOUT) // 2])
    add(data, "odd", CUTOUT.replace('loader = "compact"', 'loader = "telepathy"'))
    models = pool(data, cache)
    statuses = by_name(models)
    assert not statuses["half"].available
    assert str(folder / "engine.toml") in statuses["half"].reason
    assert "telepathy" in statuses["odd"].reason
    assert [model.name for model in models.available()] == ["clip", "vl-clip", "mine"]
    with pytest.raises(EngineUnavailable, match="telepathy"):
        models.engine("odd")
    with pytest.raises(EngineUnavailable, match=r"half/engine\.toml"):
        models.engine("half")


def test_a_recipe_is_read_again_only_when_its_file_changes(
    data: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    real = recipes._engine

    def counted(name: str, path: Path) -> tuple[float, Engine]:
        read.append(name)
        return real(name, path)

    monkeypatch.setattr(recipes, "_engine", counted)
    models = pool(data, cache)
    read.clear()
    for _ in range(3):
        by_name(models)
    assert read == ["mine"]
    (data / "engines" / "mine" / "engine.toml").write_text(CUTOUT + "\n# changed\n", "utf-8")
    by_name(models)
    assert read == ["mine", "mine"]


def test_a_damaged_checkpoint_is_named_until_its_files_change(data: Path, cache: Path) -> None:
    text = CUTOUT.replace('loader = "compact"', 'loader = "adapted"')
    folder = add(data, "tuned", text.replace('model = "clip-vit-b-16"', 'model = "."'))
    tower = SHIPPED / "towers" / "text"
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        shutil.copyfile(tower / name, folder / name)
    weights = folder / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 3])
    models = pool(data, cache)
    assert [model.name for model in models.available()] == ["clip", "vl-clip", "mine"]
    status = by_name(models)["tuned"]
    assert not status.available
    assert str(folder) in status.reason
    with pytest.raises((EngineUnavailable, WeightsUnavailable), match="can't be read"):
        models.engine("tuned")
    weights.write_bytes(whole)
    assert by_name(models)["tuned"].available
    assert models.engine("tuned").name == "tuned"


def test_only_the_chosen_engines_are_loaded(
    data: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = pool(data, cache)
    asked: list[str] = []
    real = models.engine

    def counted(name: str) -> object:
        asked.append(name)
        return real(name)

    monkeypatch.setattr(models, "engine", counted)
    chosen = models.for_indexing(["clip"])
    assert [model.name for model in chosen.engines] == ["clip"]
    assert asked == ["clip"]
    assert chosen.left_out == ()


def test_a_chosen_engine_that_can_not_be_had_is_named_and_left_out(data: Path, cache: Path) -> None:
    models = pool(data, cache)
    chosen = models.for_indexing(["clip", "gcl-l"])
    assert [model.name for model in chosen.engines] == ["clip"]
    (sentence,) = chosen.left_out
    assert sentence.startswith("The engine gcl-l was left out: GCL-L (Marqo-Ecommerce-L) needs")
    with pytest.raises(EngineUnavailable, match="gcl-l was left out"):
        models.for_indexing(["gcl-l"])
    with pytest.raises(EngineUnavailable, match="telepathy"):
        models.for_indexing(["clip", "telepathy"])


def test_engines_of_another_profile_are_no_news(data: Path, cache: Path) -> None:
    folder = add(data, "odd", CUTOUT.replace('loader = "compact"', 'loader = "telepathy"'))
    models = pool(data, cache).for_indexing()
    assert folder.is_dir()
    assert [model.name for model in models.engines] == ["clip", "vl-clip", "mine"]
    assert len(models.left_out) == 1  # odd; those of the full profile are not here at all
    assert "telepathy" in models.left_out[0]
