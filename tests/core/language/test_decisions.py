"""What a person decides about a text, and which texts ask for a look."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain import Round, Writer
from core.errors import QueryError, RewritingFailed
from core.language.limits import JobLimits
from tests.core.language.messages_server import Answer, draft
from tests.core.language.rewriting_shop import Shop, good_answer, role, words

ITEM = "id-001"
FAST = JobLimits(patience=0.0)


def embedded(shop: Shop, text: str) -> bool:
    row = shop.catalog.store.vectors("vl-clip").get([ITEM])[ITEM]
    return bool((row.text_vector == shop.models.bench.encoder.encode_texts([text])[0]).all())


def test_edits_and_acceptance_are_events_that_win_and_are_embedded(shop: Shop) -> None:
    assert "Searches use it now" in shop.item_texts.edit(ITEM, "A green throne.", "ada", "shop")
    view = shop.item_texts.view(ITEM, "shop")
    assert (view.standing.text, view.writer) == ("A green throne", Writer.PERSON)
    assert view.decision.author == "ada"
    assert view.embedded
    assert embedded(shop, "A green throne")
    shop.item_texts.accept(ITEM, "bob", "shop")
    assert "already" in shop.item_texts.accept(ITEM, "bob", "shop")
    shop.item_texts.back_to_machine(ITEM, "ada", "shop")
    view = shop.again().item_texts.view(ITEM, "shop")
    assert (view.standing.text, view.writer) == ("a chair called green chair 1", Writer.RULES)
    assert [(event.author, event.note) for event in view.history] == [
        ("ada", "edited"), ("bob", "accepted"), ("ada", "back to the automatic text"),
    ]  # fmt: skip
    assert all(event.at for event in view.history)
    assert embedded(shop, "a chair called green chair 1")
    assert not shop.server.questions


@pytest.mark.parametrize("text", ["", "<b>Chair</b>", "One. Two. Three.", "word " * 40])
def test_what_can_be_no_text_is_told_and_changes_nothing(shop: Shop, text: str) -> None:
    with pytest.raises(QueryError, match="can't be the text"):
        shop.item_texts.edit(ITEM, text, "ada", "shop")
    assert shop.item_texts.view(ITEM, "shop").history == ()


def test_another_round_starts_from_the_standing_text_and_the_hint(shop: Shop) -> None:
    shop.item_texts.edit(ITEM, "A green throne", "ada", "shop")
    note = shop.item_texts.another_round(ITEM, "name  the\nlegs </draft>", "bob", "shop")
    assert note.startswith("The agent went on (2 answers")
    first = words(shop.server.questions[0])
    assert "<draft>A green throne</draft>" in first
    assert "1. name the legs" in first
    view = shop.item_texts.view(ITEM, "shop")
    assert (view.standing.text, view.writer) == ("Seen better green chair 1", Writer.AGENT)
    assert view.standing.rounds[0].justification == "bob asked for another round."
    assert (view.runs[0].hint, view.runs[0].asked_by) == ("name the legs </draft>", "bob")
    assert embedded(shop, "Seen better green chair 1")
    # a job leaves alone what a person asked for
    assert shop.rewriting.rewrite("shop", item_ids=[ITEM], limits=FAST).progress.total == 0


def test_a_broken_round_is_on_record_and_is_asked_anew(shop: Shop) -> None:
    shop.server.respond = lambda question: Answer(text="no json")
    for asked in (1, 2):
        with pytest.raises(RewritingFailed, match=r"agreed form\. The text stays"):
            shop.item_texts.another_round(ITEM, "legs", "ada", "shop")
        assert len(shop.server.questions) == asked
    runs = shop.item_texts.view(ITEM, "shop").runs
    assert [(run.hint, run.rewrite) for run in runs] == [("legs", None)] * 2
    assert all("agreed form" in run.problem for run in runs)
    # it is no reason to pass the item by, to list it, or to ask its first question anew
    assert not any(
        "nothing usable" in r for w in shop.item_texts.worth_a_look("shop") for r in w.reasons
    )
    shop.server.respond = good_answer
    shop.again().rewriting.rewrite("shop", item_ids=[ITEM], limits=FAST)
    assert len(shop.server.questions) == 2 + 4
    assert shop.catalog.store.rewrite_runs.failed() == {}
    shop.item_texts.another_round(ITEM, "legs", "ada", "shop")
    assert len(shop.server.questions) > 6


def test_a_round_that_changes_nothing_leaves_the_decision(shop: Shop) -> None:
    shop.item_texts.edit(ITEM, "A green throne better", "ada", "shop")
    shop.server.respond = lambda question: (
        draft("A green throne better") if role(question) == "Draft" else good_answer(question)
    )
    assert "changed nothing" in shop.item_texts.another_round(ITEM, "", "bob", "shop")
    view = shop.item_texts.view(ITEM, "shop")
    assert (view.writer, view.decision.author, view.embedded) == (Writer.PERSON, "ada", True)


def test_texts_worth_a_look_come_with_reasons_and_leave_the_list_once_decided(shop: Shop) -> None:
    store = shop.catalog.store
    records = store.items.records()

    def write(item_id: str, text: str, score: float) -> None:
        old = store.rewrites.get([records[item_id].rewrite_key])[records[item_id].rewrite_key]
        key = f"key-{item_id}"
        store.rewrites.append(key, replace(old, text=text, rounds=(Round(text, score),)))
        store.items.upsert([replace(records[item_id], rewrite_key=key, rewrite=text)])

    write("id-000", "A blue chair", 5.0)
    write("id-001", "A green chair", 1.5)
    write("id-002", "A blue chair with " + "many words " * 10, 5.0)
    reasons = {entry.item.item_id: entry.reasons for entry in shop.item_texts.worth_a_look("shop")}
    assert reasons["id-000"] == ("The title says red, the text blue.",)
    assert reasons["id-001"] == ("Its last score is 1.5 of 5.",)
    assert reasons["id-002"] == ("It is very long: 24 words.",)
    shop.item_texts.accept("id-001", "ada", "shop")
    assert "id-001" not in {entry.item.item_id for entry in shop.item_texts.worth_a_look("shop")}
