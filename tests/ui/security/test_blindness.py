"""An annotator walks every route, event and page function of the running app, and sees no engine's
list, rank or score in a catalogue of which they may still judge a set."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest

from core.people import Role
from tests.ui.security.judged_shop import LEAK, POOLED, QUERY, Judged, lists
from ui.blindness import engines_hidden


def test_an_annotator_finds_nothing_on_any_route_event_or_function(judged: Judged) -> None:
    shop, walk = judged.shop, judged.walk(Role.ANNOTATOR)
    walk.answers({})  # the pages' first answers bring the choices for what is asked then
    answers = walk.answers({"q": QUERY, "item": "c", "k": "1", "type": "Chair"})
    for secret in (LEAK, POOLED, "31 ms"):
        assert [at for at, text in answers.items() if secret in text] == []
    assert shop.asked == []  # no engine answered anything
    assert len(answers) > 150
    nonsense = [at for at, text in answers.items() if "makes no sense here" in text]
    assert len(nonsense) < 25, nonsense
    dealt = answers["next_pairs", "function"]  # the walk reaches what is allowed
    assert "blue chair" in dealt
    assert not re.search(r"\"(round|rank|score|engines?)\"", dealt)

    lead = judged.walk(Role.MERCHANDISER)  # the walk would notice what a lead sees
    lead.answers({})
    answers = lead.answers({"q": QUERY})
    for secret in (LEAK, POOLED, "31 ms"):
        assert [at for at, text in answers.items() if secret in text], secret
    assert shop.asked


def test_a_viewer_can_t_judge_and_sees_the_lists(judged: Judged) -> None:
    assert lists(judged.walk(Role.VIEWER), q=QUERY) == {"open_page_1", "open_page_2"}


def test_a_visitor_who_has_not_signed_in_may_be_any_annotator(
    judged: Judged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a Space everybody may look without a sign-in, so signing out would show everything."""
    monkeypatch.setattr(judged.shop.people, "space", True)
    nobody: Any = SimpleNamespace(username=None)
    assert engines_hidden(judged.shop, nobody, "demo")
    judged.judge_all()
    assert not engines_hidden(judged.shop, nobody, "demo")
