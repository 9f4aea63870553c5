from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.datastructures import QueryParams

from core.domain import EngineScores, EvalTask, PairedTest, QueryRow, Ranking, Report, Score
from core.errors import EvaluationError
from tests.ui.shop import HOSTILE, Shop
from ui.checked_blocks import CheckedBlocks
from ui.components.visible_reports import entry_label, report_html, report_label
from ui.media import media_router, report_url
from ui.pages.evaluate import about_html, build, in_order


def row(query_id: str, text: str, clip: float, vl_clip: float) -> QueryRow:
    """Make a query with the two engines' MRR."""
    values = {"clip": clip, "vl-clip": vl_clip}
    ranks = {name: round(1 / value) for name, value in values.items() if value}
    return QueryRow(query_id, text, "", False, "Chair", "home", ("x",), values, ranks)


def report(ranking: Ranking = Ranking.VECTOR) -> Report:
    """CLIP finds the query "a", VL-CLIP does not."""
    rows = (
        row("a", HOSTILE, 1.0, 0.0),
        replace(row("b", "", 0.0, 1.0), has_image=True),
        replace(row("c", "Armchair", 0.0, 0.5), item_id="c"),
    )
    score = Score(0.5, 0.2, 0.8)
    engines = tuple(
        EngineScores(name, title, "f" * 64, {"mrr": score})
        for name, title in (("clip", "CLIP"), ("vl-clip", "VL-CLIP"))
    )
    test = PairedTest("mrr", "clip", "vl-clip", Score(-0.1, -0.2, -0.05), 0.004, 0.02)
    return Report(
        "demo-title-20260101-120000-1", "demo", "title", "Title", ranking, 100, 3, 3,
        ("mrr",), "mrr", engines, (test,), rows, (), (), "2026-01-01T12:00:00+00:00",
    )  # fmt: skip


def test_a_report_reads_and_its_queries_lead_to_compare(shop: Shop) -> None:
    html = report_html(shop, report())
    assert "CLIP is better than VL-CLIP: MRR 0.100 higher (corrected p = 0.020)." in html
    assert "<img src=x" not in html
    assert "/compare?q=" in html
    assert "engine=clip&amp;engine=vl-clip" in html
    assert "words=off" in html
    assert "words=off" not in report_html(shop, report(Ranking.WORDS))
    assert "/compare?item=c" in html
    assert "/media/report?report=demo-title-20260101-120000-1&amp;as=csv" in html


def test_a_report_is_saved_by_its_links(shop: Shop) -> None:
    def stored(report_id: str) -> Report:
        if report_id != report().report_id:
            raise EvaluationError("There is no such report.")
        return report()

    stand_in = SimpleNamespace(
        reports=SimpleNamespace(get=stored), html=lambda report: "<p>All of it</p>"
    )
    shop.__dict__["evaluation"] = stand_in  # in place of the cached property
    app = FastAPI()
    app.include_router(media_router(shop))
    client, url = TestClient(app), report_url(report().report_id)
    for kind, start in (("html", "<p>All of it"), ("csv", "query_id,text,")):
        answer = client.get(f"{url}&as={kind}")
        assert answer.text.startswith(start)
        assert answer.headers["content-disposition"] == (
            f'attachment; filename="{report().report_id}.{kind}"'
        )
    assert client.get(f"{url}&as=exe").status_code == 404
    assert client.get("/media/report?report=../x&as=html").status_code == 404


def test_labels_and_choices(shop: Shop) -> None:
    assert entry_label("demo-same-type-20261124-035740-030945") == (
        "demo-same-type, 2026-11-24 03:57 UTC"
    )
    assert entry_label("odd") == "odd"
    named = report_label(report())
    assert named.startswith(f"{report().title} · {report().catalog} · ")
    assert in_order(shop, ["vl-clip", "clip"]) == ["clip", "vl-clip"]
    with pytest.raises(EvaluationError, match="at least one engine"):
        in_order(shop, [])


def test_missing_tasks_say_why() -> None:
    tasks = (
        EvalTask("title", "Title", "Asks.", True),
        EvalTask("x", "X", "", False, "no <b>group</b>."),
    )
    html = about_html(tasks, "title")
    assert "Asks." in html
    assert "1 task this catalogue" in html
    assert "<b>" not in html


def test_engines_that_cannot_be_had_are_named_with_their_reason(shop: Shop) -> None:
    shop.__dict__["evaluation"] = SimpleNamespace(reports=SimpleNamespace(ids=lambda: ()))
    shop.__dict__["tasks"] = SimpleNamespace(all=lambda name: ())
    with CheckedBlocks() as page:
        build(shop, page)
    (load,) = (fn.fn for fn in page.fns.values() if any(kind == "load" for _, kind in fn.targets))
    request = SimpleNamespace(query_params=QueryParams(""), username=None, headers={}, client=None)
    shown = [part for part in load(request) if isinstance(part, str)]
    assert any("FashionCLIP" in part and "It needs the full profile." in part for part in shown)
