"""What clicks say beyond their experiment, from a stored log to a judgment set of its own."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
import typer
from typer.testing import CliRunner

from core.app.click_estimates import ClickEstimates
from core.app.labels import LabelService
from core.app.library import Library
from core.app.studio import Studio
from core.cli.experiment_checks import register
from core.domain import Item, Photo
from core.errors import ExperimentError
from core.experiments.behaviour_events import SCHEMA
from core.experiments.list_file import read_lists
from core.experiments.simulation import Visits, simulate
from core.judging.sets import CLICK_SETS
from core.settings import Settings, load_settings
from core.store.items import ItemRecord
from tests.core.experiments.small_market import experiment, market

ASKED = market(queries=12)
VISITS = Visits(visitors=5000, model="position", spread=0.3)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A catalogue with the market's items, and the stored log of an A/B test over them."""
    settings = load_settings(data_dir=tmp_path_factory.mktemp("clicks") / "data")
    ids = {item for query in ASKED.queries for item in query.grades}
    photo = Photo("a" * 64, 10, 10, "0" * 16)
    records = [ItemRecord(Item(name, "Lamp", photo), f"row {name}") for name in sorted(ids)]
    Library(settings).create("shop").store.items.upsert(records[1:])
    studio = Studio(settings)
    ab = replace(experiment(), catalog="shop")
    studio.experiments.store.add(ab)
    studio.experiments.log.append_rows(_rows(simulate(ab, ASKED, VISITS)))
    return settings


@pytest.fixture
def clicks(settings: Settings) -> ClickEstimates:
    return Studio(settings).clicks


def _rows(log: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(log, schema=SCHEMA, preserve_index=False)


def test_a_variant_is_estimated_from_the_log_of_the_other(clicks: ClickEstimates) -> None:
    estimated = clicks.replay(variant="good", logged="plain")
    assert (estimated.engine, estimated.depth, estimated.queries) == ("good", 5, 12)
    own = clicks.replay(variant="good", logged="good")
    doubly_robust = estimated.estimates[2]
    assert doubly_robust.low < own.logged_ctr < doubly_robust.high
    lists = {query.text: query.rankings["good"] for query in ASKED.queries}
    assert clicks.replay(lists=lists, logged="plain").estimates == estimated.estimates


def test_one_kind_of_lists_is_needed(clicks: ClickEstimates) -> None:
    for lists in ({}, {"variant": "good", "engine": "clip"}):
        with pytest.raises(ExperimentError, match="Say which lists"):
            clicks.replay(**lists)  # type: ignore[arg-type]


def test_grades_from_clicks_are_a_set_of_their_own(
    clicks: ClickEstimates, settings: Settings
) -> None:
    made = clicks.to_judgments(fewest_looks=80)
    assert made.set_id.startswith(CLICK_SETS)
    assert made.new == made.labels > 50
    assert (made.queries, made.left_out) == (12, 1)
    assert sum(made.by_grade.values()) == made.labels
    library = Library(settings)
    queue = library.get("shop").judgment_queue
    stored = queue.sets.get(made.set_id)
    graded = LabelService(library).labels(made.set_id, catalog="shop")
    assert len(graded) == made.labels
    assert {event.annotator for event in queue.current(made.set_id)} == {"clicks:lists"}
    assert "of those who looked" in queue.current(made.set_id)[0].note
    # Items that people would grade higher attract more.
    words = {query.query_id: query.text for query in stored.queries}
    truth = {query.text: query.grades for query in ASKED.queries}
    means = [
        sum(values) / len(values)
        for grade in (0, 3)
        if (values := [truth[words[q]][i] for (q, i), x in graded.items() if x.grade == grade])
    ]
    assert means[0] + 0.3 < means[-1]


def test_a_second_time_only_what_changed_is_new_and_no_default(
    clicks: ClickEstimates, settings: Settings
) -> None:
    first = clicks.to_judgments(fewest_looks=80)
    again = clicks.to_judgments(fewest_looks=80)
    assert (again.set_id, again.labels, again.new) == (first.set_id, first.labels, 0)
    other = clicks.to_judgments(fewest_looks=80, cuts=(0.02, 0.1, 0.23))
    assert 0 < other.new < other.labels
    sets = Library(settings).get("shop").judgment_queue.sets
    people = replace(sets.get(first.set_id), set_id="people", created=sets.all()[0].created)
    sets.add(replace(people, created=people.created.replace(year=2020)))
    assert [made.set_id for made in sets.all()] == ["people", first.set_id]


def test_commands_tell_the_same(settings: Settings, clicks: ClickEstimates) -> None:
    def output(*words: str) -> str:
        app = typer.Typer()
        register(app)
        done = CliRunner().invoke(app, list(words), obj=settings)
        assert done.exit_code == 0, done.output
        return done.stdout

    places = json.loads(output("bias", "lists", "--json"))["places"]
    assert [place["looks"] for place in places] == [p.looks for p in clicks.bias().places]
    assert "Place 2: looked at 0." in output("bias")
    assert "CTR@5 of good by the doubly robust estimate (DR): 0." in output(
        "replay", "--variant", "good", "--logged", "plain"
    )
    assert "It is a set of its own" in output("grades", "--looks", "90")


def test_lists_come_from_a_table(
    settings: Settings, tmp_path: Path, clicks: ClickEstimates
) -> None:

    rows = [
        f"{query.text},{item},{place}"
        for query in ASKED.queries
        for place, item in reversed(list(enumerate(query.rankings["good"], 1)))
    ]
    (tmp_path / "lists.csv").write_text("\n".join(["query,item_id,position", *rows]))
    lists = read_lists(tmp_path / "lists.csv")
    assert lists == {query.text: list(query.rankings["good"]) for query in ASKED.queries}
    (tmp_path / "wrong.csv").write_text("colour,size\nred,1\n")
    with pytest.raises(ExperimentError, match="no column for “query”"):
        read_lists(tmp_path / "wrong.csv")
