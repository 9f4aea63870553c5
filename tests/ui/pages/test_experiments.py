"""The page Experiments: states, roles, what is hidden, and files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pyarrow as pa
import pytest

from core.app.experiment_results import ExperimentResults
from core.app.studio import Studio
from core.errors import AccessDenied, ExperimentError
from core.experiments.model import Experiment, ExperimentKind, ExperimentStatus, Variant
from core.experiments.simulation import Visits, simulate
from core.people import People, Role
from core.settings import load_settings
from tests.core.app.test_experiment_results import rows
from tests.core.experiments.made_logs import AB, START, log
from tests.core.experiments.small_market import experiment, market
from tests.ui.security.served import run_app
from ui.components.experiment_form import FormValues, PlannedVisitors, ab_fields, experiment_of
from ui.components.experiment_view import example_html, experiment_html, list_html
from ui.web_app import build_app, build_pages

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    made = Studio(load_settings(data_dir=tmp_path / "data", profile="compact"))
    made.experiments.create(AB)
    return made


def stored(studio: Studio, **changes: Any) -> None:
    studio.experiments.store.change("ab", lambda e: replace(e, **changes))
    studio.__dict__["experiment_results"] = ExperimentResults(studio.experiments)


def test_without_experiments_the_list_says_how_to_begin(tmp_path: Path) -> None:
    empty = Studio(load_settings(data_dir=tmp_path))
    html = list_html(empty, None)
    assert "No experiment yet." in html
    assert 'href="/experiments?example=interleaving"' in html


def test_the_list_has_state_days_and_visitors_and_escapes_names(studio: Studio) -> None:
    stored(studio, name=HOSTILE)
    assert "not started" in list_html(studio, None)
    studio.experiments.log.append_rows(rows())
    studio.__dict__["experiment_results"] = ExperimentResults(studio.experiments)
    html = list_html(studio, None, "ab")
    assert HOSTILE not in html
    assert "from a log" in html
    assert "<td>200</td>" in html
    assert 'aria-current="true"' in html


def test_each_state_without_events_says_what_to_do(studio: Studio) -> None:
    for status, said in (
        (ExperimentStatus.DRAFT, "It has not started."),
        (ExperimentStatus.RUNNING, "waits for the first event"),
        (ExperimentStatus.STOPPED, "It ended without an event."),
    ):
        stored(studio, status=status)
        assert said in experiment_html(studio, None, "ab")


def test_a_running_experiment_shows_health_and_no_lift(studio: Studio) -> None:
    studio.experiments.log.append_rows(rows())
    stored(studio, status=ExperimentStatus.RUNNING, planned=800)
    html = experiment_html(studio, None, "ab")
    assert "xr-chart" not in html
    assert "95 % interval" not in html
    assert "Lifts are shown when it has ended" in html
    assert 'aria-valuenow="25"' in html
    assert "200 of 800 visitors" in html
    assert "Sample ratio" in html
    stored(studio, sequential=True)
    assert "xr-chart" in experiment_html(studio, None, "ab")


def test_a_wrong_split_is_said_while_it_runs(studio: Studio) -> None:
    table = log(3000, loss=0.4)
    studio.experiments.log.append_rows(rows(table=table))
    stored(studio, status=ExperimentStatus.RUNNING)
    html = experiment_html(studio, None, "ab")
    assert "There is no verdict: the units do not split as planned" in html
    assert "device “mobile”" in html
    assert "Wrong." in html


def test_what_can_not_be_read_is_a_sentence(studio: Studio) -> None:
    with pytest.raises(ExperimentError, match="no experiment “nope”"):
        experiment_html(studio, None, "nope")
    studio.experiments.log.append_rows(rows())
    stored(studio, variants=(Variant("x"), Variant("y")))
    assert 'role="alert"' in experiment_html(studio, None, "ab")
    with pytest.raises(ExperimentError, match="no example “nope”"):
        example_html(studio, None, "nope")
    with pytest.raises(ExperimentError, match="needs the demo"):
        example_html(studio, None, "ab")


def test_the_form_makes_the_experiment_that_it_shows(studio: Studio) -> None:
    given = FormValues(
        "CLIP & more", "ab", "demo", ["clip", "vl-clip"], "ctr", 50.0, True, "clip=3",
        "device=mobile, device=tablet", 10, ["abandonment"], 99, 900,
    )  # fmt: skip
    made = experiment_of(studio, given)
    assert made == Experiment(
        "clip-more", "CLIP & more", "demo", ExperimentKind.AB,
        (Variant("clip", "clip", 3.0), Variant("vl-clip", "vl-clip")), salt="clip-more",
        traffic=0.5, holdout=0.1, filters={"device": ("mobile", "tablet")}, primary="ctr",
        guardrails=("abandonment",), sequential=True, cap=0.99, planned=900,
    )  # fmt: skip
    studio.experiments.create(made)
    html = experiment_html(studio, None, made.id)
    for said in (
        "clip 75\u00a0%", "device is mobile or tablet", "10\u00a0% of all visitors",
        "largest 1\u00a0%",
    ):  # fmt: skip
        assert said in html, said
    wrong: tuple[tuple[dict[str, Any], str], ...] = (
        ({"name": " "}, "a name"), ({"catalog": None}, "catalogue"),
        ({"engines": ["clip"]}, "two engines"), ({"engines": ["clip", HOSTILE]}, "can't answer"),
        ({"weights": "clop=2"}, "no variant “clop”"), ({"weights": "clip=0"}, "above 0"),
        ({"weights": "clip=many"}, "numbers"), ({"only": "mobile"}, "not NAME=VALUE"),
        ({"cap": 200}, "cap"),
    )  # fmt: skip
    for change, said in wrong:
        with pytest.raises(ExperimentError, match=said):
            experiment_of(studio, replace(given, **change))


def test_interleaving_takes_nothing_that_would_have_no_effect(studio: Studio) -> None:
    given = FormValues(
        "Mix", "interleaving", "demo", ["clip", "vl-clip"], "ctr", 100, True, "clip=3", "", 5,
        ["abandonment"], 99,
    )  # fmt: skip
    made = experiment_of(studio, given)  # these fields are not shown then
    assert (made.primary, made.cap, {v.weight for v in made.variants}) == ("", 1.0, {1.0})
    assert made.sequential
    assert [update["visible"] for update in ab_fields("interleaving")] == [False] * 4
    studio.experiments.create(made)
    for change in (
        {"primary": "ctr"}, {"cap": 0.9}, {"guardrails": ("ctr",)},
        {"variants": (Variant("clip", "clip", 2), Variant("vl-clip"))},
    ):  # fmt: skip
        with pytest.raises(ExperimentError, match="Interleaving mixes its variants evenly"):
            studio.experiments.create(replace(made, id="other", **change))  # type: ignore[arg-type]


def test_a_plan_counts_only_for_the_fields_that_it_was_made_for(studio: Studio) -> None:
    fields = ("ab", "demo", ["clip", "vl-clip"], "ctr", 100)
    plan = PlannedVisitors(("ab", "demo", ("clip", "vl-clip"), "ctr", 100), 4800)
    more: tuple[Any, ...] = (None, None, 0, ["abandonment"], 100)
    create = next(
        fn.fn for fn in build_pages(studio).fns.values() if fn.name == "create_experiment"
    )
    assert plan.for_fields(*fields) == 4800
    for place, value in ((0, "interleaving"), (1, "shoes"), (2, ["clip", "x"]), (4, 50)):
        changed = [*fields[:place], value, *fields[place + 1 :]]
        assert plan.for_fields(*changed) == 0  # type: ignore[arg-type]
    create("As planned", *fields, False, *more, plan, None)
    create("Another share", *fields[:4], 50, False, *more, plan, None)
    create("Without a plan", *fields, False, *more, None, None)
    assert [
        studio.experiments.get(name).planned
        for name in ("as-planned", "another-share", "without-a-plan")
    ] == [4800, 0, 0]


def test_a_viewer_looks_and_runs_nothing(studio: Studio, tmp_path: Path) -> None:
    studio.people = People(tmp_path / "users.json")
    studio.people.add("vera", Role.VIEWER, "long enough")
    request: Any = SimpleNamespace(username="vera")
    studio.experiments.log.append_rows(rows())
    html = experiment_html(studio, request, "ab")
    assert "one HTML file" in html
    assert "its events as CSV" not in html
    acts = {fn.name: fn.fn for fn in build_pages(studio).fns.values()}
    for name in ("start_experiment", "stop_experiment", "simulate_week"):
        assert "Sign in first." in acts[name]("ab", request)[-1]  # called without a session
    assert studio.experiments.get("ab").status is ExperimentStatus.DRAFT


def test_an_annotator_sees_no_figures_while_a_set_is_open(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rates of a simulated week tell, grade by grade, where an engine has a pair."""
    studio.people = People(tmp_path / "users.json", "X-User")
    studio.people.add("ann", Role.ANNOTATOR, "long enough")
    studio.people.add("meg", Role.MERCHANDISER, "long enough")
    mixed = simulate(experiment("interleaving"), market(), Visits(visitors=200))
    made = replace(experiment("interleaving"), id="mix", catalog="demo")
    studio.experiments.create(made)
    mixed["experiment"] = "mix"
    studio.experiments.log.append_rows(
        rows(table=pa.Table.from_pandas(mixed, preserve_index=False))
    )
    monkeypatch.setattr(type(studio.judging), "hides_engines", lambda *_: True)
    example = cast("Any", SimpleNamespace(username="ann"))
    with pytest.raises(AccessDenied, match="is not finished"):
        example_html(studio, example, "ab")
    with run_app(build_app(studio)) as url:
        for name, sees in (("ann", False), ("meg", True)):
            html = experiment_html(studio, cast("Any", SimpleNamespace(username=name)), "mix")
            assert ("By clicks" in html) is sees, name
            assert ("A judgment set of this catalogue is not finished" in html) is not sees, name
            ask = {"headers": {"X-User": name}}
            file = httpx.get(f"{url}/media/experiment?experiment=mix", **ask)  # type: ignore[arg-type]
            assert file.status_code == (200 if sees else 403), name
        for word in ("ab", "interleaving"):
            shown = httpx.get(f"{url}/media/experiment?example={word}", headers={"X-User": "ann"})
            assert shown.status_code == 403


def test_files_are_served_and_a_running_experiment_gives_no_report(studio: Studio) -> None:
    studio.experiments.log.append_rows(rows())
    with run_app(build_app(studio)) as url:

        def got(**query: str) -> httpx.Response:
            return httpx.get(f"{url}/media/experiment", params=query)

        report = got(experiment="ab")
        assert report.status_code == 200
        assert "attachment" in report.headers["content-disposition"]
        assert "A against B" in report.text
        events = got(experiment="ab", **{"as": "csv"})
        assert events.text.startswith("event_id,")
        assert got(experiment="../ab").status_code == 404
        assert got(experiment="ab", **{"as": "exe"}).status_code == 404
        stored(studio, status=ExperimentStatus.RUNNING, started=START)
        assert got(experiment="ab").status_code == 409


def test_events_are_no_viewers_file(studio: Studio, tmp_path: Path) -> None:
    studio.experiments.log.append_rows(rows())
    studio.people = People(tmp_path / "none.json", "X-User")
    with run_app(build_app(studio)) as url:
        query = {"experiment": "ab", "as": "csv"}
        asked = httpx.get(f"{url}/media/experiment", params=query, headers={"X-User": "vera"})
        assert asked.status_code == 403
        assert "merchandiser" in asked.text
