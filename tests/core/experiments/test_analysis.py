from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from core.errors import ExperimentError
from core.experiments.analysis import analyze
from core.experiments.experiment_result import Result
from core.experiments.model import Experiment, ExperimentStatus
from tests.core.experiments.made_logs import AB, START, log


@pytest.fixture(scope="module")
def frame() -> pa.Table:
    return log(1500, click_lift=0.3, past=True)


@pytest.fixture(scope="module")
def result(frame: pa.Table) -> Result:
    return analyze(AB, frame)


def test_the_json_has_the_agreed_names_first(result: Result):
    values = json.loads(json.dumps(result.as_json()))
    assert list(values)[:4] == ["experiment", "units", "srm_p", "metrics"]
    names = ["metric", "variant", "baseline", "lift", "lift_low", "lift_high", "p", "p_corrected"]
    assert list(values["metrics"][0])[:8] == names
    assert sum(values["units"].values()) == 1500


def test_a_true_difference_is_within_its_interval_and_proven(result: Result):
    (ctr,) = result.of("ctr")
    assert ctr.lift_low is not None
    assert ctr.lift_high is not None
    assert 0 < ctr.lift_low < 0.3 < ctr.lift_high
    assert "“b” is better than “a”, which is proven" in result.decision
    assert all(lift.p_corrected >= lift.p for lift in result.metrics)  # type: ignore[operator]


def test_rates_and_sums_are_those_of_the_log(frame: pa.Table, result: Result):
    data = frame.to_pandas()
    data = data[(data["variant"] == "b")]
    kinds = data["kind"].value_counts()
    amount = data.loc[data["kind"] == "purchase", "amount"].sum()
    values = {lift.metric: lift.value for lift in result.metrics}
    searches = data[data["kind"] == "search"]
    clicked = set(data.loc[data["kind"].isin(["click", "cart"]), "query_id"])
    listed = searches[searches["results"] > 0]
    expected = {
        "atc_rate": kinds["cart"] / kinds["exposure"],
        "gmv": amount,
        "revenue_per_visitor": amount / data["unit"].nunique(),
        "revenue_per_session": amount / data["session"].nunique(),
        "average_order_value": amount / kinds["purchase"],
        "zero_result_rate": (searches["results"] == 0).mean(),
        "abandonment": 1 - listed["query_id"].isin(clicked).mean(),
        "conversion": data.loc[data["kind"] == "purchase", "unit"].nunique()
        / data["unit"].nunique(),
        "ctr": kinds["click"] / kinds["exposure"],
    }
    past = replace(AB, metrics=tuple(expected))
    plain = {lift.metric: lift.value for lift in analyze(past, frame).metrics}
    assert plain == pytest.approx(values)
    assert {name: values[name] for name in expected} == pytest.approx(expected)


def test_the_past_narrows_intervals(frame: pa.Table, result: Result):
    in_experiment = frame.filter(pa.compute.not_equal(frame["variant"], ""))
    without = analyze(AB, in_experiment)
    (ctr,), (plain,) = result.of("ctr"), without.of("ctr")
    assert ctr.method == "delta with past"
    assert plain.method == "delta"
    assert ctr.lift_high - ctr.lift_low < 0.95 * (plain.lift_high - plain.lift_low)  # type: ignore[operator]
    assert ctr.narrower > 0.1


def test_the_interval_is_that_of_the_delta_method(frame: pa.Table):
    only = frame.filter(pa.compute.not_equal(frame["variant"], "")).to_pandas()
    sums = only.assign(
        clicks=only["kind"] == "click", shown=only["kind"] == "exposure"
    ).groupby(["variant", "unit"])[["clicks", "shown"]].sum()  # fmt: skip
    logs, errors = [], []
    for name in "ab":
        clicks, shown = sums.loc[name]["clicks"].to_numpy(), sums.loc[name]["shown"].to_numpy()
        rate = clicks.sum() / shown.sum()
        residual = (clicks - rate * shown) / shown.mean()
        logs.append(np.log(rate))
        errors.append(residual.std(ddof=1) / np.sqrt(len(clicks)) / rate)
    half = 1.96 * np.hypot(*errors)
    (ctr,) = analyze(AB, pa.Table.from_pandas(only)).of("ctr")
    assert ctr.lift == pytest.approx(np.exp(logs[1] - logs[0]) - 1)
    assert ctr.lift_low == pytest.approx(np.exp(logs[1] - logs[0] - half) - 1, abs=1e-3)
    assert ctr.lift_high == pytest.approx(np.exp(logs[1] - logs[0] + half) - 1, abs=1e-3)


def test_a_wrong_split_stops_the_verdict_and_says_where():
    result = analyze(AB, log(2000, loss=0.5, seed=2, click_lift=0.3))
    assert result.srm_p < 0.001
    assert not result.verdict
    assert [(place.dimension, place.value) for place in result.places] == [("device", "mobile")]
    assert "no verdict" in result.decision
    assert "device “mobile”" in result.decision


def test_a_planned_uneven_split_is_right():
    uneven = replace(AB, variants=(replace(AB.baseline, weight=3), AB.variants[1]))
    assert analyze(uneven, log(300)).srm_p < 0.001


def rows(*changes: dict[str, Any]) -> pa.Table:
    """Make a click and a purchase of ten units a variant, and further rows."""
    events: list[dict[str, Any]] = []
    for number in range(60):
        base = {"unit": f"u{number}", "variant": "ab"[number % 2], "time": START}
        clicks = [{**base, "kind": "click", "item_id": f"i{n}"} for n in range(number % 3)]
        events += [{**base, "kind": "exposure", "item_id": f"i{n}"} for n in range(4)] + clicks
        events.append({**base, "kind": "purchase", "amount": 10.0 + number, "currency": "EUR"})
    events += [{**events[0], **change} for change in changes]
    names = dict.fromkeys(name for event in events for name in event)
    return pa.table({name: [event.get(name) for event in events] for name in names})


def left_out(table: pa.Table, experiment: Experiment = AB) -> dict[str, int]:
    return {rule.rule: rule.count for rule in analyze(experiment, table).left_out}


def test_each_rule_says_how_much_it_left_out():
    click = {"kind": "click", "item_id": "i9", "unit": "u1", "variant": "b"}
    again = {**click, "time": START + timedelta(seconds=2)}
    many = [
        {**click, "unit": "robot", "item_id": f"i{n}", "time": START + timedelta(seconds=n)}
        for n in range(30)
    ]
    assert left_out(rows()) == {}
    assert left_out(rows({"event_id": "x"}, {"event_id": "x"})) == {"repeated event": 1}
    assert left_out(rows({"variant": "c"})) == {"unknown variant": 1}
    assert left_out(rows({"variant": "b"})) == {"two variants": 1}
    assert left_out(rows(click, again)) == {"double click": 1}
    assert left_out(rows(*many)) == {"robot": 1}
    dollars = {"kind": "purchase", "amount": 5.0, "currency": "USD"}
    assert left_out(rows(dollars)) == {"other currency": 1}


def test_events_without_a_variant_belong_to_that_of_their_unit():
    sale = {"kind": "purchase", "amount": 1000.0, "currency": "EUR", "variant": None}
    before, after = analyze(AB, rows()), analyze(AB, rows(sale))
    assert after.of("gmv")[0].baseline_value == before.of("gmv")[0].baseline_value + 1000  # type: ignore[operator]


def test_refunds_lower_the_revenue_and_not_the_merchandise_value():
    refund = {"kind": "purchase", "amount": -5.0, "currency": "EUR"}
    before, after = analyze(AB, rows()), analyze(AB, rows(refund))
    assert after.of("gmv")[0].baseline_value == before.of("gmv")[0].baseline_value
    change = after.of("revenue_per_visitor")[0].baseline_value
    change -= before.of("revenue_per_visitor")[0].baseline_value  # type: ignore[operator]
    assert change == pytest.approx(-5 / 30)


def test_a_cap_cuts_the_largest_buyers():
    huge = {"kind": "purchase", "amount": 1e6, "currency": "EUR"}
    assert any("consider a cap" in note for note in analyze(AB, rows(huge)).notes)
    capped = analyze(replace(AB, cap=0.9), rows(huge))
    assert capped.of("gmv")[0].baseline_value < 3000  # type: ignore[operator]
    assert any("90.00\u00a0% point" in note for note in capped.notes)


def test_segments_are_analysed_and_corrected_together(result: Result):
    assert {(s.dimension, s.value) for s in result.segments} == {
        ("device", "desktop"), ("device", "mobile"),
    }  # fmt: skip
    assert sum(sum(segment.units.values()) for segment in result.segments) == 1500


def test_a_segment_counts_as_the_whole_does(frame: pa.Table):
    """All visitors have one class of query: its figures are those of the experiment."""
    rows = frame.filter(pa.compute.not_equal(frame["variant"], "")).to_pylist()
    searches = [row for row in rows if row["kind"] == "search"]
    sales = [row for row in rows if row["kind"] == "purchase"]
    rows += [{**row, "event_id": f"twice-{n}"} for n, row in enumerate(searches[::2])]
    rows += [
        {**row, "event_id": f"back-{n}", "amount": -1.0, "query_id": ""}
        for n, row in enumerate(sales[::3])
    ]
    table = pa.Table.from_pylist([{**row, "query_class": "all"} for row in rows])
    for capped in (replace(AB, cap=0.9), AB):
        result = analyze(capped, table)
        (whole,) = [s for s in result.segments if s.dimension == "query_class"]
        values = {lift.metric: lift.value for lift in result.metrics}
        parts = {lift.metric: lift.value for lift in whole.metrics}
        assert {"zero_result_rate", "average_order_value", "gmv", "conversion"} <= set(parts)
        assert parts == pytest.approx({name: values[name] for name in parts})


def test_a_segment_of_a_log_without_searches_has_clicks_per_list():
    frame = log(600)
    kept = frame.filter(pa.compute.is_in(frame["kind"], pa.array(["exposure", "click"])))
    table = kept.append_column("query_class", pa.array(["all"] * len(kept)))
    result = analyze(AB, table)
    (whole,) = [s for s in result.segments if s.dimension == "query_class"]
    values = {lift.metric: lift.value for lift in result.metrics}
    assert {lift.metric: lift.value for lift in whole.metrics} == pytest.approx(
        {lift.metric: values[lift.metric] for lift in whole.metrics}
    )


def test_looking_every_day_needs_wider_intervals(frame: pa.Table, result: Result):
    daily = analyze(replace(AB, sequential=True), frame)
    (always,), (once,) = daily.of("ctr"), result.of("ctr")
    assert always.method == "always valid with past"
    assert always.lift_low < once.lift_low < once.lift_high < always.lift_high  # type: ignore[operator]
    assert always.p > once.p  # type: ignore[operator]
    running = replace(AB, status=ExperimentStatus.RUNNING)
    assert "decide at the planned end" in analyze(running, frame).decision
    assert "planned end" not in analyze(replace(running, sequential=True), frame).decision


def test_a_reader_and_a_data_frame_give_the_same(frame: pa.Table, result: Result):
    for other in (frame.to_reader(1000), frame.to_pandas()):
        lifts = [lift.lift_low for lift in analyze(AB, other).metrics]
        assert lifts == pytest.approx([lift.lift_low for lift in result.metrics])


def test_what_can_not_be_analysed_is_said():
    with pytest.raises(ExperimentError, match="no column “unit”"):
        analyze(AB, rows().drop_columns(["unit"]))
    with pytest.raises(ExperimentError, match="has one of its variants: a, b"):
        analyze(AB, rows().drop_columns(["variant"]))
    with pytest.raises(ExperimentError, match="no metric “ctrr”"):
        analyze(replace(AB, primary="ctrr", metrics=("ctr",)), rows())


def test_one_huge_order_is_no_error(frame: pa.Table):
    """With it, what the past explains can be more than all that a variant's visitors paid."""
    amounts = np.array(frame["amount"].to_pylist(), np.float64)
    amounts[np.flatnonzero(np.array(frame["kind"].to_pylist()) == "purchase")[-1]] = 1e6
    place = frame.schema.get_field_index("amount")
    huge = frame.set_column(place, "amount", pa.array(amounts, from_pandas=True))
    for lift in analyze(AB, huge).of("gmv"):
        assert lift.lift is None or (lift.lift_low or 0) < lift.lift < (lift.lift_high or 0)
