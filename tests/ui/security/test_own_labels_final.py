"""Annotators are asked before lists are shown to them; what they said is final from then on."""

from __future__ import annotations

import uuid
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from core.domain import JudgmentQuery, Pair
from core.people import Role
from tests.core.judging.desks import grade
from tests.ui.security.judged_shop import LISTS, QUERY, Judged, asking, end_part, lists, sent
from ui.blindness import engines_hidden


def test_a_label_that_is_taken_back_meanwhile_shows_no_list(
    judged: Judged, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged.judge_all()
    judging, who = judged.shop.judging, Role.ANNOTATOR.value
    looks = iter([False])  # as it was a moment before the label was taken back
    monkeypatch.setattr(type(judging), "is_open_to", lambda *_: next(looks, True))
    assert judging.hides_engines([who], "demo", who)


def test_an_annotator_is_asked_before_their_labels_become_final(judged: Judged) -> None:
    walk = judged.walk(Role.ANNOTATOR)
    assert walk.call("next_pairs", **asking(judged), held=[])["part"] == "open"
    refused = walk.call("end_part", **asking(judged))
    assert "still needs you" in refused["error"]
    judged.judge_all()
    assert walk.call("next_pairs", **asking(judged), held=[])["part"] == "done"
    answers = walk.events({"q": QUERY, "catalog": "demo"}, LISTS)
    assert all("31 ms" not in text for text in answers.values())
    said = "".join(answers.values())
    assert "end your part on Annotate" in said
    assert "is not finished" not in said
    assert sent(walk, 0)["saved"]  # they looked at pages, and can correct
    end_part(walk)
    assert len(sent(walk, 0)["refused"]) == 1
    assert walk.call("next_pairs", **asking(judged), held=[])["part"] == "final"
    assert lists(walk, q=QUERY) == {"open_page_1", "open_page_2"}
    judged.queue.sets.extend(judged.set.set_id, [Pair(JudgmentQuery("q3", "lamp"), "b")])
    assert walk.call("next_pairs", **asking(judged), held=[])["part"] == "open"


def test_who_leads_ends_no_part(judged: Judged) -> None:
    walk, mine = judged.walk(Role.MERCHANDISER), {**asking(judged), "name": "merchandiser"}
    judged.judge_all("merchandiser")
    assert walk.call("next_pairs", **mine, held=[])["part"] is None
    assert walk.call("end_part", **mine) == {"part": "final"}
    query_id, item_id = judged.set.pairs[0].key
    judged.queue.judge(grade(judged.set, query_id, item_id, 1, "merchandiser"))


@pytest.mark.parametrize("overlap", [0, 1, 2])
def test_can_t_tell_is_final_once_the_lists_were_shown(
    judged: Judged, tmp_path: Path, overlap: int
) -> None:
    """One could say of every pair that one can't tell, read the lists and come back."""
    judged.start(tmp_path / "set", overlap)
    walk = judged.walk(Role.ANNOTATOR)
    for number in range(len(judged.set.pairs)):
        assert sent(walk, number, kind="unsure", grade=None)["saved"]
    assert sent(walk, 0)["saved"]  # nothing was shown yet
    end_part(walk)
    assert lists(walk, q=QUERY) == {"open_page_1", "open_page_2"}
    for number in range(len(judged.set.pairs)):
        assert len(sent(walk, number)["refused"]) == 1
        assert len(sent(walk, number, kind="skip", grade=None)["refused"]) == 1
    assert "stays" in walk.call("undo", **asking(judged), event_id="u")["error"]
    graded = [e.item_id for e in judged.queue.current(judged.set.set_id) if e.grade is not None]
    assert graded == [judged.set.pairs[0].item_id]


def test_keys_that_were_put_by_are_worth_nothing_once_the_lists_were_shown(judged: Judged) -> None:
    """Saying that one holds others gives the keys of all pairs."""
    walk, keys = judged.walk(Role.ANNOTATOR), dict[tuple[str, str], str]()
    while tasks := walk.call("next_pairs", **asking(judged), held=[*keys.values()])["tasks"]:
        keys |= {(task["query_id"], task["item_id"]): task["key"] for task in tasks}
    pairs = [pair.key for pair in judged.set.pairs]
    assert keys.keys() == set(pairs)
    judged.judge_all("somebody else")
    assert lists(walk, q=QUERY) == {"open_page_1", "open_page_2"}
    for number, pair in enumerate(pairs):
        said = sent(walk, number, key=keys[pair])["refused"]
        assert "has all its grades" in "".join(said.values())
    assert walk.call("next_pairs", **asking(judged), held=[])["tasks"] == []


def test_what_a_visitor_saw_without_signing_in_may_be_an_annotator_s_look(
    judged: Judged, monkeypatch: pytest.MonkeyPatch
) -> None:
    walk, nobody = judged.walk(Role.ANNOTATOR), cast("Any", SimpleNamespace(username=None))
    judged.judge_all()
    assert sent(walk, 0)["saved"]
    with monkeypatch.context() as patch:
        patch.setattr(judged.shop.people, "space", True)
        assert not engines_hidden(judged.shop, nobody, "demo")
    assert len(sent(walk, 0)["refused"]) == 1


def test_who_leads_may_judge_whatever_they_saw(judged: Judged) -> None:
    walk = judged.walk(Role.MERCHANDISER)
    lists(walk, q=QUERY)
    judged.judge_all("somebody else")
    lists(walk, q=QUERY)
    query_id, item_id = judged.set.pairs[0].key
    lead = grade(judged.set, query_id, item_id, 1, "merchandiser")
    for _ in range(2):
        judged.queue.judge(replace(lead, event_id=uuid.uuid4().hex))
