"""Evaluations end to end over a real store; the models are small stand-ins."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from core.app.evaluating import EvaluationService
from core.app.evaluation_jobs import EvaluationJobs
from core.app.library import Library
from core.domain import (
    EvalQuery,
    JobState,
    JudgmentQuery,
    JudgmentSet,
    OnProgress,
    Pair,
    Progress,
    Ranking,
    Report,
    Rules,
)
from core.errors import EvaluationError, EvaluationStopped
from core.evaluation import measures, report_builder, report_html, trec
from core.evaluation.query_files import per_query
from core.ports.encoder import Encoder
from core.ports.engines import EngineModel

ENGINES = ("clip", "vl-clip")
CELLS = ("photo-title", "crop-title", "photo-rewrite", "crop-rewrite")
NAMED = ("title", "rewrite", "own", "similar", "same-type", "ablation", "attributes")


def figures(report: Report) -> Report:
    """Everything but clock and id."""
    return replace(report, report_id="", created="", seconds=0.0, encode_seconds=0.0)


def test_every_named_task_runs_and_is_the_same_twice(shop: SimpleNamespace) -> None:
    assert [task.name for task in shop.verbs.tasks("shop") if task.available] == list(NAMED)
    for name in NAMED:
        report = shop.verbs.run_task(name, ENGINES, "shop")
        assert figures(report) == figures(shop.verbs.run_task(name, ENGINES, "shop"))
        assert report.names() == (ENGINES if name != "ablation" else CELLS)
        assert all(0 <= s.value <= 1 for e in report.engines for s in e.scores.values())


def test_words_are_ranked_by_pictures_alone(shop: SimpleNamespace) -> None:
    honest = shop.verbs.run_task("title", ["clip"], "shop")
    leaking = shop.verbs.run_task("title", ["clip"], "shop", ranking=Ranking.VECTOR)
    assert honest.ranking is Ranking.IMAGE
    # The stand-in's words and pictures have nothing in common: only a leak can find anything.
    scores = [report.engines[0].scores["hits@5"] for report in (honest, leaking)]
    assert scores[0].high < scores[1].low
    assert "too good" in leaking.notes[0]


def test_measures_in_place_of_a_tasks_own(shop: SimpleNamespace) -> None:
    names = ["hits@3", "map"]
    report = shop.verbs.run_task("title", ["clip"], "shop", names=names)
    assert list(report.engines[0].scores) == names
    assert report.main in names
    with pytest.raises(EvaluationError, match="no measure “warp”"):
        shop.verbs.run_task("title", ["clip"], "shop", names=["warp"])
    for task in ("attributes", "ablation"):
        with pytest.raises(EvaluationError, match="measures of its own"):
            shop.verbs.run_task(task, ENGINES, "shop", names=names)


def test_figures_agree_with_ranks_worked_out_here(shop: SimpleNamespace) -> None:
    report = shop.verbs.run_task("title", ["clip"], "shop", depth=1000)
    ids, (pictures,) = shop.catalog.store.vectors("clip").columns("image_vector")
    titles = [shop.catalog.store.items.get(ids)[i].title for i in ids]
    scores = shop.models["clip"].encoder.encode_texts(titles) @ pictures.T
    places = [1 + int((row > row[i]).sum()) for i, row in enumerate(scores)]
    assert report.engines[0].scores["mrr"].value == pytest.approx(np.mean(1 / np.array(places)))
    assert {row.query_id: row.ranks["clip"] for row in report.rows} == dict(
        zip(ids, places, strict=True)
    )


def test_parts_with_enough_queries_have_intervals(shop: SimpleNamespace) -> None:
    report = shop.verbs.run_task("title", ENGINES, "shop")
    parts = [part for part in report.slices if part.kind == "department"]
    assert [(part.name, part.queries) for part in parts] == [("home", 40), ("garden", 20)]
    for part in report.slices:
        assert bool(part.scores) == (part.queries >= 10)
        for engine, score in part.scores.items():
            assert score.value == pytest.approx(part.values[engine])
            assert score.low <= score.value <= score.high
    rows = [replace(report.rows[0], label=f"type {n // 10}") for n in range(140)]
    types = [part for part in report_builder.slices(rows) if part.kind == "product type"]
    assert sum(bool(part.scores) for part in types) == 12 < len(types)


def test_given_queries(shop: SimpleNamespace) -> None:
    picture = shop.catalog.images.path(
        shop.catalog.store.items.get(["id-003"])["id-003"].photo.sha256
    )
    queries = [
        EvalQuery("words", "red chair 0"),
        EvalQuery("photo", image=picture),
        EvalQuery("like", item_id="id-003"),
        EvalQuery("unjudged", "lamp"),
    ]
    qrels = {"words": {"id-000": 3, "gone": 1}, "photo": {"id-003": 2}, "like": {"id-003": 1}}
    report = shop.verbs.evaluate(queries, qrels, ["clip"], "shop")
    assert report.queries == 3
    assert report.measures[0] == "ndcg@10"
    assert "judged@10" in report.measures
    rows = {row.query_id: row for row in report.rows}
    assert rows["photo"].ranks == {"clip": 1}
    assert rows["photo"].label == "chair"
    assert rows["like"].ranks == {}  # the item that is asked from is never an answer
    assert any("1 query has no relevant item and is left out" in note for note in report.notes)
    assert any("1 of 3 relevant" in note for note in report.notes)


def test_a_picture_is_read_once_for_engines_that_share_towers(shop: SimpleNamespace) -> None:
    picture = shop.catalog.images.path(
        shop.catalog.store.items.get(["id-003"])["id-003"].photo.sha256
    )
    encoder = shop.models["clip"].encoder
    before = encoder.pictures
    queries = [EvalQuery("a", image=picture), EvalQuery("b", image=picture.read_bytes())]
    qrels = {"a": {"id-003": 1}, "b": {"id-003": 1}}
    report = shop.verbs.evaluate(queries, qrels, ENGINES, "shop")
    assert encoder.pictures - before == 2
    assert report.engines[0].scores["hits@1"].value == 1.0


def test_a_run_from_elsewhere_beside_the_engines(shop: SimpleNamespace) -> None:
    perfect = {"q": [("id-007", 1.0)]}
    report = shop.verbs.evaluate(
        [EvalQuery("q", "anything")],
        {"q": {"id-007": 1}},
        ["clip"],
        "shop",
        runs={"oracle": perfect},
    )
    assert report.engines[1].scores["mrr"].value == 1.0
    assert report.engines[1].fingerprint == ""


def test_the_pages_ranking(shop: SimpleNamespace) -> None:
    queries, qrels = [EvalQuery("q", "red chair 0")], {"q": {"id-000": 1}}
    report = shop.verbs.evaluate(queries, qrels, ["clip"], "shop", ranking=Ranking.WORDS)
    assert report.engines[0].scores["hits@1"].value == 1.0


@pytest.mark.parametrize(
    ("queries", "qrels", "sentence"),
    [
        ([], {}, "no query"),
        ([EvalQuery("q", " ")], {"q": {"a": 1}}, "nothing to look for"),
        ([EvalQuery("q", "x")], {"other": {"a": 1}}, "query ids"),
        ([EvalQuery("q", "x")], {"q": {"a": 1}}, "None of the 1 relevant items"),
        ([EvalQuery("q", item_id="gone")], {"q": {"id-001": 1}}, "no vectors"),
        ([EvalQuery("q", image=b"not a picture")], {"q": {"id-001": 1}}, "The picture of “q”"),
    ],
)
def test_bad_input_is_a_sentence(
    shop: SimpleNamespace, queries: list, qrels: dict, sentence: str
) -> None:
    with pytest.raises(EvaluationError, match=sentence):
        shop.verbs.evaluate(queries, qrels, ["clip"], "shop")
    with pytest.raises(EvaluationError, match="no task"):
        shop.verbs.run_task("warp", ["clip"], "shop")
    for task in ("title", "attributes", "ablation"):
        with pytest.raises(EvaluationError, match="at least one engine"):
            shop.verbs.run_task(task, [], "shop")


@pytest.mark.parametrize("task", ["title", "attributes", "ablation"])
def test_an_evaluation_stops_where_it_says_how_far_it_is(shop: SimpleNamespace, task: str) -> None:
    seen: list[Progress] = []
    jobs = shop.verbs.jobs

    def watch(progress: Progress) -> None:
        assert 0 <= progress.done <= progress.total
        seen.append(progress)
        if len(seen) == 2:  # the first is there before anything is done
            assert (
                EvaluationJobs(jobs._root.parent).file("shop", task).stop()
            )  # as another process would

    def run(on_progress: OnProgress) -> Report:
        return jobs.run(
            "shop", task, len(ENGINES),
            lambda tell: shop.verbs.run_task(task, ENGINES, "shop", on_progress=tell),
            author="ada", on_progress=on_progress,
        )  # fmt: skip

    with pytest.raises(EvaluationStopped, match="Nothing was stored"):
        run(watch)
    assert len(seen) == 2
    assert seen[0].total == len(ENGINES)
    assert seen[0].seconds_left is not None
    (stopped,) = jobs.of("shop")
    assert (stopped.state, stopped.subject, stopped.author) == (JobState.STOPPED, task, "ada")
    assert not jobs.file("shop", task).stop()
    run(lambda progress: None)
    assert jobs.of("shop") == ()


def test_a_second_evaluation_of_a_task_is_refused_and_another_is_not(
    shop: SimpleNamespace,
) -> None:
    jobs = shop.verbs.jobs

    def second(tell: OnProgress) -> Report:
        with pytest.raises(EvaluationError, match="already"):
            jobs.run("shop", "title", 1, lambda tell: None)
        jobs.run("shop", "similar", 1, lambda tell: None)
        raise EvaluationError("<b>It broke.</b>")

    with pytest.raises(EvaluationError, match="broke"):
        jobs.run("shop", "title", 1, second)
    (failed,) = EvaluationJobs(jobs._root.parent).of("shop")
    assert (failed.state, failed.message) == (JobState.FAILED, "<b>It broke.</b>")
    jobs.dismiss("shop")
    assert jobs.of("shop") == ()
    assert jobs.of("../../etc") == ()


def test_attributes_against_majority_and_chance(shop: SimpleNamespace) -> None:
    report = shop.verbs.run_task("attributes", ["clip"], "shop")
    assert report.measures == ("accuracy",)
    (colour,) = report.slices
    assert (colour.name, colour.queries) == ("colour", 60)
    assert colour.baselines == pytest.approx({"majority": 1 / 10, "chance": 1 / 10})


def test_reports_are_kept_and_shown(shop: SimpleNamespace) -> None:
    report = shop.verbs.run_task("title", ENGINES, "shop")
    shop.verbs.reports.add(report)
    assert shop.verbs.reports.ids()[0] == report.report_id
    assert shop.verbs.reports.get(report.report_id) == report
    assert shop.verbs.latest("shop", ENGINES) == report
    assert shop.verbs.latest("sho", ENGINES) is None
    assert len(report_html.verdicts(report)) == 1
    page = shop.verbs.html(report)
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")
    for text in ("VL-CLIP", "nDCG@10", "95 % interval"):
        assert text in page
    old = tuple(replace(entry, fingerprint="old") for entry in report.engines)
    shop.verbs.reports.add(replace(report, engines=old))
    assert shop.verbs.latest("shop", ENGINES) is None, "figures of engines that are no more"
    shop.verbs.reports.remove(report.report_id)
    for name in (report.report_id, "../../etc/passwd"):
        with pytest.raises(EvaluationError):
            shop.verbs.reports.get(name)


def test_untrusted_texts_are_escaped(shop: SimpleNamespace) -> None:
    hostile = "<script>alert(1)</script>"
    queries = [EvalQuery("a", hostile), EvalQuery("b", "x")]
    qrels = {"a": {"id-000": 1}, "b": {"id-001": 1}}
    lost = {"a": [("id-009", 1.0)], "b": [("id-001", 1.0)]}
    report = shop.verbs.evaluate(
        queries, qrels, ["clip"], "shop", title=hostile, runs={"other": lost}
    )
    shown = report_html.fragment(report, {}, lambda item: "", lambda row: "/compare?q=x")
    assert hostile not in shown
    assert "&lt;script&gt;" in shown


def test_a_query_opens_its_first_results_side_by_side(shop: SimpleNamespace) -> None:
    """Also in the file that is sent around, where nothing else can be asked."""
    report = shop.verbs.run_task("title", ENGINES, "shop")
    row = report.rows[0]
    assert {engine: len(hits) for engine, hits in row.found.items()} == dict.fromkeys(ENGINES, 5)
    for row in report.rows:
        for engine, hits in row.found.items():
            places = [place for place, (_, right) in enumerate(hits, start=1) if right]
            assert places[:1] == [row.ranks[engine]] * (row.ranks[engine] <= 5)
    page = shop.verbs.html(report)
    assert "First results side by side" in page
    assert page.count("<img") > 16 * 5
    bare = replace(report, rows=tuple(replace(row, found={}) for row in report.rows))
    assert "side by side" not in shop.verbs.html(bare), "reports that were stored before"


def test_every_query_as_a_table(shop: SimpleNamespace) -> None:
    report = shop.verbs.run_task("title", ENGINES, "shop")
    rows = list(csv.DictReader(io.StringIO(per_query(report))))
    assert [row["query_id"] for row in rows] == [row.query_id for row in report.rows]
    for entry in report.engines:
        values = [float(row[f"{entry.engine} mrr"]) for row in rows]
        assert np.mean(values) == pytest.approx(entry.scores["mrr"].value, abs=1e-5)
        for row, value in zip(rows, values, strict=True):
            assert value == pytest.approx(1 / int(row[f"{entry.engine} rank"]), abs=1e-5)


def test_a_title_is_no_formula_in_that_table(shop: SimpleNamespace) -> None:
    report = shop.verbs.run_task("title", ENGINES, "shop")
    hostile = replace(report.rows[0], text='=HYPERLINK("http://evil.example")')
    (row,) = csv.DictReader(io.StringIO(per_query(replace(report, rows=(hostile,)))))
    assert row["text"] == "'" + hostile.text


def test_runs_and_judgments_of_a_task_can_be_measured_again(
    shop: SimpleNamespace, tmp_path: Path
) -> None:
    for task, name in (("title", "clip"), ("ablation", "crop-rewrite")):
        report = shop.verbs.run_task(task, ENGINES, "shop", runs_out=tmp_path)
        run, qrels = (
            trec.read_run(tmp_path / f"{name}.run"),
            trec.read_qrels(tmp_path / "qrels.txt"),
        )
        again = measures.per_query(run, qrels, ["mrr", "hits@5"])
        scores = next(entry.scores for entry in report.engines if entry.engine == name)
        for measure, values in again.items():
            assert np.mean(list(values.values())) == pytest.approx(scores[measure].value)
    with pytest.raises(EvaluationError, match="no rankings"):
        shop.verbs.run_task("attributes", ENGINES, "shop", runs_out=tmp_path)
    with pytest.raises(EvaluationError, match="picture vectors alone"):
        shop.verbs.run_task("ablation", ENGINES, "shop", ranking=Ranking.WORDS)


class _ReadsQueriesApart:
    """An encoder of several languages, which reads queries in another way than titles."""

    languages = ("en",)

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.queries: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._encoder, name)

    def language_of(self, text: str) -> str:
        return "en"

    def encode_texts(self, texts: Sequence[str]) -> Any:
        raise AssertionError("queries are read as titles")

    def encode_queries(self, texts: Sequence[str], language: str = "") -> Any:
        self.queries |= set(texts)
        return self._encoder.encode_texts(texts)


@pytest.mark.parametrize("task", ["title", "ablation"])
def test_an_evaluation_reads_queries_as_a_search_does(shop: SimpleNamespace, task: str) -> None:
    models = shop.models.values()
    encoders = {model.name: _ReadsQueriesApart(model.encoder) for model in models}
    apart = {model.name: EngineModel(model.engine, encoders[model.name]) for model in models}
    pool: Any = SimpleNamespace(engine=apart.__getitem__)
    report = EvaluationService(Library(shop.settings), pool, shop.settings).run_task(
        task, ENGINES, "shop"
    )
    assert figures(report) == figures(shop.verbs.run_task(task, ENGINES, "shop"))
    assert any(encoder.queries for encoder in encoders.values())


def test_a_picture_as_query_is_shown_before_what_is_right(shop: SimpleNamespace) -> None:
    """Without it, the right item's photo looks like the query."""
    own = shop.catalog.store.items.get(["id-003"])["id-003"].photo.sha256
    asked = JudgmentQuery("photo", picture=own)
    made = JudgmentSet(
        "set-1", "Set", Rules(), ENGINES, 10, (Pair(asked, "id-001"),), datetime.now(UTC)
    )
    shop.catalog.judgment_queue.sets.add(made)
    queries = [EvalQuery("photo", image=shop.catalog.images.path(own)), EvalQuery("words", "x")]
    qrels = {"photo": {"id-001": 1}, "words": {"id-002": 1}}
    runs = {"other": {"photo": [("id-001", 1.0)], "words": [("id-002", 1.0)]}}
    report = shop.verbs.evaluate(queries, qrels, ["clip"], "shop", task=made.set_id, runs=runs)

    shown = shop.verbs.fragment(
        report, lambda item: f"/item/{item.item_id}", lambda row: "", lambda sha: f"/own/{sha}"
    )
    figures = re.findall(r'<figure><img src="([^"]+)".*?<figcaption>(\w+)</figcaption>', shown)
    place = figures.index((f"/own/{own}", "asked"))
    assert figures[place + 1] == ("/item/id-001", "right")
    assert "<figcaption>asked</figcaption>" in shop.verbs.html(report)
    elsewhere = replace(report, task="a set that is gone")
    assert "asked</figcaption>" not in shop.verbs.html(elsewhere)
