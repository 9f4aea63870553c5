"""“Help us choose”: who is asked, and what the studio takes of those who agreed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from core.domain import Query
from core.experiments.model import Experiment, ExperimentKind, ExperimentStatus, Variant
from tests.ui.security.served import served, shop_in
from ui.components.help_choose import COOKIE, notice_html

MIX = Experiment(
    "mix", "Mix", "demo", ExperimentKind.INTERLEAVING,
    (Variant("before", "clip"), Variant("after", "vl-clip")), salt="mix", on_explore=True,
    status=ExperimentStatus.RUNNING,
)  # fmt: skip
UNIT = "0123456789abcdef" * 2


def test_a_visitor_is_asked_only_where_an_experiment_asks() -> None:
    assert notice_html(None, {}, {}) == ""
    asked = notice_html(MIX, {}, {})
    assert "Help us choose." in asked
    assert 'data-help="yes"' in asked
    assert "You are helping" in notice_html(MIX, {}, {COOKIE: UNIT})
    assert notice_html(MIX, {}, {COOKIE: "no"}) == ""
    assert 'data-help="yes"' in notice_html(MIX, {}, {COOKIE: "<script>"})


@pytest.mark.parametrize("header", ["dnt", "sec-gpc"])
def test_who_is_not_to_be_recorded_is_not_asked(header: str) -> None:
    assert notice_html(MIX, {header: "1"}, {}) == notice_html(MIX, {header: "1"}, {COOKIE: UNIT})
    assert notice_html(MIX, {header: "1"}, {}) == ""


def test_reports_are_taken_from_the_visitor_alone(tmp_path: Path) -> None:
    shop = shop_in(tmp_path)
    shop.experiments.create(MIX)
    mixed = shop.helping.mixed(MIX, UNIT, Query(text="chair"))
    assert mixed is not None
    click = {"kind": "click", "position": 1}

    with served(shop) as url:

        def send(body: Any, cookie: str = UNIT, **headers: str) -> httpx.Response:
            cookies = {COOKIE: cookie} if cookie else None
            return httpx.post(f"{url}/help/events", json=body, cookies=cookies, headers=headers)

        report = {"list": mixed.list_id, "actions": [click]}
        refused = [send(report, ""), send(report, "1" * 32), send([]), send({"list": 3})]
        assert [answer.status_code for answer in refused] == [400] * 4
        assert refused[0].json() == {"error": "This list is not open any more; search again."}
        assert send(report, origin="http://evil.example").status_code == 403
        assert send(report, **{"Sec-GPC": "1"}).json() == {"stored": 0}
        assert send(report).json() == {"stored": 1}
    kinds = [row["kind"] for row in shop.experiments.log.reader().read_all().to_pylist()]
    assert kinds == ["search", "click"]
