from __future__ import annotations

from dataclasses import replace

from core.domain import NO_PHOTO, EvalQuery, Item, PairedTest, QueryRow, Ranking, Report, Score
from core.evaluation.report_builder import EngineRun, Frame, report
from core.evaluation.report_html import fragment, said_p, verdicts

ITEMS = {name: Item(name, f"Item {name}", NO_PHOTO) for name in "abc"}
QRELS = {"q1": {"a": 1, "b": 2, "c": 3}}


def made(*runs: str, has_grades: bool = True) -> Report:
    """Measure engines that return single letters as items, from grade 2 on."""
    frame = Frame(
        "shop", "set-1", "Set", Ranking.WORDS, 10, 3, ("ndcg@10", "p@1", "err@10"), "ndcg@10", (),
        relevant_from=2, highest=3, has_grades=has_grades,
    )  # fmt: skip
    engines = [
        EngineRun(name, name.upper(), "f", {"q1": [(item, 1.0) for item in order]})
        for name, order in zip("xyz", runs, strict=False)
    ]
    return report(frame, [EvalQuery("q1", "lamp")], QRELS, engines, ITEMS)


def test_what_is_shown_as_right_follows_the_threshold() -> None:
    built = made("abc", "cba")
    (row,) = built.rows
    assert row.relevant == ("c", "b")  # not a, whose grade is 1
    assert row.ranks == {"x": 2, "y": 1}
    assert row.found["x"] == (("a", False), ("b", True), ("c", True))
    html = fragment(built, ITEMS, lambda item: "", lambda row: "")
    assert "Right items are those with a grade of 2 or more." in html
    plain = fragment(made("abc", has_grades=False), ITEMS, lambda item: "", lambda row: "")
    assert "Right items are those" not in plain


def test_the_largest_loss_shows_the_measure_that_lost() -> None:
    """Both engines have a right item first; only the order behind it is worse."""
    built = made("cba", "bca")
    html = fragment(built, ITEMS, lambda item: "", lambda row: "")
    assert "X #1 → <strong>Y #1</strong> · score 1.00 → <strong>0.9" in html
    assert "it counts every graded item among the first, not only the first right one." in html


def test_a_picture_as_query_is_named_by_its_product_type() -> None:
    built = made("cba", "bca")
    row = replace(built.rows[0], query_id="photo-12", text="", has_image=True, label="jug")

    def said(row: QueryRow) -> str:
        return fragment(replace(built, rows=(row,)), ITEMS, lambda item: "", lambda row: "")

    assert 'title="photo-12">A photo: jug<' in said(row)
    assert ">A photo: photo-12<" in said(replace(row, label=""))


def test_p_is_called_corrected_wherever_several_were_tested() -> None:
    tests = tuple(
        PairedTest(measure, first, second, Score(0.1), p, p)
        for measure, first, second, p in (
            ("ndcg@10", "x", "y", 0.4), ("ndcg@10", "x", "z", 0.4), ("p@1", "x", "y", 0.2),
        )
    )  # fmt: skip
    assert said_p(tests[0], tests, "ndcg@10") == "corrected p = 0.400"  # equal, and yet corrected
    assert said_p(tests[2], tests, "ndcg@10") == "p = 0.200"
    assert said_p(replace(tests[2], corrected=0.3), tests, "ndcg@10") == "corrected p = 0.300"
    built = replace(made("abc", "cba", "bac"), tests=tests)
    said = verdicts(built)
    assert len(said) == 2  # of the main measure
    assert all("(corrected p" in sentence for sentence in said)
