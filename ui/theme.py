"""The look: one Gradio theme on system fonts (nothing is fetched from other hosts)."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

from core.evaluation import report_html

ASSETS = Path(__file__).parent / "assets"

#: Scripts of every page, in order.
SCRIPTS = ("studio.js", "signin.js", "switcher.js", "regions.js")

_SANS = ("ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif")
_MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")


def studio_theme() -> gr.themes.Base:
    """Build the theme: soft neutral surfaces, a teal accent, in light and dark."""
    return gr.themes.Base(
        primary_hue=gr.themes.colors.teal,
        secondary_hue=gr.themes.colors.amber,
        neutral_hue=gr.themes.colors.stone,
        font=_SANS,
        font_mono=_MONO,
        radius_size=gr.themes.sizes.radius_md,
    ).set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_400",
        link_text_color="*primary_700",
        link_text_color_hover="*primary_800",
        link_text_color_visited="*primary_700",
        link_text_color_dark="*primary_400",
        link_text_color_hover_dark="*primary_300",
        link_text_color_visited_dark="*primary_400",
        block_background_fill="white",
        block_background_fill_dark="*neutral_900",
        block_border_width="1px",
        block_shadow="none",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_text_color="white",
    )


def stylesheet() -> str:
    """Return the studio's own CSS: the shared file, then the rest."""
    shared = ASSETS / "studio.css"
    own = sorted(path for path in ASSETS.glob("*.css") if path != shared)
    files = [shared, *own, report_html.TEMPLATES / "report.css"]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def script(folder: str, *names: str) -> str:
    """Join script files of ``assets/<folder>``, for ``gr.HTML(js_on_load=…)``."""
    return "\n".join((ASSETS / folder / f"{name}.js").read_text(encoding="utf-8") for name in names)


def head(sign_out: bool = False) -> str:
    """Return the elements for the page's head: the studio's own scripts, inline.

    Args:
        sign_out: Whether the studio itself signs people out, not a proxy or hosting platform.
    """
    scripts = ((ASSETS / name).read_text(encoding="utf-8") for name in SCRIPTS)
    fact = f"window.vsSignsOut = {'true' if sign_out else 'false'};"
    return "".join(f"<script>{script}</script>" for script in (fact, *scripts))
