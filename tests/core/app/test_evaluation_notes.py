from __future__ import annotations

import pytest

from core.app.evaluation_notes import (
    check_item_ids,
    missing_notes,
    scale_note,
    usable_queries,
)
from core.domain import NO_PHOTO, EvalQuery, Item
from core.errors import EvaluationError

ASKED = (EvalQuery("q1", "lamp"),)
STOCK = {"a": Item("a", "A lamp", NO_PHOTO)}


def test_what_is_relevant_follows_the_threshold() -> None:
    qrels = {"q1": {"a": 1, "gone": 2, "far": 1}}
    assert missing_notes(ASKED, ASKED, qrels, STOCK, 1) == (
        "2 of 3 relevant items are not in the catalogue, so not findable.",
    )
    assert missing_notes(ASKED, ASKED, qrels, STOCK, 2) == (
        "1 of 1 relevant items are not in the catalogue, so not findable.",
    )
    check_item_ids(ASKED, qrels, STOCK, "shop", 1)
    with pytest.raises(EvaluationError, match="None of the 1 relevant items"):
        check_item_ids(ASKED, qrels, STOCK, "shop", 2)


def test_err_says_which_scale_it_takes() -> None:
    qrels = {"q1": {"a": 2}}
    assert scale_note(("err@10", "mrr"), qrels, 3) == (
        "ERR takes 3 as the highest grade of the scale.",
    )
    (guessed,) = scale_note(("err@10",), qrels, None)
    assert "takes 2" in guessed
    assert "highest that occurs" in guessed
    assert scale_note(("mrr",), qrels, None) == ()


def test_why_no_query_can_be_measured() -> None:
    """A threshold above all grades is no matter of ids."""
    assert usable_queries(ASKED, {"q1": {"a": 1}}, 1) == ASKED
    with pytest.raises(EvaluationError, match=r"relevant from 2 on, and the highest grade is 1\."):
        usable_queries(ASKED, {"q1": {"a": 1, "b": 0}}, 2)
    with pytest.raises(EvaluationError, match=r"None of the queries .* ids of both files agree"):
        usable_queries(ASKED, {"other": {"a": 1}}, 1)
