from __future__ import annotations

from pathlib import Path

import pytest

from core.domain.engine import COMPACT, FULL, ImageView, TextView
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
    order = ["clip", "vl-clip", "fashion-clip", "gcl", "gcl-l"]
    assert [name for name in engines if name in order] == order
    assert (engines["clip"].image_view, engines["clip"].text_view) == (
        ImageView.PHOTO,
        TextView.TITLE,
    )
    assert (engines["vl-clip"].image_view, engines["vl-clip"].text_view) == (
        ImageView.CROP,
        TextView.REWRITE,
    )
    compact = {name for name, engine in engines.items() if COMPACT in engine.towers}
    assert compact >= {"clip", "vl-clip"}


def test_every_role_of_a_recipe_is_in_the_weight_registry() -> None:
    for engine in load_engines(SHIPPED / "engines").values():
        for towers in engine.towers.values():
            if towers.model.startswith("role:"):
                assert towers.model.removeprefix("role:") in REGISTRY


def test_own_recipe_is_one_file(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(RECIPE)
    engine = load_engines(tmp_path)["mine"]
    assert engine.text_weight == 0.3
    assert engine.towers[FULL].model == "local-dir:/models/mine"


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
        ("0.3", "0.3\nphoto_share = 2", "photo_share 2.0 is not between 0 and 1"),
        ("0.3", "0.3\nplain_share = -1", "plain_share -1.0 is not between 0 and 1"),
        ("0.3", "0.3\nsmallest_crop = -1", "smallest_crop -1.0 is not between 0 and 1024"),
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


BROKEN = {
    "half-written": 'title = "Mi',
    "no-text": b"\xff\xfe\x00title",
    "wrong-title": RECIPE.replace('"Mine"', "7", 1),
    "wrong-weight": RECIPE.replace("0.3", '"a third"', 1),
    "wrong-towers": 'title = "x"\nsummary = "x"\nimage_view = "photo"\ntext_view = "title"\n'
    'text_weight = 0.1\ntowers = "none"\n',
    "wrong-model": RECIPE.replace('"local-dir:/models/mine"', "[1]", 1),
    "Wrong Name": RECIPE,
    "empty": "",
}


def test_broken_recipes_are_named_and_leave_the_others(tmp_path: Path) -> None:
    for name, text in ({"sound": RECIPE} | BROKEN).items():
        (tmp_path / name).mkdir()
        content = text if isinstance(text, bytes) else text.encode()
        (tmp_path / name / "engine.toml").write_bytes(content)
    (tmp_path / "a-folder" / "engine.toml").mkdir(parents=True)
    (tmp_path / "a-link").mkdir()
    (tmp_path / "a-link" / "engine.toml").symlink_to(tmp_path / "nowhere")
    problems: dict[str, str] = {}
    assert list(load_own_engines(tmp_path, problems)) == ["sound"]
    assert set(problems) == set(BROKEN) | {"a-folder", "a-link"}
    for name, sentence in problems.items():
        assert str(tmp_path / name / "engine.toml") in sentence


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('loader = "open_clip"', 'loader = "telepathy"', "asks for the loader “telepathy”"),
        ('"local-dir:/models/mine"', '"role:nonsense"', "the weights “nonsense”"),
    ],
)
def test_what_a_recipe_asks_for_and_there_is_not_is_a_reason(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    assert old in RECIPE
    (tmp_path / "mine.toml").write_text(RECIPE.replace(old, new))
    engine = load_engines(tmp_path)["mine"]
    reason = engine_availability(engine, load_settings(profile="full"), WeightStore(tmp_path))
    assert said in (reason or "")
