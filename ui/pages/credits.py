"""Credits: who made the demo's pictures, and under which licences."""

from __future__ import annotations

import gradio as gr

from core.app.studio import Studio
from ui.render import markdown

_NO_DEMO = "# Credits\n\nNo demo catalogue ships with this installation."


def build(studio: Studio, page: gr.Blocks) -> None:
    """Show the demo's CREDITS file."""
    credits = studio.settings.shipped / "demo" / "CREDITS.md"
    text = credits.read_text(encoding="utf-8") if credits.is_file() else _NO_DEMO
    gr.HTML(markdown(text), elem_id="credits")
