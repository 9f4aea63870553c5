"""Engines graded by the model: queries in words and items, precision, agreement, nothing twice."""

from __future__ import annotations

import pytest

from core.cli.evaluate import judged_lines
from core.errors import JudgmentError
from core.evaluation.verbs import EvaluationVerbs
from core.judging.sources import QuerySource
from core.judging.verbs import JudgingVerbs
from core.language.assess import AssessVerbs, agreement
from core.language.limits import JobLimits
from tests.core.language.shop import Shop


def verbs(shop: Shop) -> AssessVerbs:
    room = shop.room
    by_name = {model.name: model for model in room.bench.models.engines}
    room.engine = by_name.__getitem__  # type: ignore[attr-defined]
    settings = shop.verbs._settings
    evaluation = EvaluationVerbs(shop.library, room, settings)  # type: ignore[arg-type]
    judging = JudgingVerbs(shop.library, room, settings, evaluation)  # type: ignore[arg-type]
    return AssessVerbs(shop.library, room, judging)  # type: ignore[arg-type]


def test_words_and_items_are_graded_once_for_all_engines(shop: Shop) -> None:
    item_id = next(iter(shop.texts()))
    source = QuerySource(lines=f"chair\nitem:{item_id}")
    limits = JobLimits(concurrency=2)
    made = verbs(shop).assess(["clip", "vl-clip"], limits, source=source, catalog="shop")
    assert made.queries == 2
    assert made.precision["clip"] == {1: 1.0, 3: 1.0, 5: 1.0}
    assert {grade.reason for grade in made.report.grades.values()} == {"It fits."}
    asked = len(shop.server.questions)
    assert asked == len(made.report.grades) <= 11  # 6 items for the words, 5 others for the item
    again = verbs(shop.again()).assess(["clip", "vl-clip"], limits, source=source, catalog="shop")
    assert again.precision == made.precision
    assert len(shop.server.questions) == asked
    assert again.report.spent.dollars == 0
    latest, first = verbs(shop).records("shop")
    assert latest.precision == first.precision == {
        engine: {"1": 1.0, "3": 1.0, "5": 1.0} for engine in ("clip", "vl-clip")
    }  # fmt: skip
    assert (first.model, first.about) == ("claude-test", "1 in words, 1 by photo")
    said = judged_lines([first])
    assert "  clip: P@1 1.000, P@3 1.000, P@5 1.000" in said
    with (shop.catalog.store.root / "judge.jsonl").open("a") as file:
        file.write('{"half')
    assert len(verbs(shop).records("shop")) == 2


def test_without_queries_it_says_what_is_missing(shop: Shop) -> None:
    with pytest.raises(JudgmentError, match="Give queries"):
        verbs(shop).assess(["clip"], JobLimits(), catalog="shop")
    assert not shop.server.questions


def test_agreement_takes_chance_off() -> None:
    assert agreement([]) == (None, None)
    assert agreement([(3, 3), (3, 3)]) == (1.0, None)
    assert agreement([(3, 3), (0, 0), (2, 2)]) == (1.0, 1.0)
    same, kappa = agreement([(3, 0), (0, 3)])
    assert same == 0
    assert kappa == -1
