"""Home's one figure is that of the report, with what the same searches bring below it."""

from __future__ import annotations

from dataclasses import replace

from core.app.demo_measures import BEFORE_AFTER
from core.domain import EngineScores, PairedTest, Report, Score
from tests.ui.components.test_proof import report
from ui.components.first_right import same_searches_line, with_own_texts, with_same_searches
from ui.components.proof import BOTH, NEITHER


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
