from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from core.domain import JudgmentQuery
from core.errors import JudgmentError
from ui.pages.annotate import Desk, parse_queries


def test_queries_one_per_line_without_repeats() -> None:
    lines = " wooden chair \n\nitem: met-1\nwooden chair\nred lamp"
    assert parse_queries(lines) == (
        JudgmentQuery("q1", text="wooden chair"),
        JudgmentQuery("q2", item_id="met-1"),
        JudgmentQuery("q3", text="red lamp"),
    )
    with pytest.raises(JudgmentError, match="at least one"):
        parse_queries(" \n ")


@pytest.mark.parametrize(
    "ask", [{}, {"set": "s", "catalog": "c", "name": "a", "kind": "explode"}, {"set": "s"}]
)
def test_nonsense_from_the_browser_is_answered_with_a_sentence(ask: dict[str, Any]) -> None:
    desk = Desk(studio=SimpleNamespace())  # type: ignore[arg-type]  # never reached
    assert "no judgment" in desk.judge(ask)["error"]
