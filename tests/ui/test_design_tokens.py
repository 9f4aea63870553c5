"""One design system: sizes and colours have names, and the names are all in one style sheet."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.evaluation import report_html
from ui.theme import ASSETS, EARLY, studio_theme, stylesheet

TOKENS = ASSETS / "tokens.css"
SHEETS = [*sorted(set(ASSETS.glob("*.css")) - {TOKENS}), report_html.TEMPLATES / "report.css"]
#: Of a report's file, which has no other style sheet: names with the values they have there.
_OWN_NAMES = re.compile(r"--ev-[a-z0-9-]+:[^;]+;")
_COLOUR = re.compile(r":[^;{}]*(?:#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsla?\(|light-dark\()")
_SIZE = re.compile(r"font-size:(?!\s*(?:var\(--(?:vs|ev)-|inherit))[^;}]+")
_RADIUS = re.compile(r"border-radius:(?!\s*(?:var\(--(?:vs|ev)-|0|50%|inherit|4px|3px))[^;}]+")


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_colours_type_and_radius_are_named(sheet: Path) -> None:
    css = _OWN_NAMES.sub(
        "", re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.S)
    )
    values = [*_SIZE.findall(css), *_RADIUS.findall(css)]
    values += [rule for rule in re.findall(r"\{[^{}]*\}", css) if _COLOUR.search(rule)]
    assert not values, "use the names of tokens.css, or add one there"


def test_every_name_that_is_used_exists() -> None:
    tokens = set(re.findall(r"(--vs-[a-z0-9-]+):", TOKENS.read_text(encoding="utf-8")))
    in_templates = {"--vs-engines", "--vs-ranks"}
    used = set(re.findall(r"var\((--vs-[a-z0-9-]+)", stylesheet() + _header() + _theme()))
    assert used <= tokens | in_templates


def test_nothing_is_smaller_than_thirteen_pixels() -> None:
    sizes = re.findall(r"--vs-(?:title|head|body|small|fine): ([\d.]+)rem", TOKENS.read_text())
    assert [16 * float(size) for size in sizes] == [28, 20, 16, 14, 13]


def _header() -> str:
    return (ASSETS / "header.css").read_text(encoding="utf-8")


def _theme() -> str:
    return " ".join(str(value) for value in vars(studio_theme()).values())


@pytest.mark.parametrize("sheet", sorted(ASSETS.glob("*.css")), ids=lambda path: path.name)
def test_rules_for_phones_survive_gradio(sheet: Path) -> None:
    """Gradio rewrites selectors inside ``@media``, see the beginning of ``studio.css``."""
    if sheet.name in EARLY:
        return  # in the page's head, which Gradio does not rewrite
    css = re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.S)
    blocks = re.findall(r"^@media[^{]*\{((?:[^{}]|\{[^{}]*\})*)\}", css, re.M)
    selectors = [rule.strip() for block in blocks for rule in re.findall(r"([^{}]+)\{", block)]
    lost = re.compile(r"\.gradio-container|@keyframes|\([^()]*,[^()]*\)")
    assert [rule for rule in selectors if lost.search(rule)] == []
