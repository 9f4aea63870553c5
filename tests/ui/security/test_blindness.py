"""An annotator walks every route, event and page function of the running app, and sees no engine's
list, rank or score of a set that is still being judged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest

from core.app.judging import JudgingService
from core.domain import JudgmentQuery, Rules
from core.judging.judgment_queue import JudgmentQueue
from core.people import Role
from core.store.database import open_database
from tests.core.judging.desks import answer, grade
from tests.ui.pages.test_evaluate import report
from tests.ui.security.served import API, Visitor, served, shop_in, with_people
from tests.ui.shop import Shop
from ui.web_app import build_app

QUERY = "Blue  chair"
#: Stands in the report of the set that is judged.
LEAK = "vl-clip has them first"


class Judged:
    """A served shop with a set that is being judged, and a report that measures it."""

    def __init__(self, shop: Shop, queue: JudgmentQueue, url: str) -> None:
        self.shop, self.queue, self.url = shop, queue, url
        self.set = shop.judging.queue("demo").sets.all()[0]
        self.report = shop.evaluation.reports.ids()[0]

    def values(self, part: dict[str, Any]) -> Any:
        """Return what an inquisitive annotator sends for a component."""
        name = part["props"].get("elem_id") or ""
        if name == "evaluate-stored":
            return self.report
        if name.endswith("catalog"):
            return "demo"
        if part["type"] == "textbox":
            return QUERY
        if part["type"] == "checkboxgroup" or part["props"].get("multiselect"):
            return ["clip", "vl-clip"]
        if part["type"] == "dropdown" and not part["props"].get("value"):
            return self.set.set_id
        return part["props"].get("value")


@pytest.fixture
def judged(tmp_path: Path) -> Iterator[Judged]:
    shop = with_people(shop_in(tmp_path))
    queue = JudgmentQueue(open_database(tmp_path / "lance"))
    library: Any = SimpleNamespace(
        get=lambda name=None: SimpleNamespace(judgment_queue=queue, name="demo")
    )
    shop.__dict__["judging"] = JudgingService(library, None, None, shop.labels)  # type: ignore[arg-type]
    made = queue.sets.create(
        "Chairs", [JudgmentQuery("q1", "blue chair")], ("clip",), 2, Rules(overlap=1), answer
    )
    stored = report()
    shop.evaluation.reports.add(
        stored.__class__(
            **{name: getattr(stored, name) for name in stored.__slots__}
            | {"task": made.set_id[:60], "notes": (LEAK,), "title": LEAK}
        )
    )
    with served(shop) as url:
        yield Judged(shop, queue, url)


def test_an_annotator_finds_nothing_on_any_route_event_or_function(judged: Judged) -> None:
    ann = Visitor(judged.url, Role.ANNOTATOR)
    asked = {"report": judged.report, "q": QUERY, "set": judged.set.set_id, "catalog": "demo"}
    answers: dict[tuple[Any, str], str] = {}
    for route in build_app(judged.shop).routes:
        path = getattr(route, "path", "")
        if "GET" in (getattr(route, "methods", None) or ()) and "queue/data" not in path:
            path = path.replace("{catalog}", "demo").replace("{number}", "0")
            kinds: list[dict[str, str]] = [{"as": "html"}, {"as": "csv"}]
            for more in kinds if path.startswith("/media") else kinds[:1]:
                answers[path, str(more)] = ann.http.get(path + "?" + urlencode(asked | more)).text
    config = ann.config()
    parts = {part["id"]: part for part in config["components"]}
    for event in config["dependencies"]:
        if event["backend_fn"]:
            data = [judged.values(parts[number]) for number in event["inputs"]]
            action = {"action": "ask", "value": "csv" if event["api_name"] == "export" else QUERY}
            sent = {"fn_index": event["id"], "data": data, "session_hash": ann.session,
                    "event_data": action}  # fmt: skip
            ann.http.post(f"{API}/queue/join?" + urlencode(asked), json=sent)
            answers[event["id"], event["api_name"]] = str(ann.outcome())
    for part in config["components"]:
        for name in part["props"].get("server_fns", ()):
            ask = {**asked, "name": "annotator", "events": [], "held": [], "event_id": "e"}
            sent = {"fn_name": name, "component_id": part["id"], "data": ask,
                    "session_hash": ann.session}  # fmt: skip
            answers[name, "function"] = ann.http.post(f"{API}/component_server/", json=sent).text
    assert [at for at, text in answers.items() if LEAK in text] == []
    searched = [query for query, _ in judged.shop.asked if query.text.strip() == QUERY]
    assert searched == []
    assert len(answers) > 100
    assert "blue chair" in answers["next_pairs", "function"]  # the walk reaches what is allowed


def test_a_lead_reads_the_report_at_once_and_annotators_when_all_is_judged(
    judged: Judged,
) -> None:
    address = "/media/report?" + urlencode({"report": judged.report, "as": "csv"})
    ann, lead = (Visitor(judged.url, role) for role in (Role.ANNOTATOR, Role.MERCHANDISER))
    viewer = Visitor(judged.url, Role.VIEWER)
    assert [who.http.get(address).status_code for who in (ann, viewer, lead)] == [403, 403, 200]
    assert "being judged" in ann.http.get(address).text
    for pair in judged.set.pairs:
        judged.queue.judge(grade(judged.set, *pair.key, 2))
    assert [who.http.get(address).status_code for who in (ann, viewer, lead)] == [200] * 3
