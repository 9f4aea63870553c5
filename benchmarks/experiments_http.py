"""Events of a shop over HTTP, with a ``kill -9`` in mid-run: is one lost, is one there twice?

``python -m benchmarks.experiments_http --data-dir DIR`` serves the studio the way a user does, lets
senders post batches at an even pace as a shop's servers do, kills the server half-way, starts it
again, and reads afterwards what the table holds. A sender repeats a batch with the same ids until
it is acknowledged. With ``--data-dir`` of an indexed demo nothing else runs in the server.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import threading
import time
import uuid
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from benchmarks.judging_http import free_port, start
from core.access.event_tokens import TokenKind
from core.app.experimenting import ExperimentService
from core.app.taking_events import tokens_of
from core.experiments.model import Experiment, ExperimentStatus, Variant
from core.settings import load_settings

EXPERIMENT = f"http-{uuid.uuid4().hex[:6]}"
#: Longest time to send what is left after the planned end, seconds.
PATIENCE = 300.0
_KINDS = ("exposure", "exposure", "exposure", "exposure", "click")


@dataclass
class Sender:
    """One of the shop's servers: posts its batches in order, each until it is acknowledged."""

    url: str
    token: str
    size: int
    interval: float
    times: list[float] = field(default_factory=list)
    acknowledged: list[tuple[float, list[str]]] = field(default_factory=list)
    sent: set[str] = field(default_factory=set)
    failures: Counter[str] = field(default_factory=Counter)
    repeated: int = 0

    def work(self, begin: float, seconds: float) -> None:
        """Make a batch at each interval, and send all that are due."""
        due: deque[list[dict[str, Any]]] = deque()
        made, until = 0, begin + seconds
        with httpx.Client(timeout=30) as client:
            while time.monotonic() < until + PATIENCE:
                now = time.monotonic()
                while made < (min(now, until) - begin) / self.interval:
                    due.append(_events(self.size))
                    made += 1
                if due and self._post(client, due[0]):
                    due.popleft()
                elif now > until and not due:
                    return
                elif not due:
                    time.sleep(max(0.0, begin + made * self.interval - time.monotonic()))

    def _post(self, client: httpx.Client, events: list[dict[str, Any]]) -> bool:
        ids = [str(event["event_id"]) for event in events]
        self.sent.update(ids)
        began = time.perf_counter()
        try:
            answer = client.post(
                self.url, json={"events": events}, headers={"Authorization": f"Bearer {self.token}"}
            )
        except httpx.HTTPError as error:
            self.failures[type(error).__name__] += 1
            time.sleep(0.5)
            return False
        if answer.status_code != 200:
            self.failures[str(answer.status_code)] += 1
            time.sleep(min(5.0, float(answer.headers.get("retry-after", 1))))
            return False
        self.times.append(time.perf_counter() - began)
        self.acknowledged.append((time.monotonic(), ids))
        self.repeated += answer.json()["repeated"]
        return True


def _events(size: int) -> list[dict[str, Any]]:
    """Make a batch: lists that were seen, and a click on every fifth item."""
    unit, query, now = uuid.uuid4().hex, uuid.uuid4().hex, datetime.now(UTC).isoformat()
    return [
        {
            "event_id": uuid.uuid4().hex, "time": now, "kind": _KINDS[number % len(_KINDS)],
            "unit": unit, "experiment": EXPERIMENT, "variant": "ab"[number % 2],
            "query_id": query, "query": "grey sofa", "item_id": f"sku-{number}",
            "position": number + 1, "device": "mobile",
        }
        for number in range(size)
    ]  # fmt: skip


def measured(data_dir: Path, rate: int, seconds: float, size: int, senders: int) -> dict[str, Any]:
    """Send for some time with a kill half-way, then compare with the table."""
    service = ExperimentService(data_dir)
    two = (Variant("a"), Variant("b"))
    service.create(
        Experiment(EXPERIMENT, EXPERIMENT, variants=two, salt="s", status=ExperimentStatus.RUNNING)
    )
    name = f"bench-{EXPERIMENT}"
    token = tokens_of(load_settings(data_dir=data_dir)).add(name, TokenKind.SERVER)
    port = free_port()
    server = start(data_dir, port)
    crowd = [
        Sender(f"http://127.0.0.1:{port}/api/v1/events", token, size, senders * size / rate)
        for _ in range(senders)
    ]
    begin = time.monotonic()
    threads = [threading.Thread(target=s.work, args=(begin, seconds)) for s in crowd]
    for thread in threads:
        thread.start()
    time.sleep(seconds / 2)
    os.kill(server.pid, signal.SIGKILL)
    killed = time.monotonic()
    server.wait()
    server = start(data_dir, port)
    down = time.monotonic() - killed
    try:
        for thread in threads:
            thread.join()
        return report(service, crowd, (begin, killed, killed + down), seconds)
    finally:
        _end(server)
        tokens_of(load_settings(data_dir=data_dir)).remove(name)


def report(
    service: ExperimentService,
    crowd: list[Sender],
    moments: tuple[float, float, float],
    seconds: float,
) -> dict[str, Any]:
    """Compare what was acknowledged with what the table holds.

    Args:
        service: The experiments.
        crowd: The senders.
        moments: When they began, when the server was killed, and when it answered again.
        seconds: How long events were made.
    """
    begin, killed, again = moments
    down = again - killed
    stored = Counter(
        row["event_id"]
        for batch in service.frame(EXPERIMENT)
        for row in batch.select(["event_id", "experiment"]).to_pylist()
        if row["experiment"] == EXPERIMENT
    )
    acknowledged = [(at, event_id) for s in crowd for at, ids in s.acknowledged for event_id in ids]
    sent = set().union(*(sender.sent for sender in crowd))
    times = sorted(1000 * t for sender in crowd for t in sender.times)
    busy = max(at for at, _ in acknowledged) - begin
    failures: Counter[str] = Counter()
    for sender in crowd:
        failures.update(sender.failures)
    return {
        "acknowledged": len(acknowledged),
        "acknowledged within the time, a second": round(
            sum(at <= begin + seconds for at, _ in acknowledged) / seconds, 1
        ),
        "acknowledged before the kill, a second": round(
            sum(at <= killed for at, _ in acknowledged) / (killed - begin), 1
        ),
        "until the last acknowledgement, s": round(busy, 1),
        "killed and started again, s": round(down, 1),
        "a second while the server was up": round(len(acknowledged) / (busy - down), 1),
        "acknowledged but missing": sum(stored[event_id] == 0 for _, event_id in acknowledged),
        "stored twice": sum(count > 1 for count in stored.values()),
        "stored but never sent": len(stored.keys() - sent),
        "sent again and known": sum(sender.repeated for sender in crowd),
        "failed requests": dict(failures),
        "ms a batch, p50 / p95 / most": [
            round(value, 1) for value in (
                statistics.median(times), times[int(len(times) * 0.95)], times[-1]
            )
        ],
    }  # fmt: skip


def _end(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(30)
    except subprocess.TimeoutExpired:
        server.kill()


def main() -> None:
    """Parse the arguments, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--rate", type=int, default=1000, help="events a second of all senders")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--batch", type=int, default=50)
    parser.add_argument("--senders", type=int, default=8)
    given = parser.parse_args()
    figures = measured(given.data_dir, given.rate, given.seconds, given.batch, given.senders)
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
