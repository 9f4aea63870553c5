"""The look: a Gradio theme made of the names in ``tokens.css``; nothing comes from other hosts."""

from __future__ import annotations

import json
from pathlib import Path

import gradio as gr

from core.evaluation import report_html
from core.experiments import experiment_report
from ui.navigation import header_facts

ASSETS = Path(__file__).parent / "assets"
#: Style sheets of the page itself, which the header needs before Gradio has drawn anything.
EARLY = ("tokens.css", "header.css")
#: Dark or light before Gradio decides in the same way.
DARK_FIRST = (
    "if ((new URLSearchParams(location.search).get('__theme') || (matchMedia("
    "'(prefers-color-scheme: dark)').matches ? 'dark' : '')) === 'dark') "
    "document.documentElement.classList.add('vs-dark');"
)
#: Scripts of every page, in order.
SCRIPTS = ("studio.js", "signin.js", "header.js", "regions.js", "helping.js")

_SANS = ("ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif")
_MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")
_TEXT = gr.themes.Size(
    name="studio_text", xxs="0.8125rem", xs="0.8125rem", sm="0.875rem", md="0.875rem",
    lg="1rem", xl="1.25rem", xxl="1.75rem",
)  # fmt: skip
_RADIUS = gr.themes.Size(
    name="studio_radius", xxs="4px", xs="4px", sm="8px", md="8px", lg="8px", xl="8px", xxl="8px"
)
#: Gradio's variables, in both themes, and the studio's names for their values.
_VALUES = {
    "body_background_fill": "page",
    "body_text_color": "text",
    "body_text_color_subdued": "soft",
    "background_fill_primary": "surface",
    "background_fill_secondary": "sunken",
    "border_color_primary": "border",
    "border_color_accent": "accent-line",
    "color_accent_soft": "accent-soft",
    "link_text_color": "accent",
    "link_text_color_hover": "accent",
    "link_text_color_active": "accent",
    "link_text_color_visited": "accent",
    "block_background_fill": "surface",
    "block_label_background_fill": "surface",
    "block_label_text_color": "soft",
    "block_title_text_color": "soft",
    "input_background_fill": "surface",
    "input_border_color": "border-strong",
    "input_border_color_focus": "accent",
    "input_placeholder_color": "faint",
    "button_primary_background_fill": "primary",
    "button_primary_background_fill_hover": "primary-hover",
    "button_primary_border_color": "primary",
    "button_primary_border_color_hover": "primary-hover",
    "button_primary_text_color": "on-primary",
    "button_secondary_background_fill": "surface",
    "button_secondary_background_fill_hover": "sunken",
    "button_secondary_border_color": "border-strong",
    "button_secondary_border_color_hover": "accent",
    "button_secondary_text_color": "text",
    "checkbox_background_color": "surface",
    "checkbox_background_color_selected": "primary",
    "checkbox_border_color": "border-strong",
    "checkbox_border_color_selected": "primary",
    "checkbox_border_color_focus": "accent",
    "checkbox_label_background_fill": "surface",
    "checkbox_label_background_fill_hover": "sunken",
    "checkbox_label_background_fill_selected": "accent-soft",
    "checkbox_label_border_color": "border",
    "checkbox_label_border_color_selected": "accent-line",
    "code_background_fill": "sunken",
    "error_border_color": "bad",
    "error_text_color": "bad",
    "error_icon_color": "bad",
    "error_background_fill": "surface",
    "table_border_color": "border",
    "table_even_background_fill": "surface",
    "table_odd_background_fill": "page",
}


def studio_theme() -> gr.themes.Base:
    """Build the theme: neutral surfaces, a teal accent, one radius, in light and dark."""
    theme = gr.themes.Base(
        primary_hue=gr.themes.colors.teal,
        secondary_hue=gr.themes.colors.teal,
        neutral_hue=gr.themes.colors.stone,
        text_size=_TEXT,
        radius_size=_RADIUS,
        font=_SANS,
        font_mono=_MONO,
    )
    both = {f"{name}{dark}": f"var(--vs-{value})" for name, value in _VALUES.items()
            for dark in ("", "_dark")}  # fmt: skip
    return theme.set(
        **both,
        color_accent="var(--vs-accent)",
        block_border_width="1px",
        block_shadow="none",
        block_title_text_weight="600",
        body_text_size="*text_md",
        checkbox_border_radius="4px",
        input_border_width="1px",
        input_padding="*spacing_lg",
        input_text_size="*text_lg",
        button_large_text_size="*text_lg",
        button_small_text_size="*text_sm",
        layout_gap="*spacing_xl",
    )


def stylesheet() -> str:
    """Return the studio's own CSS: the shared file, then the rest."""
    shared = ASSETS / "studio.css"
    early = {ASSETS / name for name in (*EARLY, shared.name)}
    own = sorted(path for path in ASSETS.glob("*.css") if path not in early)
    reports = [report_html.TEMPLATES / "report.css", experiment_report.TEMPLATES / "experiment.css"]
    files = [shared, *own, *reports]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def script(folder: str, *names: str) -> str:
    """Join script files of ``assets/<folder>``, for ``gr.HTML(js_on_load=…)``."""
    return "\n".join((ASSETS / folder / f"{name}.js").read_text(encoding="utf-8") for name in names)


def head(sign_out: bool = False) -> str:
    """Return the elements for the page's head: the header's look and all scripts, inline.

    Args:
        sign_out: Whether the studio itself signs people out, not a proxy or hosting platform.
    """
    styles = "\n".join(map(_asset, EARLY))
    facts = json.dumps(header_facts(sign_out)).replace("<", "\\u003c")
    scripts = (DARK_FIRST, f"window.vsFacts = {facts};", *map(_asset, SCRIPTS))
    return f"<style>{styles}</style>" + "".join(f"<script>{text}</script>" for text in scripts)


def _asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")
