"""Logs of other tools are taken in with their own names, and give the figures that they hold."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from core.app.experimenting import ExperimentService
from core.errors import ExperimentError
from tests.command import command

#: Time, variant, visitor, visit, what happened, query, item, position, revenue.
Row = tuple[str, str, str, str, str, str, str, int, float]
_START = datetime(2026, 11, 1, tzinfo=UTC)
_GA4 = {"impression": "view_item_list", "click": "select_item", "purchase": "purchase"}


def rows() -> list[Row]:
    """Make a log of 300 visitors; those of "new" click more often."""
    rng, made = np.random.default_rng(3), []
    for number in range(300):
        variant = "old" if number % 2 else "new"
        at = _START + timedelta(minutes=number)
        who, visit, query = f"u{number}", f"{number}", f"q{number}"
        for position in range(1, 6):
            shown = (variant, who, visit), (query, f"i{position}", position)
            made.append((at.isoformat(), *shown[0], "impression", *shown[1], 0.0))
            if rng.random() < (0.3 if variant == "new" else 0.15):
                later = (at + timedelta(seconds=30 + position)).isoformat()
                made.append((later, *shown[0], "click", *shown[1], 0.0))
                if rng.random() < 0.2:
                    price = round(float(rng.uniform(5, 50)), 2)
                    made.append((later, *shown[0], "purchase", *shown[1], price))
    return made


def plain(folder: Path) -> Path:
    path = folder / "log.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        names = "timestamp,variant,visitor_id,session_id,event,query_id,product_id,position,revenue"
        writer.writerow([*names.split(","), "test"])
        writer.writerows((*row, "shop-test") for row in rows())
    return path


def ga4(folder: Path) -> Path:
    path = folder / "ga4.jsonl"
    with path.open("w") as file:
        for time, variant, who, visit, kind, query, item, position, revenue in rows():
            stamp = int(datetime.fromisoformat(time).timestamp() * 1e6)
            given = {"experiment_id": "shop-test", "variant": variant, "search_term": query}
            parameters = [{"key": k, "value": {"string_value": v}} for k, v in given.items()]
            parameters.append({"key": "ga_session_id", "value": {"int_value": int(visit)}})  # type: ignore[dict-item]
            event = {
                "event_timestamp": stamp, "event_name": _GA4[kind], "user_pseudo_id": who,
                "event_params": parameters, "items": [{"item_id": item, "index": position}],
            }  # fmt: skip
            if kind == "purchase":
                event["ecommerce"] = {"purchase_revenue": revenue}
            file.write(json.dumps(event) + "\n")
    return path


def ubi(folder: Path) -> Path:
    path = folder / "ubi_events.jsonl"
    with path.open("w") as file:
        for time, variant, who, visit, kind, query, item, position, revenue in rows():
            attributes = {
                "object": {"object_id": item, "object_id_field": "product_id"},
                "position": {"ordinal": position}, "experiment": "shop-test", "variant": variant,
                **({"revenue": revenue} if kind == "purchase" else {}),
            }  # fmt: skip
            event = {
                "action_name": kind, "query_id": query, "session_id": visit, "client_id": who,
                "timestamp": time, "event_attributes": attributes,
            }  # fmt: skip
            file.write(json.dumps(event) + "\n")
    return path


def truth() -> dict[str, dict[str, float]]:
    """Return click-through rate and revenue per visitor, counted here."""
    sums: dict[str, dict[str, float]] = {}
    for _, variant, _, _, kind, _, _, _, revenue in rows():
        own = sums.setdefault(variant, {"impression": 0, "click": 0, "purchase": 0, "revenue": 0})
        own[kind] += 1
        own["revenue"] += revenue
    return {
        variant: {"ctr": own["click"] / own["impression"], "revenue": own["revenue"] / 150}
        for variant, own in sums.items()
    }


@pytest.mark.parametrize("write", [plain, ga4, ubi])
def test_each_log_gives_the_figures_that_were_counted(
    tmp_path: Path, write: Callable[[Path], Path]
) -> None:
    service = ExperimentService(tmp_path / "data")
    columns = {"experiment": "test"} if write is plain else {}
    report = service.import_log([write(tmp_path)], columns=columns, baseline="old")
    assert report.rows == report.events == report.stored == len(rows())
    again = service.import_log([write(tmp_path)], columns=columns)
    assert again.stored == 0  # at least once becomes once

    result = service.analyze("shop-test").as_json()
    assert result["units"] == {"old": 150, "new": 150}
    lifts = {lift["metric"]: lift for lift in result["metrics"]}
    counted = truth()
    ctr = counted["new"]["ctr"] / counted["old"]["ctr"] - 1
    assert lifts["ctr"]["lift"] == pytest.approx(ctr)
    assert lifts["ctr"]["lift_low"] < 1.0 < lifts["ctr"]["lift_high"]  # twice as often, planted
    money = next(lift for name, lift in lifts.items() if name.startswith("revenue_per_v"))
    assert money["value"] == pytest.approx(counted["new"]["revenue"])


def test_a_log_without_events_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("colour,size\nred,1\n")
    with pytest.raises(ExperimentError):
        ExperimentService(tmp_path / "data").import_log([path])


def test_commands_lead_from_an_empty_installation_to_a_verdict(tmp_path: Path) -> None:
    data = tmp_path / "data"
    done = command("--data-dir", data, "experiments", "import", ga4(tmp_path), "--baseline", "old")
    assert done.returncode == 0, done.stderr
    assert "Experiment shop-test was made" in done.stdout
    done = command("--data-dir", data, "experiments", "analyze", "--json")
    assert list(json.loads(done.stdout))[:4] == ["experiment", "units", "srm_p", "metrics"]
    done = command("--data-dir", data, "experiments", "aa", "--splits", "20", "--json")
    assert done.returncode == 0, done.stderr
    tested = json.loads(done.stdout)
    assert (tested["experiment"], tested["splits"]) == ("shop-test", 20)
    assert "ctr" in [alarms["metric"] for alarms in tested["metrics"]]
