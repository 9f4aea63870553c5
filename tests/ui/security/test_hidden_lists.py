"""No search shows an engine's list to whoever may still judge a set; words find items without."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.domain import JudgmentQuery, Pair
from core.people import Role
from tests.ui.security.judged_shop import LISTS, QUERY, Judged, end_part, lists


@pytest.mark.parametrize(
    "asked",
    [
        {"q": "azure seat"},
        {"q": "вlue chair"},  # its first letter is Cyrillic
        {"item": "c", "region": "10,10,60,60"},
        {"example": "0", "region": "1,1,9,9"},
        {"q": "seat", "type": "Chair", "k": "1", "cutoff": "off"},
        {"q": "seat", "from": "10", "to": "20", "minus": "red"},
    ],
)
def test_no_search_shows_an_engine_s_list_while_a_set_is_open(
    judged: Judged, asked: dict[str, str]
) -> None:
    assert lists(judged.walk(Role.ANNOTATOR), **asked) == set()
    assert judged.shop.asked == []


def test_words_find_items_without_an_engine(judged: Judged) -> None:
    walk = judged.walk(Role.ANNOTATOR)
    answers = walk.events({"q": "armchair", "catalog": "demo"}, LISTS)
    shown = {name: text for (_, name), text in answers.items()}
    assert "1 item with words of" in shown["open_page_1"]
    assert "Armchair" in shown["open_page_1"]
    assert "Look for “armchair” on Explore" in shown["open_page_2"]
    assert 'role="alert"' not in shown["open_page_2"]
    assert "is not finished" in shown["open_page_1"]
    refused = walk.events({"item": "c", "catalog": "demo"}, LISTS)
    assert all("is not finished" in text for text in refused.values()), refused


def test_the_lists_come_back_when_the_set_is_judged(judged: Judged) -> None:
    walk = judged.walk(Role.ANNOTATOR)
    assert lists(walk, q=QUERY) == set()
    judged.judge_all()
    end_part(walk)
    assert lists(walk, q=QUERY) == {"open_page_1", "open_page_2"}
    exported = walk.events({"q": QUERY, "catalog": "demo"}, ["export", "export_1"])
    assert all("file=" in text for text in exported.values()), exported
    judged.queue.sets.extend(judged.set.set_id, [Pair(JudgmentQuery("q3", "lamp"), "b")])
    assert lists(walk, q=QUERY) == set()


def test_the_lists_come_back_when_the_own_part_is_done(judged: Judged, tmp_path: Path) -> None:
    """Where everybody judges every pair, a set is never finished for all."""
    judged.start(tmp_path / "everybody", overlap=0)
    walk = judged.walk(Role.ANNOTATOR)
    judged.judge_all("somebody else")
    assert lists(walk, q=QUERY) == set()
    judged.judge_all("annotator")
    end_part(walk)
    assert lists(walk, q=QUERY) == {"open_page_1", "open_page_2"}


def test_without_searches_while_judging_only_leads_search(judged: Judged) -> None:
    shop = judged.shop
    allowed = shop.settings
    try:
        shop.settings = allowed.model_copy(update={"search_while_judging": False})
        for role in (Role.ANNOTATOR, Role.VIEWER):
            answers = judged.walk(role).events({"q": "armchair", "catalog": "demo"}, LISTS)
            said = {name for (_, name), text in answers.items() if "only those who lead" in text}
            assert said == set(LISTS), role
        assert shop.asked == []
        assert lists(judged.walk(Role.MERCHANDISER), q=QUERY) == {"open_page_1", "open_page_2"}
        judged.judge_all()
        assert lists(judged.walk(Role.VIEWER), q=QUERY) == {"open_page_1", "open_page_2"}
    finally:
        shop.settings = allowed


def test_the_blind_vote_shows_no_list_while_a_set_is_open(judged: Judged) -> None:
    """Two votes on one query, with one engine in both, would show which list is that engine's."""
    walk = judged.walk(Role.ANNOTATOR)
    walk.events({"catalog": "demo"})  # brings the choices
    judged.text = "a query that is in no set"
    voted = walk.events({"catalog": "demo"}, ["begin", "go_on"])
    assert len(voted) >= 2
    assert all("data-vote" not in text for text in voted.values())
    assert any("is not finished" in text for text in voted.values())
    assert judged.shop.asked == []
    judged.judge_all()
    end_part(walk)
    voted = walk.events({"catalog": "demo"}, ["begin", "go_on"])
    assert any("data-vote" in text for text in voted.values())
