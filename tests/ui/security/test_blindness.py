"""An annotator walks every route, event and page function of the running app, and sees no engine's
list, rank or score of a set that is still being judged."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest
from fastapi import FastAPI

from core.app.judging import JudgingService
from core.app.labels import LabelService
from core.app.preferences import PreferenceService
from core.domain import JudgeRecord, JudgmentQuery, Query, Rules
from core.judging.judgment_queue import JudgmentQueue
from core.people import Role
from core.store.database import open_database
from tests.core.judging.desks import answer, grade, result
from tests.ui.pages.test_evaluate import report
from tests.ui.security.served import API, Visitor, run_app, shop_in, with_people
from tests.ui.shop import Shop
from ui.web_app import build_app

QUERY = "Blue  chair"
#: Stands in the report of the set that is judged, and in a model's figures on it.
LEAK = "vl-clip has them first"
#: The engine whose results the set holds; nothing else in this shop has its name.
POOLED = "pooled-engine"


class Judged:
    """A served shop with a set that is being judged, and a report that measures it."""

    def __init__(self, shop: Shop, queue: JudgmentQueue, app: FastAPI, url: str) -> None:
        self.shop, self.queue, self.app, self.url = shop, queue, app, url
        self.text = QUERY
        self.set = shop.judging.queue("demo").sets.all()[0]
        self.report = shop.evaluation.reports.ids()[0]

    def value(self, part: dict[str, Any], choices: list[Any]) -> Any:
        """Return what an inquisitive annotator sends for a component."""
        wanted = [self.report, self.set.set_id, "clip", "vl-clip", "demo"]
        if part["type"] == "textbox":
            return self.text
        if part["type"] == "checkboxgroup" or part["props"].get("multiselect"):
            return [name for name in wanted if name in choices]
        if part["type"] == "dropdown":
            best = next((name for name in wanted if name in choices), None)
            return best or next(iter(choices), None)
        if part["type"] == "dataframe":
            return {"headers": ["a"], "data": []}
        return part["props"].get("value")


@pytest.fixture
def judged(tmp_path: Path) -> Iterator[Judged]:
    shop = with_people(shop_in(tmp_path))
    queue = JudgmentQueue(open_database(tmp_path / "lance"))
    searcher = SimpleNamespace(
        search=lambda query, engine: shop.search(query, engine),
        english_readings=lambda text: frozenset(),
    )
    database = SimpleNamespace(database=open_database(tmp_path / "votes"))
    opened = SimpleNamespace(judgment_queue=queue, name="demo", searcher=searcher, store=database,
                             images=None)  # fmt: skip
    library: Any = SimpleNamespace(get=lambda name=None: opened)
    models: Any = SimpleNamespace(engine=lambda name: name)
    shop.__dict__["labels"] = LabelService(library)
    shop.__dict__["preferences"] = PreferenceService(library, models)
    shop.__dict__["tasks"] = SimpleNamespace(all=lambda name: ())
    shop.__dict__["judging"] = JudgingService(library, models, None, shop.labels)  # type: ignore[arg-type]
    made = queue.sets.create(
        "Chairs", [JudgmentQuery("q1", "blue chair"), JudgmentQuery("q2", item_id="c")],
        (POOLED,), 2, Rules(overlap=1), answer,
    )  # fmt: skip
    stored = report()
    shop.evaluation.reports.add(
        stored.__class__(
            **{name: getattr(stored, name) for name in stored.__slots__}
            | {"task": made.set_id[:60], "notes": (LEAK,), "title": LEAK}
        )
    )
    figures = {POOLED: {"1": 0.9}}
    records = (JudgeRecord(stored.created, LEAK, f"judgment set {made.set_id}", 1, figures),)
    shop.__dict__["assessing"] = SimpleNamespace(records=lambda catalog: records)
    app = build_app(shop)
    with run_app(app) as url:
        yield Judged(shop, queue, app, url)


def all_routes(routes: Iterable[Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Return method and path of every route, those of mounted applications, too."""
    for route in routes:
        path = prefix + getattr(route, "path", "")
        for method in sorted(getattr(route, "methods", None) or ()):
            yield method, path
        yield from all_routes(getattr(route, "routes", None) or (), path.rstrip("/"))


def _values(choices: list[Any] | None) -> list[Any]:
    return [choice[1] for choice in choices or ()]


class Walk:
    """One visitor's way through all routes, events and page functions."""

    def __init__(self, judged: Judged, role: Role) -> None:
        self.judged, self.visitor = judged, Visitor(judged.url, role)
        self.config = self.visitor.config()
        self.parts = {part["id"]: part for part in self.config["components"]}
        self.choices = {
            number: _values(part["props"].get("choices")) for number, part in self.parts.items()
        }

    def answers(self, asks_for: dict[str, str]) -> dict[tuple[Any, str], str]:
        """Return what all of them answer to somebody who asks for a query, a set and a report."""
        self.judged.text = asks_for.get("q", "")
        asked = {"report": self.judged.report, "set": self.judged.set.set_id, "catalog": "demo",
                 **asks_for}  # fmt: skip
        return self._routes(asked) | self._events(asked) | self._functions(asked)

    def _routes(self, asked: dict[str, str]) -> dict[tuple[Any, str], str]:
        answers: dict[tuple[Any, str], str] = {}
        filled = {"{catalog}": "demo", "{number}": "0", "{fn}": "1", "{api_name}": "load",
                  "{size}": "thumb", "{sha256}": "0" * 64}  # fmt: skip
        for method, path in dict.fromkeys(all_routes(self.judged.app.routes)):
            # Streams that never end, and what signs out or stops the server's own work.
            if any(word in path for word in ("queue/data", "heartbeat", "logout", "dev/reload")):
                continue
            for name, value in filled.items():
                path = path.replace(name, value)
            kinds: list[dict[str, str]] = [{"as": "html"}, {"as": "csv"}]
            for more in kinds if path.startswith("/media") else kinds[:1]:
                url, body = path + "?" + urlencode(asked | more), None
                if method == "POST":
                    body = asked
                answer = self.visitor.http.request(method, url, json=body)
                answers[f"{method} {path}", str(more)] = answer.text
        return answers

    def _events(self, asked: dict[str, str]) -> dict[tuple[Any, str], str]:
        answers: dict[tuple[Any, str], str] = {}
        for event in self.config["dependencies"]:
            if not event["backend_fn"]:
                continue
            data = [self.judged.value(self.parts[n], self.choices[n]) for n in event["inputs"]]
            action = {"action": "ask", "value": "csv" if event["api_name"] == "export" else QUERY}
            sent = {"fn_index": event["id"], "data": data, "session_hash": self.visitor.session,
                    "event_data": action}  # fmt: skip
            self.visitor.http.post(f"{API}/queue/join?" + urlencode(asked), json=sent)
            outcome = self.visitor.outcome()
            answers[event["id"], event["api_name"]] = str(outcome)
            updates = outcome["output"].get("data", ())
            for number, update in zip(event["outputs"], updates, strict=False):
                if isinstance(update, dict) and "choices" in update:
                    self.choices[number] = _values(update["choices"])
        return answers

    def _functions(self, asked: dict[str, str]) -> dict[tuple[Any, str], str]:
        answers: dict[tuple[Any, str], str] = {}
        for part in self.config["components"]:
            for name in part["props"].get("server_fns", ()):
                ask = {**asked, "name": "annotator", "events": [], "held": [], "event_id": "e"}
                sent = {"fn_name": name, "component_id": part["id"], "data": ask,
                        "session_hash": self.visitor.session}  # fmt: skip
                answers[name, "function"] = self.visitor.http.post(
                    f"{API}/component_server/", json=sent
                ).text
        return answers


def open_searches(shop: Shop) -> list[Query]:
    """Return the searches for what is judged, and forget all of them."""
    made = [
        query for query, _ in shop.asked
        if query.item_id == "c" or {"blue", "chair"} <= set(query.text.casefold().split())
    ]  # fmt: skip
    shop.asked.clear()
    return made


def test_an_annotator_finds_nothing_on_any_route_event_or_function(judged: Judged) -> None:
    walk = Walk(judged, Role.ANNOTATOR)
    walk.answers({})  # the pages' first answers bring the choices for what is asked then
    for asks_for in ({"q": QUERY}, {"item": "c"}, {"q": "Blue chair: the chairs, BLUE!"}):
        answers = walk.answers(asks_for)
        for secret in (LEAK, POOLED):
            assert [at for at, text in answers.items() if secret in text] == []
        assert open_searches(judged.shop) == []
        assert len(answers) > 150
        nonsense = [at for at, text in answers.items() if "makes no sense here" in text]
        assert len(nonsense) < 25, nonsense
        dealt = answers["next_pairs", "function"]  # the walk reaches what is allowed
        assert "blue chair" in dealt
        assert not re.search(r"\"(round|rank|score|engines?)\"", dealt)

    lead = Walk(judged, Role.MERCHANDISER)  # the walk would notice what a lead sees
    lead.answers({})
    answers = lead.answers({"q": QUERY})
    for secret in (LEAK, POOLED):
        assert [at for at, text in answers.items() if secret in text], secret
    assert open_searches(judged.shop)


def test_a_list_that_is_nearly_an_open_query_s_is_hidden_whatever_was_asked(
    judged: Judged,
) -> None:
    """The shop answers every search with the same items; a set has them for another query."""
    shown = [hit.item.item_id for hit in judged.shop.search(Query("azure seat"), "clip").hits]
    assert len(shown) >= 3
    judged.shop.asked.clear()
    judged.queue.sets.create(
        "Seats", [JudgmentQuery("q1", "sky-coloured stool")], ("clip",), 9, Rules(overlap=1),
        lambda _: [result("clip", shown)],
    )  # fmt: skip

    def answers(role: Role) -> dict[tuple[Any, str], str]:
        walk = Walk(judged, role)
        walk.answers({})
        return walk.answers({"q": "azure seat"})

    def lists(answers: dict[tuple[Any, str], str]) -> set[str]:
        """Return the events that show a list: each says the search's time, which is 31 ms."""
        return {name for (_, name), text in answers.items() if "31 ms" in text}

    assert lists(answers(Role.MERCHANDISER)) == {"open_page_1", "open_page_2"}
    told_instead = answers(Role.ANNOTATOR)
    assert lists(told_instead) == set()
    refused = {name for (_, name), text in told_instead.items() if "is nearly that of" in text}
    assert refused == {"open_page_1", "open_page_2"}


def test_without_searches_while_judging_only_leads_get_an_answer_from_an_engine(
    judged: Judged,
) -> None:
    """A similar search would show nearly the same list, so hosts can forbid all of them."""
    shop, other_words = judged.shop, {"q": "azure seat"}
    walk = Walk(judged, Role.ANNOTATOR)
    walk.answers({})
    shop.asked.clear()
    walk.answers(other_words)
    assert [query for query, _ in shop.asked if query.text == "azure seat"]  # allowed by default
    shop.settings = shop.settings.model_copy(update={"search_while_judging": False})
    for role in (Role.ANNOTATOR, Role.VIEWER):
        walk = Walk(judged, role)
        shop.asked.clear()
        answers = walk.answers({**other_words, "item": "b"})
        assert shop.asked == []
        assert any("only those who lead may search" in text for text in answers.values())
    lead = Walk(judged, Role.MERCHANDISER)
    lead.answers(other_words)
    assert shop.asked
    for pair in judged.set.pairs:
        judged.queue.judge(grade(judged.set, *pair.key, 2))
    shop.asked.clear()
    Walk(judged, Role.ANNOTATOR).answers(other_words)
    assert shop.asked


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
