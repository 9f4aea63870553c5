"""Credits: who made the demo's pictures, and under which licences."""

from __future__ import annotations

import gradio as gr

from core.app.studio import Studio


def build(studio: Studio, page: gr.Blocks) -> None:
    """Show the demo's CREDITS file."""
    credits = studio.settings.shipped / "demo" / "CREDITS.md"
    gr.Markdown(
        credits.read_text(encoding="utf-8")
        if credits.is_file()
        else "# Credits\n\nNo demo catalogue ships with this installation.",
        elem_id="credits",
    )
