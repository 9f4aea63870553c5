from __future__ import annotations

from pathlib import Path

import pytest

from core.domain.engine import ImageView, Profile, TextView
from core.embedding.loaders import engine_availability
from core.embedding.recipes import load_engines, load_own_engines
from core.errors import EngineUnavailable
from core.settings import SHIPPED, load_settings
from core.weights.registry import REGISTRY
from core.weights.store import WeightStore

RECIPE = """
title = "Mine"
summary = "My own."
image_view = "photo"
text_view = "title"
text_weight = 0.3
[towers.full]
loader = "open_clip"
model = "local-dir:/models/mine"
"""


def test_shipped_engines_in_display_order() -> None:
    engines = load_engines(SHIPPED / "engines")
    assert list(engines) == ["clip", "vl-clip", "fashion-clip", "gcl", "gcl-l"]
    assert (engines["clip"].image_view, engines["clip"].text_view) == (
        ImageView.PHOTO,
        TextView.TITLE,
    )
    assert (engines["vl-clip"].image_view, engines["vl-clip"].text_view) == (
        ImageView.CROP,
        TextView.REWRITE,
    )
    compact = {name for name, engine in engines.items() if Profile.COMPACT in engine.towers}
    assert compact == {"clip", "vl-clip"}


def test_every_role_of_a_recipe_is_in_the_weight_registry() -> None:
    for engine in load_engines(SHIPPED / "engines").values():
        for towers in engine.towers.values():
            if towers.model.startswith("role:"):
                assert towers.model.removeprefix("role:") in REGISTRY


def test_own_recipe_is_one_file(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(RECIPE)
    engine = load_engines(tmp_path)["mine"]
    assert engine.text_weight == 0.3
    assert engine.towers[Profile.FULL].model == "local-dir:/models/mine"


def test_an_engine_on_cutouts_is_a_recipe_in_the_data_directory(tmp_path: Path) -> None:
    text = (SHIPPED / "engines" / "vl-clip.toml").read_text("utf-8")
    folder = tmp_path / "vl-clip-cutout"
    folder.mkdir()
    (folder / "engine.toml").write_text(text.replace('"crop"', '"cutout"'), "utf-8")
    engine = load_own_engines(tmp_path)["vl-clip-cutout"]
    assert engine.image_view is ImageView.CUTOUT
    weights = WeightStore(tmp_path)
    assert engine_availability(engine, load_settings(), weights) is None


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('title = "Mine"', "", "no field 'title'"),
        ("0.3", "3", "text_weight 3.0 is not between 0 and 1"),
        ('"photo"', '"sketch"', "sketch"),
        ("title =", "title", "not valid TOML"),
    ],
)
def test_broken_recipe_is_a_sentence_with_the_file(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    (tmp_path / "mine.toml").write_text(RECIPE.replace(old, new, 1))
    with pytest.raises(EngineUnavailable) as caught:
        load_engines(tmp_path)
    assert "mine.toml" in str(caught.value)
    assert said in str(caught.value)
