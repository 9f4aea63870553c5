"""Simulated annotators over HTTP against the real app: errors, latencies, and what is stored then.

``python -m benchmarks.judging_http --data-dir DIR`` makes a judgment set in that directory's demo
catalogue, serves the studio the way a user does, and lets people judge at a human pace.
"""

from __future__ import annotations

import argparse
import json
import random
import socket
import statistics
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from core.app.query_sources import QuerySource
from core.app.studio import Studio
from core.domain import Rules
from core.settings import load_settings

CATALOG, OVERLAP = "demo", 3


@dataclass
class Seen:
    """Observations of one annotator's browser."""

    times: dict[str, list[float]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    acknowledged: dict[str, tuple[str, str]] = field(default_factory=dict)


class Annotator:
    """Gets pairs, loads their photos, pauses and grades, as the page's script does."""

    def __init__(
        self, url: str, component: int, set_id: str, name: str, think: float, catalog: str = CATALOG
    ) -> None:
        self._client = httpx.Client(base_url=url, timeout=60)
        self._client.get("/")  # as a browser does: its cookie owns what is asked for afterwards
        for cookie in self._client.cookies.jar:
            cookie.secure = False  # this client keeps to plain HTTP, also on this machine
        self._component, self._think = component, think
        self._base = {"set": set_id, "catalog": catalog, "name": name}
        self._random = random.Random(name)  # noqa: S311 (a pace, no secret)
        self.seen = Seen()

    def work(self, until: float) -> None:
        """Judge until the time is up or nothing is left."""
        hand: list[dict[str, Any]] = []
        time.sleep(self._random.uniform(0, 2 * self._think))
        while time.monotonic() < until:
            if len(hand) < 4:
                held = [task["key"] for task in hand]
                dealt = self._call("next_pairs", {**self._base, "held": held})
                new = dealt.get("tasks", [])
                for task in new:
                    self._timed("photo", lambda task=task: self._client.get(task["photo"]))
                hand += new
                if not hand:
                    return
            time.sleep(self._random.expovariate(1 / self._think))
            self._judge(hand.pop(0))

    def _judge(self, task: dict[str, Any]) -> None:
        event = {
            "event_id": uuid.uuid4().hex, "kind": "grade", "query_id": task["query_id"],
            "item_id": task["item_id"], "grade": self._random.randrange(4), "note": "",
            "seconds": self._think, "key": task["key"], "page": "bench", "guidelines": 1,
        }  # fmt: skip
        answer = self._call("judge", {**self._base, "events": [event]})
        if answer.get("refused"):
            self.seen.errors.append(f"refused: {answer['refused']}")
        elif event["event_id"] in answer.get("saved", ()):
            self.seen.acknowledged[event["event_id"]] = (task["query_id"], task["item_id"])

    def _call(self, name: str, data: dict[str, Any]) -> dict[str, Any]:
        body = {
            "data": data, "component_id": self._component, "fn_name": name,
            "session_hash": self._base["name"],
        }  # fmt: skip
        response = self._timed(
            name, lambda: self._client.post("/gradio_api/component_server", json=body)
        )
        answer: dict[str, Any] = response.json() if response is not None else {}
        if "error" in answer:
            self.seen.errors.append(f"{name}: {answer['error']}")
            return {}
        return answer

    def _timed(self, name: str, send: Any) -> httpx.Response | None:
        began = time.perf_counter()
        try:
            response: httpx.Response = send()
            response.raise_for_status()
        except httpx.HTTPError as error:
            self.seen.errors.append(f"{name}: {error!r}"[:200])
            return None
        self.seen.times.setdefault(name, []).append(time.perf_counter() - began)
        return response


def served(data_dir: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Start the app on a free port and wait until it answers."""
    port = free_port()
    return start(data_dir, port), f"http://127.0.0.1:{port}"


def free_port() -> int:
    """Return a port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(data_dir: Path, port: int) -> subprocess.Popen[bytes]:
    """Start the app on a port and wait until it answers."""
    server = subprocess.Popen(
        [sys.executable, "app.py", "--data-dir", str(data_dir), "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for _ in range(240):
        if server.poll() is not None:
            break
        try:
            httpx.get(f"http://127.0.0.1:{port}", timeout=5)
            return server
        except httpx.HTTPError:
            time.sleep(0.5)
    raise SystemExit("The studio did not start.")


def judged(data_dir: Path, people: int, seconds: float, think: float) -> dict[str, Any]:
    """Let people judge for some time, then check the stored events."""
    studio = Studio(load_settings(data_dir=data_dir))
    asked = studio.judging.queries(QuerySource(sampled_items=200), CATALOG)
    made = studio.judging.create(
        f"HTTP {uuid.uuid4().hex[:6]}", asked, engines=["clip"], depth=20,
        rules=Rules(overlap=OVERLAP, repeats=0.05), catalog=CATALOG,
    )  # fmt: skip
    server, url = served(data_dir)
    try:
        config = httpx.get(f"{url}/config", timeout=60).json()
        component = next(
            part["id"] for part in config["components"]
            if part["props"].get("elem_id") == "annotate"
        )  # fmt: skip
        crowd = [Annotator(url, component, made.set_id, f"p{n}", think) for n in range(people)]
        until = time.monotonic() + seconds
        threads = [threading.Thread(target=part.work, args=(until,)) for part in crowd]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        server.terminate()
        server.wait(30)
    return {"pairs": len(made.pairs), **report(studio, made.set_id, crowd, seconds)}


def report(studio: Studio, set_id: str, crowd: list[Annotator], seconds: float) -> dict[str, Any]:
    """Return errors, latencies, and whether the store has every acknowledged event once."""
    acknowledged = {
        key: pair for annotator in crowd for key, pair in annotator.seen.acknowledged.items()
    }
    desk = studio._library.get(CATALOG).judgment_queue
    stored = Counter(event.event_id for event in desk._log.events(set_id))
    per_pair = Counter((e.query_id, e.item_id) for e in desk.current(set_id))
    errors = [error for annotator in crowd for error in annotator.seen.errors]
    figures: dict[str, Any] = {
        "people": len(crowd),
        "errors": len(errors),
        "first errors": errors[:3],
        "judgments acknowledged": len(acknowledged),
        "a second": round(len(acknowledged) / seconds, 1),
        "acknowledged but missing": sum(stored[key] == 0 for key in acknowledged),
        "acknowledged and doubled": sum(stored[key] > 1 for key in acknowledged),
        "pairs with more labels than wanted": sum(n > OVERLAP for n in per_pair.values()),
    }
    for name in ("judge", "next_pairs", "photo"):
        times = sorted(t for annotator in crowd for t in annotator.seen.times.get(name, []))
        if times:
            figures[f"{name} ms, p50 / p95 / most"] = [
                round(1000 * value)
                for value in (statistics.median(times), times[int(0.95 * len(times))], times[-1])
            ]
    return figures


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--think", type=float, default=2.0, help="mean seconds on a pair")
    asked = parser.parse_args()
    figures = judged(asked.data_dir, asked.people, asked.seconds, asked.think)
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
