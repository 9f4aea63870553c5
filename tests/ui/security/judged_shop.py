"""A served shop with a set that is being judged, and visitors who try all that it answers."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI

from core.app.judging import JudgingService
from core.app.labels import LabelService
from core.app.preferences import PreferenceService
from core.domain import JudgeRecord, JudgmentQuery, Rules
from core.judging.judgment_queue import JudgmentQueue
from core.people import Role
from core.store.database import open_database
from tests.core.judging.desks import answer, grade
from tests.ui.pages.test_evaluate import report
from tests.ui.security.served import API, Visitor, run_app, shop_in, with_people
from tests.ui.shop import Shop
from ui.web_app import build_app

QUERY = "Blue  chair"
#: Events that are under way together.
AT_ONCE = 6
#: Stands in the report of the set that is judged, and in a model's figures on it.
LEAK = "vl-clip has them first"
#: The engine whose results the set holds; nothing else in this shop has its name.
POOLED = "pooled-engine"


class Judged:
    """A served shop with a set that is being judged, and a report that measures it."""

    def __init__(self, shop: Shop, opened: SimpleNamespace, app: FastAPI, url: str) -> None:
        self.shop, self.opened, self.app, self.url = shop, opened, app, url
        self.text = QUERY
        self.report = shop.evaluation.reports.ids()[0]
        self.walks: dict[Role, Walk] = {}

    def start(self, folder: Path, overlap: int = 1) -> None:
        """Begin with a set of two queries that nobody has judged."""
        self.queue = JudgmentQueue(open_database(folder / "lance"))
        self.opened.judgment_queue = self.queue
        self.set = self.queue.sets.create(
            "Chairs", [JudgmentQuery("q1", "blue chair"), JudgmentQuery("q2", item_id="c")],
            (POOLED,), 2, Rules(overlap=overlap), answer,
        )  # fmt: skip
        about = f"judgment set {self.set.set_id}"
        record = JudgeRecord("2026-11-28T12:00:00", LEAK, about, 1, {POOLED: {"1": 0.9}})
        self.shop.__dict__["assessing"] = SimpleNamespace(records=lambda catalog: (record,))
        self.shop.asked.clear()

    def judge_all(self, who: str = "annotator") -> None:
        for pair in self.set.pairs:
            self.queue.judge(grade(self.set, *pair.key, 2, who))

    def walk(self, role: Role) -> Walk:
        """Return a signed-in visitor, the same for all tests: signing in takes a moment."""
        if role not in self.walks:
            self.walks[role] = Walk(self, role)
        return self.walks[role]

    def value(self, part: dict[str, Any], choices: list[Any]) -> Any:
        """Return what an inquisitive annotator sends for a component."""
        wanted = [self.report, self.set.set_id, "clip", "vl-clip", "demo"]
        if part["type"] == "textbox":  # one that nobody sees has the catalogue of the link
            return "demo" if part["props"].get("visible") is False else self.text
        if part["type"] == "checkboxgroup" or part["props"].get("multiselect"):
            return [name for name in wanted if name in choices]
        if part["type"] == "dropdown":
            best = next((name for name in wanted if name in choices), None)
            return best or next(iter(choices), None)
        if part["type"] == "dataframe":
            return {"headers": ["a"], "data": []}
        return part["props"].get("value")


@contextmanager
def served_judged(folder: Path) -> Iterator[Judged]:
    """Serve a shop with people, a report, and room for a set that is judged."""
    shop = with_people(shop_in(folder))
    searcher = SimpleNamespace(search=lambda query, engine: shop.search(query, engine))
    database = SimpleNamespace(database=open_database(folder / "votes"))
    opened = SimpleNamespace(name="demo", searcher=searcher, store=database, images=None)
    library: Any = SimpleNamespace(get=lambda name=None: opened)
    models: Any = SimpleNamespace(for_queries=lambda name: name)
    shop.__dict__["labels"] = LabelService(library)
    shop.__dict__["preferences"] = PreferenceService(library, models)
    shop.__dict__["tasks"] = SimpleNamespace(all=lambda name: ())
    shop.__dict__["judging"] = JudgingService(library, models, None, shop.labels)  # type: ignore[arg-type]
    shop.evaluation.reports.add(replace(report(), notes=(LEAK,), title=LEAK))
    app = build_app(shop)
    with run_app(app) as url:
        yield Judged(shop, opened, app, url)


def all_routes(routes: Iterable[Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Return method and path of every route, those of mounted applications, too."""
    for route in routes:
        path = prefix + getattr(route, "path", "")
        for method in sorted(getattr(route, "methods", None) or ()):
            yield method, path
        yield from all_routes(getattr(route, "routes", None) or (), path.rstrip("/"))


def batched(events: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    """Yield parts of a list (``itertools.batched`` came with Python 3.12)."""
    for start in range(0, len(events), size):
        yield events[start : start + size]


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
        return self._routes(asked) | self.events(asked) | self._functions(asked)

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

    def events(
        self, asked: dict[str, str], names: Sequence[str] = (), value: str = QUERY
    ) -> dict[tuple[Any, str], str]:
        """Send every event, or those with these names; return what each answers."""
        wanted = [
            event for event in self.config["dependencies"]
            if event["backend_fn"] and (not names or event["api_name"] in names)
        ]  # fmt: skip
        answers: dict[tuple[Any, str], str] = {}
        for some in batched(wanted, AT_ONCE):
            sent = {self._join(event, asked, value): event for event in some}
            for event_id, outcome in self.visitor.outcomes(set(sent)).items():
                event = sent[event_id]
                answers[event["id"], event["api_name"]] = str(outcome)
                updates = outcome["output"].get("data", ())
                for number, update in zip(event["outputs"], updates, strict=False):
                    if isinstance(update, dict) and "choices" in update:
                        self.choices[number] = _values(update["choices"])
        return answers

    def _join(self, event: dict[str, Any], asked: dict[str, str], value: str) -> str:
        """Send an event; return its id."""
        data = [self.judged.value(self.parts[n], self.choices[n]) for n in event["inputs"]]
        action = {"action": "ask", "value": "json" if "export" in event["api_name"] else value}
        sent = {"fn_index": event["id"], "data": data, "session_hash": self.visitor.session,
                "event_data": action}  # fmt: skip
        answer = self.visitor.http.post(f"{API}/queue/join?" + urlencode(asked), json=sent)
        return str(answer.json()["event_id"])

    def call(self, wanted: str, **ask: Any) -> dict[str, Any]:
        """Call a page's function; return its answer."""
        part = next(
            part["id"] for part in self.config["components"]
            if wanted in part["props"].get("server_fns", ())
        )  # fmt: skip
        sent = {"fn_name": wanted, "component_id": part, "data": ask,
                "session_hash": self.visitor.session}  # fmt: skip
        answer = self.visitor.http.post(f"{API}/component_server/", json=sent)
        return dict(answer.json())

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


#: The events that show lists: when Explore and Compare are opened, and when a list is exported.
LISTS = ("open_page_1", "open_page_2", "export", "export_1")


def lists(walk: Walk, **asked: str) -> set[str]:
    """Return which of Explore and Compare show an engine's list: it says its time, 31 ms."""
    answers = walk.events({"catalog": "demo", **asked}, LISTS)
    return {name for (_, name), text in answers.items() if "31 ms" in text}


def sent(walk: Walk, number: int, **changes: Any) -> dict[str, Any]:
    """Send a grade of the set's pair with this number, as the page does; return the answer."""
    judged = walk.judged
    query_id, item_id = judged.set.pairs[number].key
    event = {"event_id": uuid.uuid4().hex, "kind": "grade", "grade": 3, "query_id": query_id,
             "item_id": item_id, "seconds": 1, "guidelines": 1, **changes}  # fmt: skip
    return walk.call("judge", **asking(judged), events=[event])


def end_part(walk: Walk) -> None:
    """Press the button that ends the annotator's part."""
    assert walk.call("end_part", **asking(walk.judged)) == {"part": "final"}


def asking(judged: Judged) -> dict[str, Any]:
    return {"set": judged.set.set_id, "catalog": "demo", "name": "annotator"}
