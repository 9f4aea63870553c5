"""HTML from Jinja templates with escaping always on: catalogue text is untrusted.

Give the result to ``gr.HTML`` as its value and leave its ``html_template`` at the default
``${value}``: Gradio evaluates Handlebars placeholders *before* the JavaScript template, so data in
a ``{{…}}`` placeholder could run as code.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from jinja2 import Environment
from markdown_it import MarkdownIt
from markdown_it.token import Token
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
    tokens = parser.parse(text)
    _name_columns(tokens)
    return Markup(parser.renderer.render(tokens, parser.options, {}))  # noqa: S704 (the parser escapes everything)


def _name_columns(tokens: Sequence[Token]) -> None:
    """Give each cell of a table its column's name: narrow screens show it before the cell."""
    names: list[str] = []
    column = 0
    for token, inside in pairwise(tokens):
        if token.type == "table_open":
            names = []
        elif token.type == "tr_open":
            column = 0
        elif token.type == "th_open":
            names.append(inside.content)
        elif token.type == "td_open":
            token.attrSet("data-label", names[column])
            column += 1
