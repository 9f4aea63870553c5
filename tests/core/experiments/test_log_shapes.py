"""Shapes of logs beside the usual ones: bulk exports, other languages, columns of 0 and 1."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.app.experimenting import ExperimentService
from core.errors import ExperimentError

START = 1772366400
LIFT = 0.4


def visits(variants: tuple[str, str]) -> Iterator[tuple[int, str, int, list[int]]]:
    """Yield visitor, variant, seconds and clicked places; the second variant clicks more."""
    rng = random.Random(3)
    for unit in range(600):
        second = rng.random() < 0.5
        rate = 0.15 * (1 + LIFT * second)
        clicked = [place for place in range(10) if rng.random() < rate]
        yield unit, variants[second], START + unit * 600, clicked


def written(path: Path, records: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def holds_the_truth(service: ExperimentService) -> None:
    (ctr,) = service.analyze().of("ctr")
    assert ctr.lift_low is not None
    assert ctr.lift_high is not None
    assert 0 < ctr.lift_low < LIFT < ctr.lift_high


@pytest.fixture
def service(tmp_path: Path) -> ExperimentService:
    return ExperimentService(tmp_path / "data")


def test_orders_of_one_price_have_no_interval(service: ExperimentService, tmp_path: Path):
    rows = [
        {"time": at, "user_id": f"u{unit}", "variant": variant, "event": "order", "revenue": 20.0,
         "event_id": f"{unit}-{number}"}
        for unit, variant, at, clicked in visits(("a", "b"))
        for number in range(1 + len(clicked))
    ]  # fmt: skip
    service.import_log([written(tmp_path / "orders.jsonl", rows)])
    (order,) = service.analyze().of("average_order_value")
    assert (order.value, order.lift) == (20.0, None)


def test_a_ubi_export_in_two_files_gives_its_truth(service: ExperimentService, tmp_path: Path):
    queries: list[dict[str, Any]] = []
    events: list[dict[str, Any]] = []
    for unit, variant, at, clicked in visits(("A", "B")):
        queries.append(
            {
                "query_id": f"q{unit}", "client_id": f"c{unit}", "user_query": "chair",
                "timestamp": at * 1000, "query_response_hit_ids": ["p1", "p2"],
                "query_attributes": {"experiment": "ubi", "variant": variant},
            }
        )  # fmt: skip
        for place in range(10):
            for action in ("impression", "item_click")[: 1 + (place in clicked)]:
                source = {
                    "action_name": action, "query_id": f"q{unit}", "client_id": f"c{unit}",
                    "timestamp": (at + place) * 1000,
                    "event_attributes": {
                        "position": {"ordinal": place + 1}, "object": {"object_id": f"p{place}"}
                    },
                }  # fmt: skip
                event_id = f"{unit}-{place}-{action}"
                events.append({"_index": "ubi_events", "_id": event_id, "_source": source})
    paths = [written(tmp_path / "q.jsonl", queries), written(tmp_path / "e.jsonl", events)]
    report = service.import_log(paths)
    assert report.columns["position"] == "event_attributes.position.ordinal"
    assert report.columns["event_id"] == "event_id"
    holds_the_truth(service)
    assert service.import_log(paths).stored == 0  # the same log again


def test_a_german_table_with_shown_and_bought_items(service: ExperimentService, tmp_path: Path):
    path = tmp_path / "mein log.csv"
    lines = ["Zeit;Besucher ID;Group;Event Type;Product ID;Rank;Revenue"]
    for unit, variant, _, clicked in visits(("control", "new")):
        for place in range(10):
            for kind in ("Impression", "Click")[: 1 + (place in clicked)]:
                lines.append(
                    f"2026-03-0{1 + unit % 7} 10:00:0{place};{unit};{variant};{kind};p{place};"
                    f"{place + 1};"
                )
        lines.append(f"2026-03-0{1 + unit % 7} 11:00:00;{unit};{variant};Order;p1;;1.{unit:03d},50")
    path.write_text("\n".join(lines), encoding="utf-8")
    report = service.import_log([path])
    assert report.kinds == {"click": report.kinds["click"], "exposure": 6000, "purchase": 600}
    (made,) = report.experiments
    assert (made.id, made.made) == ("mein-log", True)
    holds_the_truth(service)
    gmv = service.analyze().of("gmv")[0]
    total = sum(1000 + unit + 0.5 for unit in range(600))
    assert (gmv.value or 0) + (gmv.baseline_value or 0) == pytest.approx(total)


def test_columns_of_yes_and_no_are_events(service: ExperimentService, tmp_path: Path):
    path = tmp_path / "flags.csv"
    path.write_text(
        "timestamp,user_id,variant,item_id,clicked,purchased,price\n"
        "2026-03-01,u1,a,i1,1,1,5\n2026-03-01,u2,b,i1,0,0,5\n2026-03-01,u3,b,i1,true,0,5\n"
    )
    report = service.import_log([path])
    assert report.kinds == {"click": 2, "exposure": 3, "purchase": 1}


def test_a_log_that_says_nothing_is_refused_with_the_reason(
    service: ExperimentService, tmp_path: Path
):
    path = tmp_path / "no.csv"
    path.write_text("user_id,event\nu1,click\n")
    with pytest.raises(ExperimentError, match="An event needs “time”"):
        service.import_log([path])
    with pytest.raises(ExperimentError, match="No experiment was set up"):
        service.analyze()


def test_a_named_experiment_takes_the_log_s_own_name_for_it(
    service: ExperimentService, tmp_path: Path
):
    path = tmp_path / "log.csv"
    rows = [f"2026-03-01,u{n},exp 42,{'ab'[n % 2]},impression,i1" for n in range(4)]
    path.write_text("\n".join(["time,user_id,experiment,variant,event,item_id", *rows]))
    report = service.import_log([path], "mine")
    assert [experiment.id for experiment in report.experiments] == ["mine"]
    assert any("exp-42" in note for note in report.notes)


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_what_is_exported_is_read_again(service: ExperimentService, tmp_path: Path, ending: str):
    path = tmp_path / "log.csv"
    path.write_text(
        "event_id,time,user_id,variant,event,item_id,amount\n"
        "1,2026-03-01,u1,a,purchase,=i1,5\n2,2026-03-01,u2,b,click,i2,\n"
    )
    service.import_log([path])
    output = tmp_path / f"out.{ending}"
    assert service.export("log", output) == 2
    other = ExperimentService(tmp_path / "other")
    report = other.import_log([output])
    assert (report.kinds, report.stored) == ({"click": 1, "purchase": 1}, 2)
