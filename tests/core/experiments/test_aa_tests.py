"""A/A tests: random splits of a log give false alarms as often as they should."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from core.errors import ExperimentError
from core.experiments.aa_tests import moments_of, run_aa_tests
from core.experiments.model import Experiment, Variant
from tests.core.experiments.made_logs import AB, log

ANY = Experiment("any", "Any", variants=(Variant("1"), Variant("2")))


@pytest.fixture(scope="module")
def frame() -> pa.Table:
    return log(800, click_lift=0.3, past=True)


def test_a_valid_metric_gives_five_percent_though_its_variants_differ(frame: pa.Table):
    tested = run_aa_tests(replace(AB, metrics=("ctr", "conversion")), frame, 400)
    assert (tested.units, tested.splits) == (800, 400)
    assert [alarms.metric for alarms in tested.metrics] == ["ctr", "conversion"]
    for alarms in tested.metrics:
        assert alarms.splits == 400
        assert alarms.low < 0.05 < alarms.high
        assert alarms.alarms / 400 == alarms.share
        assert not alarms.off
    assert tested.sentence == "2 metrics of 2 give 5 % false alarms within chance."


def test_a_log_without_variants_is_split_too(frame: pa.Table):
    plain = frame.drop_columns(["experiment", "variant"])
    tested = run_aa_tests(replace(ANY, metrics=("ctr",)), plain, 60)
    assert tested.units == 800
    assert tested.metrics[0].splits == 60


def test_one_huge_order_is_named_as_the_metric_that_is_off(frame: pa.Table):
    """One order of a million decides each split, so the test never sees a difference."""
    amounts = frame["amount"].to_numpy(zero_copy_only=False).copy()
    bought = np.array(frame["kind"].to_pylist()) == "purchase"
    amounts[np.flatnonzero(bought)[-1]] = 1e6
    huge = frame.set_column(
        frame.schema.get_field_index("amount"), "amount", pa.array(amounts, from_pandas=True)
    )
    tested = run_aa_tests(replace(AB, metrics=("ctr", "gmv")), huge, 400)
    alarms = {entry.metric: entry for entry in tested.metrics}
    assert alarms["gmv"].off == "seldom"
    assert not alarms["ctr"].off
    assert "The intervals of Gross merchandise value (" in tested.sentence
    capped = run_aa_tests(replace(AB, metrics=("gmv",), cap=0.99), huge, 400)
    assert not capped.metrics[0].off


def test_moments_are_means_and_covariances():
    units = np.array([[1.0, 2.0], [3.0, 2.0], [5.0, 8.0]])
    moments = moments_of(units, ("b", "a"))
    assert (moments.count, moments.means) == (3, {"b": 3.0, "a": 4.0})
    # By hand: deviations −2, 0, 2 and −2, −2, 4.
    assert moments.covariances == {("a", "a"): 12.0, ("a", "b"): 6.0, ("b", "b"): 4.0}


def test_too_few_visitors_or_splits_are_sentences(frame: pa.Table):
    with pytest.raises(ExperimentError, match="100 visitors"):
        run_aa_tests(AB, log(20), 20)
    with pytest.raises(ExperimentError, match="20 to 100,000"):
        run_aa_tests(AB, frame, 3)
