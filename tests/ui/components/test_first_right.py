"""Home's one figure is that of the report, with what the same searches bring below it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import pytest

from core.app.demo_measures import BEFORE_AFTER
from core.domain import EngineScores, PairedTest, Report, Score
from tests.ui.components.test_proof import report
from ui.components.first_right import same_searches_line, with_own_texts, with_same_searches
from ui.components.proof import BOTH, NEITHER, Proof
from ui.components.same_searches import first_ten_line
from ui.components.story import _headline


def measured(
    measure: str, engines: tuple[str, str], shares: tuple[float, float], p: float
) -> Report:
    before, after = shares
    scores = tuple(
        EngineScores(name, name, "f", {measure: Score(share)})
        for name, share in zip(engines, shares, strict=True)
    )
    gain = Score(after - before, after - before - 0.04, after - before + 0.04)
    return replace(
        report(), items=669, engines=scores, tests=(PairedTest(measure, *engines, gain, p, p),)
    )


def own(p: float = 0.0003) -> Report:
    return measured("hits@1", (NEITHER, BOTH), (0.2355, 0.3234), p)


def test_shares_are_told_of_100_with_the_tested_difference() -> None:
    figure = with_own_texts(own())
    assert figure is not None
    assert (figure.before, figure.after, figure.items, figure.sure) == (24, 32, 669, True)
    assert figure.tested == "8.8 more of 100, 95 % interval 4.8 to 12.8, p < 0.001"
    unsure = with_own_texts(own(0.2))
    assert unsure is not None
    assert not unsure.sure


def test_a_loss_is_told_as_one() -> None:
    figure = with_own_texts(measured("hits@1", (NEITHER, BOTH), (0.3, 0.28), 0.5))
    assert figure is not None
    assert figure.tested == "2.0 fewer of 100, 95 % interval −6.0 to 2.0, p = 0.500"


def test_without_the_measure_there_is_no_figure() -> None:
    assert with_own_texts(report()) is None
    assert with_same_searches(own()) is None


def test_the_same_searches_are_told_below_the_figure() -> None:
    figure = with_own_texts(own())
    less = with_same_searches(measured("p@1", BEFORE_AFTER, (0.8136, 0.8644), 0.375))
    more = with_same_searches(measured("p@1", BEFORE_AFTER, (0.6, 0.8), 0.01))
    assert figure is not None
    assert less is not None
    assert more is not None
    assert same_searches_line(figure, less) == (
        "With exactly the same search for both engines it brings less: a right first result in 86 "
        "of 100 instead of 81, which may be chance."
    )
    assert same_searches_line(figure, more).endswith("it helps: a right first result in 80 of 100 "
                                                     "instead of 60.")  # fmt: skip


@pytest.mark.parametrize(
    ("p", "verdict"), [(0.01, "a proven gain"), (0.2, "a difference that may be chance")]
)
def test_home_also_tells_the_difference_that_evaluate_tells(p: float, verdict: str) -> None:
    first = measured("p@1", BEFORE_AFTER, (0.81, 0.83), 0.375)
    ten = measured("ndcg@10", BEFORE_AFTER, (0.8432, 0.8801), p)
    engines = tuple(
        replace(entry, scores=entry.scores | more.scores)
        for entry, more in zip(first.engines, ten.engines, strict=True)
    )
    judged = replace(ten, engines=engines, tests=first.tests + ten.tests, main="ndcg@10")
    line = f"How well the first ten are ordered: 0.88 of 1 against 0.84, {verdict}."
    assert first_ten_line(judged) == line
    less = _headline(cast("Proof", SimpleNamespace(report=own())), judged).less
    assert less.endswith(f"83 of 100 instead of 81, which may be chance. {line}")
