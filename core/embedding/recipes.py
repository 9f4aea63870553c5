"""Engine recipes: ``data/engines/*.toml`` to ``Engine``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.domain.engine import Engine, ImageView, Profile, TextView, Towers
from core.errors import EngineUnavailable

#: The recipe in the folder of an engine that was trained here.
RECIPE = "engine.toml"


def load_engines(folder: Path) -> dict[str, Engine]:
    """Read all recipes of a folder, in display order; the file's name is the engine's.

    Raises:
        EngineUnavailable: A recipe can't be read; the sentence names file and field.
    """
    recipes = {path: _read(path) for path in sorted(folder.glob("*.toml"))}
    ordered = sorted(recipes, key=lambda path: (recipes[path].get("order", 100), path.stem))
    return {path.stem: _engine(path, recipes[path]) for path in ordered}


def load_own_engines(folder: Path) -> dict[str, Engine]:
    """Engines that were trained here: ``FOLDER/NAME/engine.toml``, the newest last.

    Raises:
        EngineUnavailable: A recipe can't be read; the sentence names file and field.
    """
    found = {}
    for path in sorted(folder.glob(f"*/{RECIPE}"), key=lambda path: path.stat().st_mtime):
        recipe = _engine(path, _read(path))
        found[path.parent.name] = replace(
            recipe,
            name=path.parent.name,
            towers={
                # "." in a recipe is the folder that it lies in; a scheme may stand before it.
                profile: replace(towers, model=f"{towers.model.removesuffix('.')}{path.parent}")
                for profile, towers in recipe.towers.items()
            },
        )
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise EngineUnavailable(f"Engine recipe {path.name} is not valid TOML: {error}.") from None


def _engine(path: Path, recipe: Mapping[str, Any]) -> Engine:
    try:
        weight = float(recipe["text_weight"])
        if not 0 <= weight <= 1:
            raise ValueError(f"text_weight {weight} is not between 0 and 1")
        return Engine(
            name=path.stem,
            title=recipe["title"],
            summary=recipe["summary"],
            image_view=ImageView(recipe["image_view"]),
            text_view=TextView(recipe["text_view"]),
            text_weight=weight,
            towers={Profile(name): Towers(**towers) for name, towers in recipe["towers"].items()},
        )
    except KeyError as error:
        raise EngineUnavailable(f"Engine recipe {path.name} has no field {error}.") from None
    except (TypeError, ValueError) as error:
        raise EngineUnavailable(f"Engine recipe {path.name} is not usable: {error}.") from None
