"""An annotator walks every route, event and page function of the running app, and sees no engine's
list, rank or score in a catalogue of which they may still judge a set."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlencode

import pytest
from fastapi import FastAPI

from core.app.judging import JudgingService
from core.app.labels import LabelService
from core.app.preferences import PreferenceService
from core.domain import JudgeRecord, JudgmentQuery, Pair, Rules
from core.judging.judgment_queue import JudgmentQueue
from core.people import Role
from core.store.database import open_database
from tests.core.judging.desks import answer, grade
from tests.ui.pages.test_evaluate import report
from tests.ui.security.served import API, Visitor, run_app, shop_in, with_people
from tests.ui.shop import Shop
from ui.blindness import engines_hidden
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


@pytest.fixture(scope="module")
def served_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judged]:
    folder = tmp_path_factory.mktemp("blind")
    shop = with_people(shop_in(folder))
    searcher = SimpleNamespace(search=lambda query, engine: shop.search(query, engine))
    database = SimpleNamespace(database=open_database(folder / "votes"))
    opened = SimpleNamespace(name="demo", searcher=searcher, store=database, images=None)
    library: Any = SimpleNamespace(get=lambda name=None: opened)
    models: Any = SimpleNamespace(engine=lambda name: name)
    shop.__dict__["labels"] = LabelService(library)
    shop.__dict__["preferences"] = PreferenceService(library, models)
    shop.__dict__["tasks"] = SimpleNamespace(all=lambda name: ())
    shop.__dict__["judging"] = JudgingService(library, models, None, shop.labels)  # type: ignore[arg-type]
    shop.evaluation.reports.add(replace(report(), notes=(LEAK,), title=LEAK))
    app = build_app(shop)
    with run_app(app) as url:
        yield Judged(shop, opened, app, url)


@pytest.fixture
def judged(served_shop: Judged, tmp_path: Path) -> Judged:
    served_shop.start(tmp_path)
    return served_shop


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


def test_an_annotator_finds_nothing_on_any_route_event_or_function(judged: Judged) -> None:
    shop, walk = judged.shop, judged.walk(Role.ANNOTATOR)
    walk.answers({})  # the pages' first answers bring the choices for what is asked then
    answers = walk.answers({"q": QUERY, "item": "c", "k": "1", "type": "Chair"})
    for secret in (LEAK, POOLED, "31 ms"):
        assert [at for at, text in answers.items() if secret in text] == []
    assert shop.asked == []  # no engine answered anything
    assert len(answers) > 150
    nonsense = [at for at, text in answers.items() if "makes no sense here" in text]
    assert len(nonsense) < 25, nonsense
    dealt = answers["next_pairs", "function"]  # the walk reaches what is allowed
    assert "blue chair" in dealt
    assert not re.search(r"\"(round|rank|score|engines?)\"", dealt)

    lead = judged.walk(Role.MERCHANDISER)  # the walk would notice what a lead sees
    lead.answers({})
    answers = lead.answers({"q": QUERY})
    for secret in (LEAK, POOLED, "31 ms"):
        assert [at for at, text in answers.items() if secret in text], secret
    assert shop.asked


@pytest.mark.parametrize(
    "asked",
    [
        {"q": "azure seat"},
        {"q": "вlue chair"},  # its first letter is Cyrillic
        {"item": "c", "region": "10,10,60,60"},
        {"example": "0", "region": "1,1,9,9"},
        {"q": "seat", "type": "Chair", "k": "1", "cutoff": "off"},
        {"q": "seat", "from": "10", "to": "20", "minus": "red"},
    ],
)
def test_no_search_shows_an_engine_s_list_while_a_set_is_open(
    judged: Judged, asked: dict[str, str]
) -> None:
    assert lists(judged.walk(Role.ANNOTATOR), **asked) == set()
    assert judged.shop.asked == []


def test_words_find_items_without_an_engine(judged: Judged) -> None:
    walk = judged.walk(Role.ANNOTATOR)
    answers = walk.events({"q": "armchair", "catalog": "demo"}, LISTS)
    shown = {name: text for (_, name), text in answers.items()}
    assert "1 item with words of" in shown["open_page_1"]
    assert "Armchair" in shown["open_page_1"]
    assert "Look for “armchair” on Explore" in shown["open_page_2"]
    assert 'role="alert"' not in shown["open_page_2"]
    assert "is not finished" in shown["open_page_1"]
    refused = walk.events({"item": "c", "catalog": "demo"}, LISTS)
    assert all("is not finished" in text for text in refused.values()), refused


def test_how_well_words_fit_a_photo_is_hidden_while_a_set_is_open(judged: Judged) -> None:
    """The score of each item for a query's words makes a list much like an engine's."""
    walk, product = judged.walk(Role.ANNOTATOR), judged.shop.item("a").prompt
    asked = {"item": "c", "find": QUERY, "catalog": "demo"}

    def inspect_page() -> str:
        return "".join(walk.events(asked, ["load_1"]).values())

    def scores() -> list[bool]:
        heat = walk.call("heat", item="a", catalog="demo", phrase=QUERY)
        named = {"photo": "token", "names": [QUERY, "lamp"]}
        return ["error" not in said for said in
                (heat, walk.call("likely", **named), walk.call("things", **named))]  # fmt: skip

    assert scores() == [False] * 3
    assert "error" in walk.call("heat", item="a", catalog="demo", phrase=product)
    for control in ("data-heat", "data-draw", "Save my text", "Use the whole photo"):
        assert control not in inspect_page()
    assert "only the product itself is looked for" in inspect_page()
    assert "cosine of the two vectors" not in inspect_page()
    for link in ("Back to the product", "Similar items", "Compare engines on it", "&amp;region="):
        assert link not in inspect_page()
    judged.judge_all()
    assert scores() == [False] * 3
    end_part(walk)
    assert scores() == [True] * 3
    assert "picture" in walk.call("heat", item="a", catalog="demo", phrase=product)
    for link in ("Back to the product", "Similar items", "Compare engines on it"):
        assert link in inspect_page()
    assert "cosine of the two vectors" in inspect_page()


def test_the_lists_come_back_when_the_set_is_judged(judged: Judged) -> None:
    walk = judged.walk(Role.ANNOTATOR)
    assert lists(walk, q=QUERY) == set()
    judged.judge_all()
    end_part(walk)
    assert lists(walk, q=QUERY) == {"open_page_1", "open_page_2"}
    exported = walk.events({"q": QUERY, "catalog": "demo"}, ["export", "export_1"])
    assert all("file=" in text for text in exported.values()), exported
    judged.queue.sets.extend(judged.set.set_id, [Pair(JudgmentQuery("q3", "lamp"), "b")])
    assert lists(walk, q=QUERY) == set()


def test_the_lists_come_back_when_the_own_part_is_done(judged: Judged, tmp_path: Path) -> None:
    """Where everybody judges every pair, a set is never finished for all."""
    judged.start(tmp_path / "everybody", overlap=0)
    walk = judged.walk(Role.ANNOTATOR)
    judged.judge_all("somebody else")
    assert lists(walk, q=QUERY) == set()
    judged.judge_all("annotator")
    end_part(walk)
    assert lists(walk, q=QUERY) == {"open_page_1", "open_page_2"}


def sent(walk: Walk, number: int, **changes: Any) -> dict[str, Any]:
    """Send a grade of the set's pair with this number, as the page does; return the answer."""
    judged = walk.judged
    query_id, item_id = judged.set.pairs[number].key
    event = {"event_id": uuid.uuid4().hex, "kind": "grade", "grade": 3, "query_id": query_id,
             "item_id": item_id, "seconds": 1, "guidelines": 1, **changes}  # fmt: skip
    return walk.call("judge", **asking(judged), events=[event])


def test_a_label_that_is_taken_back_meanwhile_shows_no_list(
    judged: Judged, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged.judge_all()
    judging, who = judged.shop.judging, Role.ANNOTATOR.value
    looks = iter([False])  # as it was a moment before the label was taken back
    monkeypatch.setattr(type(judging), "is_open_to", lambda *_: next(looks, True))
    assert judging.hides_engines([who], "demo", who)


def end_part(walk: Walk) -> None:
    """Press the button that ends the annotator's part."""
    assert walk.call("end_part", **asking(walk.judged)) == {"part": "final"}


def asking(judged: Judged) -> dict[str, Any]:
    return {"set": judged.set.set_id, "catalog": "demo", "name": "annotator"}


def test_an_annotator_is_asked_before_their_labels_become_final(judged: Judged) -> None:
    walk = judged.walk(Role.ANNOTATOR)
    assert walk.call("next_pairs", **asking(judged), held=[])["part"] == "open"
    refused = walk.call("end_part", **asking(judged))
    assert "still needs you" in refused["error"]
    judged.judge_all()
    assert walk.call("next_pairs", **asking(judged), held=[])["part"] == "done"
    answers = walk.events({"q": QUERY, "catalog": "demo"}, LISTS)
    assert all("31 ms" not in text for text in answers.values())
    said = "".join(answers.values())
    assert "end your part on Annotate" in said
    assert "is not finished" not in said
    assert sent(walk, 0)["saved"]  # they looked at pages, and can correct
    end_part(walk)
    assert len(sent(walk, 0)["refused"]) == 1
    assert walk.call("next_pairs", **asking(judged), held=[])["part"] == "final"
    assert lists(walk, q=QUERY) == {"open_page_1", "open_page_2"}
    judged.queue.sets.extend(judged.set.set_id, [Pair(JudgmentQuery("q3", "lamp"), "b")])
    assert walk.call("next_pairs", **asking(judged), held=[])["part"] == "open"


def test_who_leads_ends_no_part(judged: Judged) -> None:
    walk, mine = judged.walk(Role.MERCHANDISER), {**asking(judged), "name": "merchandiser"}
    judged.judge_all("merchandiser")
    assert walk.call("next_pairs", **mine, held=[])["part"] is None
    assert walk.call("end_part", **mine) == {"part": "final"}
    query_id, item_id = judged.set.pairs[0].key
    judged.queue.judge(grade(judged.set, query_id, item_id, 1, "merchandiser"))


@pytest.mark.parametrize("overlap", [0, 1, 2])
def test_can_t_tell_is_final_once_the_lists_were_shown(
    judged: Judged, tmp_path: Path, overlap: int
) -> None:
    """One could say of every pair that one can't tell, read the lists and come back."""
    judged.start(tmp_path / "set", overlap)
    walk = judged.walk(Role.ANNOTATOR)
    for number in range(len(judged.set.pairs)):
        assert sent(walk, number, kind="unsure", grade=None)["saved"]
    assert sent(walk, 0)["saved"]  # nothing was shown yet
    end_part(walk)
    assert lists(walk, q=QUERY) == {"open_page_1", "open_page_2"}
    for number in range(len(judged.set.pairs)):
        assert len(sent(walk, number)["refused"]) == 1
        assert len(sent(walk, number, kind="skip", grade=None)["refused"]) == 1
    assert "stays" in walk.call("undo", **asking(judged), event_id="u")["error"]
    graded = [e.item_id for e in judged.queue.current(judged.set.set_id) if e.grade is not None]
    assert graded == [judged.set.pairs[0].item_id]


def test_keys_that_were_put_by_are_worth_nothing_once_the_lists_were_shown(judged: Judged) -> None:
    """Saying that one holds others gives the keys of all pairs."""
    walk, keys = judged.walk(Role.ANNOTATOR), dict[tuple[str, str], str]()
    while tasks := walk.call("next_pairs", **asking(judged), held=[*keys.values()])["tasks"]:
        keys |= {(task["query_id"], task["item_id"]): task["key"] for task in tasks}
    pairs = [pair.key for pair in judged.set.pairs]
    assert keys.keys() == set(pairs)
    judged.judge_all("somebody else")
    assert lists(walk, q=QUERY) == {"open_page_1", "open_page_2"}
    for number, pair in enumerate(pairs):
        said = sent(walk, number, key=keys[pair])["refused"]
        assert "has all its grades" in "".join(said.values())
    assert walk.call("next_pairs", **asking(judged), held=[])["tasks"] == []


def test_what_a_visitor_saw_without_signing_in_may_be_an_annotator_s_look(
    judged: Judged, monkeypatch: pytest.MonkeyPatch
) -> None:
    walk, nobody = judged.walk(Role.ANNOTATOR), cast("Any", SimpleNamespace(username=None))
    judged.judge_all()
    assert sent(walk, 0)["saved"]
    with monkeypatch.context() as patch:
        patch.setattr(judged.shop.people, "space", True)
        assert not engines_hidden(judged.shop, nobody, "demo")
    assert len(sent(walk, 0)["refused"]) == 1


def test_who_leads_may_judge_whatever_they_saw(judged: Judged) -> None:
    walk = judged.walk(Role.MERCHANDISER)
    lists(walk, q=QUERY)
    judged.judge_all("somebody else")
    lists(walk, q=QUERY)
    query_id, item_id = judged.set.pairs[0].key
    lead = grade(judged.set, query_id, item_id, 1, "merchandiser")
    for _ in range(2):
        judged.queue.judge(replace(lead, event_id=uuid.uuid4().hex))


def test_a_viewer_can_t_judge_and_sees_the_lists(judged: Judged) -> None:
    assert lists(judged.walk(Role.VIEWER), q=QUERY) == {"open_page_1", "open_page_2"}


def test_without_searches_while_judging_only_leads_search(judged: Judged) -> None:
    shop = judged.shop
    allowed = shop.settings
    try:
        shop.settings = allowed.model_copy(update={"search_while_judging": False})
        for role in (Role.ANNOTATOR, Role.VIEWER):
            answers = judged.walk(role).events({"q": "armchair", "catalog": "demo"}, LISTS)
            said = {name for (_, name), text in answers.items() if "only those who lead" in text}
            assert said == set(LISTS), role
        assert shop.asked == []
        assert lists(judged.walk(Role.MERCHANDISER), q=QUERY) == {"open_page_1", "open_page_2"}
        judged.judge_all()
        assert lists(judged.walk(Role.VIEWER), q=QUERY) == {"open_page_1", "open_page_2"}
    finally:
        shop.settings = allowed


def test_the_blind_vote_shows_no_list_while_a_set_is_open(judged: Judged) -> None:
    """Two votes on one query, with one engine in both, would show which list is that engine's."""
    walk = judged.walk(Role.ANNOTATOR)
    walk.events({"catalog": "demo"})  # brings the choices
    judged.text = "a query that is in no set"
    voted = walk.events({"catalog": "demo"}, ["begin", "go_on"])
    assert len(voted) >= 2
    assert all("data-vote" not in text for text in voted.values())
    assert any("is not finished" in text for text in voted.values())
    assert judged.shop.asked == []
    judged.judge_all()
    end_part(walk)
    voted = walk.events({"catalog": "demo"}, ["begin", "go_on"])
    assert any("data-vote" in text for text in voted.values())


def test_reports_are_read_by_those_who_do_not_judge(judged: Judged) -> None:
    address = "/media/report?" + urlencode({"report": judged.report, "as": "csv"})
    roles = (Role.ANNOTATOR, Role.VIEWER, Role.MERCHANDISER)

    def answers() -> list[int]:
        return [judged.walk(role).visitor.http.get(address).status_code for role in roles]

    assert answers() == [403, 200, 200]
    judged.judge_all()
    assert answers() == [403, 200, 200]
    end_part(judged.walk(Role.ANNOTATOR))
    assert answers() == [200] * 3


def test_a_visitor_who_has_not_signed_in_may_be_any_annotator(
    judged: Judged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a Space everybody may look without a sign-in, so signing out would show everything."""
    monkeypatch.setattr(judged.shop.people, "space", True)
    nobody: Any = SimpleNamespace(username=None)
    assert engines_hidden(judged.shop, nobody, "demo")
    judged.judge_all()
    assert not engines_hidden(judged.shop, nobody, "demo")
