"""Simulate one visitor: open Explore, then search, inspect and judge with pauses between."""

from __future__ import annotations

import io
import random
import time
import uuid
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import requests
from locust import User
from locust.exception import StopUser
from PIL import Image

from benchmarks.load.gradio_api import Config, Tab, fields, value_of

#: Actions of visitors, and their frequency in percent.
MIX = {"words": 60, "similar": 15, "pictures": 10, "inspect": 10, "judging": 5}
_ROOT = Path(__file__).parents[2]
_WHAT = ("chair", "lamp", "vase", "portrait", "oranges", "table", "bottle", "horse", "sofa", "map")
_RESULTS = "explore-results"
#: Photos that were made ahead.
_ready: list[bytes] = []
_HOW = ("wooden", "red", "small", "old", "white", "round", "dark", "green", "simple", "large")


class Visitor(User):
    """Somebody with one browser tab.

    Attributes:
        config: The app, as it describes itself.
        judgment_set: What is judged.
        mix: Share of each kind of act.
        pause: Shortest and longest pause between two acts, seconds.
        items: Ids of items in the demo.
    """

    abstract = True
    config: ClassVar[Config]
    judgment_set: ClassVar[str]
    mix: ClassVar[dict[str, int]] = MIX
    pause: ClassVar[tuple[float, float]] = (2.0, 10.0)
    items: ClassVar[tuple[str, ...]] = ()

    def on_start(self) -> None:
        """Open Explore as a browser does."""
        self._http = requests.Session()
        # A browser sends again what a kept connection did not take; so no connection is kept.
        self._http.headers["Connection"] = "close"
        self._tabs: dict[str, tuple[Tab, dict[int, Any]]] = {}
        self._hand: list[dict[str, Any]] = []
        self._name = f"visitor {uuid.uuid4().hex[:8]}"
        self._search = self.config.event("explore-query", "submit")
        self._tab("words", "explore")

    def wait_time(self) -> float:
        """Return the length of a pause, seconds."""
        return random.uniform(*self.pause)  # noqa: S311

    def act(self) -> None:
        """Do one random action."""
        kind = random.choices(list(self.mix), list(self.mix.values()))[0]  # noqa: S311
        prepare: Callable[[], Callable[[], object]] = getattr(self, f"_{kind}")
        self._timed(kind, prepare())

    tasks = [act]  # noqa: RUF012, as locust declares it

    def _timed(self, kind: str, work: Callable[[], object]) -> None:
        began = time.perf_counter()
        problem: Exception | None = None
        try:
            work()
        except Exception as error:
            problem = error
        self.environment.events.request.fire(
            request_type=kind, name=kind, response_time=1000 * (time.perf_counter() - began),
            response_length=0, exception=problem, context={},
        )  # fmt: skip

    def _tab(self, purpose: str, page: str) -> tuple[Tab, dict[int, Any]]:
        """Return a tab and the values of its fields; open it at the first use."""
        if purpose not in self._tabs:
            tab, values = Tab(self._http, str(self.host)), dict[int, Any]()

            def opened() -> None:
                tab.get(f"/{page}")
                event = self.config.load_event(page, "inspect" if page == "inspect" else _RESULTS)
                answer = map(value_of, tab.send(event, []))
                values.update(zip(event.outputs, answer, strict=True))

            self._timed("page", opened)
            if not values:
                raise StopUser
            self._tabs[purpose] = tab, values
        return self._tabs[purpose]

    def _words(self) -> Callable[[], object]:
        text = f"{random.choice(_HOW)} {random.choice(_WHAT)}"  # noqa: S311
        change = {self.config.component("explore-query"): text}
        tab, values = self._tab("words", "explore")
        return lambda: tab.send(self._search, fields(self._search, values | change))

    def _similar(self) -> Callable[[], object]:
        pick = self.config.event(_RESULTS, "pick")
        detail = {"action": "similar", "value": random.choice(self.items)}  # noqa: S311
        tab, values = self._tab("similar", "explore")  # the item stays part of what it asks for
        return lambda: tab.send(pick, fields(pick, values), detail)

    def _pictures(self) -> Callable[[], object]:
        photo = _photo()
        event = self.config.event("image", "upload", like=self._search)
        tab, values = self._tab("pictures", "explore")

        def search() -> None:
            uploaded = {event.trigger or 0: tab.upload(photo, "photo.jpg")}
            tab.send(event, fields(event, values | uploaded))

        return search

    def _inspect(self) -> Callable[[], object]:
        event = self.config.event("inspect-item", "submit")
        tab, _ = self._tab("inspect", "inspect")
        return lambda: tab.send(event, [random.choice(self.items), "demo"])  # noqa: S311

    def _grounding(self) -> Callable[[], object]:
        """Find a phrase in an item's photo: heat map, masks."""
        event = self.config.event("inspect", "pick")
        phrase = f"{random.choice(_HOW)} {random.choice(_WHAT)}"  # noqa: S311
        values = [random.choice(self.items), "demo", "", "local"]  # noqa: S311
        tab, _ = self._tab("inspect", "inspect")
        return lambda: tab.send(event, values, {"action": "find", "value": phrase})

    def _judging(self) -> Callable[[], object]:
        desk = self.config.component("annotate")
        base = {"set": self.judgment_set, "catalog": "demo", "name": self._name}
        tab, _ = self._tab("words", "explore")

        def judge() -> None:
            if not self._hand:
                self._hand = tab.call(desk, "next_pairs", {**base, "held": []})["tasks"]
                if not self._hand:
                    return
            event = _judgment(self._hand.pop(0))
            answer = tab.call(desk, "judge", {**base, "events": [event]})
            if event["event_id"] not in answer["saved"]:
                raise ValueError(f"not saved: {answer}")

        return judge


def _judgment(task: dict[str, Any]) -> dict[str, Any]:
    return {
        "event_id": uuid.uuid4().hex, "kind": "grade", "query_id": task["query_id"],
        "item_id": task["item_id"], "grade": random.randrange(4), "note": "",  # noqa: S311
        "seconds": 2, "key": task["key"], "page": "load", "guidelines": 1,
    }  # fmt: skip


def prepare_photos(count: int) -> None:
    """Make photos ahead, so that making them takes no time of whoever waits for an answer."""
    _ready.extend(_new_photo() for _ in range(count))


def _photo() -> bytes:
    """A photo that nobody has sent before."""
    return _ready.pop() if _ready else _new_photo()


def _new_photo() -> bytes:
    """Make a photo: a part of one of the demo's rooms, as JPEG."""
    room = random.choice(_rooms())  # noqa: S311
    left, top = (random.randrange(side // 4) for side in room.size)  # noqa: S311
    part = room.crop((left, top, left + 3 * room.width // 4, top + 3 * room.height // 4))
    kept = io.BytesIO()
    part.save(kept, "JPEG", quality=85)
    return kept.getvalue()


@cache
def _rooms() -> tuple[Image.Image, ...]:
    files = sorted((_ROOT / "data" / "demo" / "rooms").glob("*.jpg"))
    return tuple(Image.open(file).convert("RGB") for file in files)
