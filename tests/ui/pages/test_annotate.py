from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from core.domain import DEFAULT_SCALE, ExamplePair
from core.errors import JudgmentError
from core.people import People, Role
from ui.components.judging_desk import Desk
from ui.components.judging_setup import parse_examples, parse_scale
from ui.render import markdown


def desk(tmp_path: Any) -> Desk:
    """Make the desk of a studio without sign-in; the rest of it is never reached."""
    studio: Any = SimpleNamespace(people=People(tmp_path / "users.json"))
    return Desk(studio)


@pytest.mark.parametrize("ask", [{}, {"name": "a"}, {"name": "a", "set": "s", "catalog": "c"},
    {"name": "a", "set": "s", "catalog": "c", "events": [{"event_id": "1", "kind": "adjudicate"}]},
    {"name": "a", "set": "s", "catalog": "c", "events": [{"event_id": "1", "kind": "explode"}]},
    {"name": "a", "set": "s", "catalog": "c", "events": 7}])  # fmt: skip
def test_nonsense_from_the_browser_is_answered_with_a_sentence(
    tmp_path: Any, ask: dict[str, Any]
) -> None:
    judging_desk = desk(tmp_path)
    assert "makes no sense" in judging_desk.answer(judging_desk.judge, ask, None)["error"]


def test_nobody_judges_without_the_role(tmp_path: Any) -> None:
    judging_desk = desk(tmp_path)
    people = judging_desk._studio.people
    people.add("vera", Role.VIEWER, "password-1")
    ask = {"name": "root", "set": "s", "catalog": "c", "events": []}
    assert "Sign in" in judging_desk.answer(judging_desk.judge, ask, None)["error"]
    vera: Any = SimpleNamespace(username="vera")
    assert "needs the role annotator" in judging_desk.answer(judging_desk.judge, ask, vera)["error"]


def test_scales_and_examples_from_tables() -> None:
    rows = [[grade.value, grade.name, grade.help] for grade in reversed(DEFAULT_SCALE)]
    assert parse_scale([*rows, ["", "", ""]]) == DEFAULT_SCALE
    with pytest.raises(JudgmentError, match="no whole number"):
        parse_scale([["high", "good", ""]])
    assert parse_examples([["chair", "a", "2", "kind"], ["", "", "", ""]]) == (
        ExamplePair("chair", "a", 2, "kind"),
    )


def test_guidelines_are_markdown_but_never_html() -> None:
    html = markdown("**bold** <script>x</script> ![p](http://x/y.png) [l](javascript:x)")
    assert "<strong>bold</strong>" in html
    assert "<script" not in html
    assert "<img" not in html
    assert 'href="javascript' not in html
