"""Find the catalogue that a link names; warn if it does not exist."""

from __future__ import annotations

from collections.abc import Collection
from html import escape

import gradio as gr

from core.app.studio import Studio
from core.errors import no_catalog


def catalog_of_link(studio: Studio, name: str, names: Collection[str]) -> str | None:
    """Return the named catalogue, else the default one; warn if the named one does not exist.

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
    """Warn if a link names a catalogue that does not exist."""
    if name and name not in names:
        gr.Warning(escape(str(no_catalog(name, names)), quote=False))
