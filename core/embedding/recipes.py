"""Read engine recipes, ``data/engines/*.toml``."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.domain.engine import FITS, Engine, ImageView, TextView, Towers
from core.errors import EngineUnavailable

#: File name of the recipe in a trained engine's folder.
RECIPE = "engine.toml"

#: Fields that a recipe may leave out: shares of the photo and the title in an item's vectors.
SHARES = (
    "photo_share",
    "busy_share",
    "plain_share",
    "title_share",
    "title_share_without_photo",
)
#: Largest side of a smallest crop: more than that is no crop.
_MOST_PIXELS = 1024

#: Allowed names of engines: they are used in table names and links.
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")


def load_engines(folder: Path, problems: dict[str, str] | None = None) -> dict[str, Engine]:
    """Read all recipes of a folder, in display order; the file's name is the engine's.

    Args:
        folder: Folder with files ``NAME.toml``.
        problems: Filled with a sentence per unusable recipe, instead of raising an error.

    Raises:
        EngineUnavailable: A recipe can't be used; the sentence names file and field.
    """
    files = {path.stem: path for path in sorted(folder.glob("*.toml"))}
    recipes = _recipes(files.items(), problems)
    ordered = sorted(recipes.items(), key=lambda entry: (entry[1][0], entry[0]))
    return {name: engine for name, (_, engine) in ordered}


def load_own_engines(folder: Path, problems: dict[str, str] | None = None) -> dict[str, Engine]:
    """Read the trained engines, ``FOLDER/NAME/engine.toml``, the newest last.

    Arguments and errors are those of ``load_engines``.
    """
    files = {path.parent.name: path for path in own_recipe_files(folder)}
    engines = {}
    for name, (_, recipe) in _recipes(files.items(), problems).items():
        home = str(files[name].parent)
        engines[name] = replace(
            recipe,
            towers={
                # "." in a recipe means its own folder; a scheme may precede it.
                profile: replace(towers, model=f"{towers.model[:-1]}{home}")
                if towers.model.endswith(".")
                else towers
                for profile, towers in recipe.towers.items()
            },
        )
    return engines


def own_recipe_files(folder: Path) -> list[Path]:
    """Return the recipe files of the trained engines, the newest last."""
    if not folder.is_dir():
        return []
    files = (home / RECIPE for home in folder.iterdir())
    # lexists: a broken link is in the list, too, so that it gets an error sentence.
    existing = [path for path in files if os.path.lexists(path)]
    return sorted(existing, key=lambda path: (path.lstat().st_mtime, path))


def _recipes(
    files: Iterable[tuple[str, Path]], problems: dict[str, str] | None
) -> dict[str, tuple[float, Engine]]:
    """Return display order and engine, by name."""
    engines = {}
    for name, path in files:
        try:
            engines[name] = _engine(name, path)
        except EngineUnavailable as error:
            if problems is None:
                raise
            problems[name] = str(error)
    return engines


def _engine(name: str, path: Path) -> tuple[float, Engine]:
    try:
        if not _NAME.fullmatch(name):
            raise ValueError("an engine's name has small letters, digits and dashes only")
        recipe = tomllib.loads(path.read_text("utf-8"))
        return _number(recipe.get("order", 100), "order"), _built(name, recipe)
    except tomllib.TOMLDecodeError as error:
        raise EngineUnavailable(f"Engine recipe {path} is not valid TOML: {error}.") from None
    except KeyError as error:
        raise EngineUnavailable(f"Engine recipe {path} has no field {error}.") from None
    except OSError as error:
        raise EngineUnavailable(
            f"Engine recipe {path} can't be read: {error.strerror or error}."
        ) from None
    except (TypeError, ValueError) as error:  # not UTF-8, too
        raise EngineUnavailable(f"Engine recipe {path} is not usable: {error}.") from None


def _built(name: str, recipe: Mapping[str, Any]) -> Engine:
    return Engine(
        name=name,
        title=_text(recipe["title"], "title"),
        summary=_text(recipe["summary"], "summary"),
        image_view=ImageView(recipe["image_view"]),
        text_view=TextView(recipe["text_view"]),
        text_weight=_share(recipe["text_weight"], "text_weight"),
        towers={
            profile: _towers(_table(towers, f"towers.{profile}"))
            for profile, towers in _table(recipe["towers"], "towers").items()
        },
        **{field: _share(recipe.get(field, 0.0), field) for field in SHARES},
        smallest_crop=_pixels(recipe.get("smallest_crop", 0.0), "smallest_crop"),
    )


def _towers(table: Mapping[str, Any]) -> Towers:
    towers = Towers(**{field: _text(value, field) for field, value in table.items()})
    if towers.fit not in FITS:
        raise ValueError(f"fit {towers.fit!r} is none of {', '.join(filter(None, FITS))}")
    return towers


def _pixels(value: object, field: str) -> float:
    pixels = _number(value, field)
    if not 0 <= pixels <= _MOST_PIXELS:
        raise ValueError(f"{field} {pixels} is not between 0 and {_MOST_PIXELS}")
    return pixels


def _share(value: object, field: str) -> float:
    share = _number(value, field)
    if not 0 <= share <= 1:
        raise ValueError(f"{field} {share} is not between 0 and 1")
    return share


def _text(value: object, field: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{field} is no text but {value!r}")
    return value


def _number(value: object, field: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{field} is no number but {value!r}")
    return float(value)


def _table(value: object, field: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError(f"{field} is no table but {value!r}")
    return value
