"""The catalogue that a link names, and a warning where it is not there."""

from __future__ import annotations

from collections.abc import Collection
from html import escape

import gradio as gr

from core.app.studio import Studio
from core.errors import no_catalog


def catalog_of_link(studio: Studio, name: str, names: Collection[str]) -> str | None:
    """Return the named catalogue, else the default one; warn where the named one is not there.

    Args:
        studio: The façade.
        name: As in the link; empty for the default one.
        names: All catalogues.
    """
    warn_if_gone(name, names)
    if name in names:
        return name
    return studio.catalog().name if names else None


def warn_if_gone(name: str, names: Collection[str]) -> None:
    """Warn where a link names a catalogue that is not there; an empty name is none."""
    if name and name not in names:
        gr.Warning(escape(str(no_catalog(name, names)), quote=False))
