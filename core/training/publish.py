"""Publish a trained pair of towers as an engine of the data directory."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from core.base.atomic import atomic_write
from core.domain import Engine
from core.embedding.loaders import LOADERS
from core.embedding.recipes import RECIPE, SHARES

#: Fields of a recipe that a trained engine has from its base.
MIXED = (*SHARES, "smallest_crop")

#: The model card of an engine that was trained here.
CARD = "README.md"


def publish(
    folder: Path,
    base: Engine,
    loader: str,
    learnt_from: str,
    save: Callable[[Path], None],
    fit: str = "",
) -> None:
    """Write a checkpoint and its recipe atomically, as one engine.

    Args:
        folder: Of the engine; its name is the engine's.
        base: Engine that training started from; the new engine has its views.
        loader: Of the checkpoint.
        learnt_from: The catalogue or file, for people.
        save: Writes the checkpoint's files.
        fit: How its pictures become square (``Towers.fit``).
    """
    shutil.rmtree(folder, ignore_errors=True)
    save(folder)
    # Weights in a folder need no hub: they run in any profile. The compact towers are of one.
    profiles = LOADERS[loader].profiles
    model = LOADERS[loader].checkpoint
    lines = [
        "order = 200",
        f"title = {_quoted(folder.name)}",
        f"summary = {_quoted(f'{base.title}, fine-tuned on {learnt_from}.')}",
        f'image_view = "{base.image_view.value}"',
        f'text_view = "{base.text_view.value}"',
        f"text_weight = {base.text_weight}",
        *(f"{field} = {getattr(base, field)}" for field in MIXED if getattr(base, field)),
    ]
    for profile in profiles:
        lines += ["", f"[towers.{profile}]", f'loader = "{loader}"', f'model = "{model}"']
        lines += [f'fit = "{fit}"'] if fit else []
    atomic_write(folder / RECIPE, "\n".join(lines) + "\n")


def write_card(folder: Path, paragraphs: Sequence[str]) -> None:
    """Write the model card."""
    text = "\n\n".join([f"# {folder.name}", *paragraphs])
    (folder / CARD).write_text(text + "\n", "utf-8")


def _quoted(text: str) -> str:
    """Return a TOML string."""
    plain = "".join(sign if sign.isprintable() else " " for sign in text)
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'
