"""HTML from Jinja templates with escaping always on: catalogue text is untrusted.

Give the result to ``gr.HTML`` as its value and leave its ``html_template`` at the default
``${value}``: Gradio evaluates Handlebars placeholders *before* the JavaScript template, so data in
a ``{{…}}`` placeholder could run as code.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from jinja2 import Environment
from markdown_it import MarkdownIt
from markupsafe import Markup

from core.base.templates import html_templates


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return html_templates(Path(__file__).parent / "templates")


def render(template: str, **context: object) -> str:
    """Render ``ui/templates/<template>`` with every value escaped."""
    return _environment().get_template(template).render(**context)


def markdown(text: str) -> Markup:
    """Return Markdown as safe HTML, without raw HTML and without external pictures."""
    parser = MarkdownIt("commonmark", {"html": False}).disable("image").enable("table")
    return Markup(parser.render(text))  # noqa: S704 (the parser escapes everything)
