"""Test judging under stress: killed processes lose nothing, and a large log stays fast.

``python -m benchmarks.judging`` works in a temporary folder and needs no model. With ``--folder``
and ``--seconds`` the killed part stops in time, with all annotators killed, and goes on at the
next call. ``--threads N`` lets N annotators share a process, as they share a server; ``--poison N``
sends events that can't be stored into the group commit of every Nth judgment of each of them.
``--bucket s3://BUCKET/PREFIX`` has the killed part judge over an empty prefix of a bucket, each
process with a folder of copies of its own, as servers on different machines have.
"""

from __future__ import annotations

import argparse
import functools
import json
import multiprocessing
import os
import random
import signal
import statistics
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path

import lancedb

from benchmarks.poison import MARK, Poison, tallied
from core.app.collecting import SET_ID, collect
from core.base.buckets import connect
from core.domain import (
    EventKind,
    Hit,
    Item,
    JudgmentEvent,
    JudgmentQuery,
    JudgmentSet,
    Photo,
    Rules,
    SearchResult,
)
from core.judging.agreement import agreement
from core.judging.judgment_queue import JudgmentQueue
from core.judging.label_export import Labels, write
from core.judging.log import COMPACT_AFTER, JudgmentLog
from core.judging.open_sets import is_open_to, makes_final, note_shown
from core.judging.state import SetState
from core.judging.states import States
from core.store.database import open_database

PROCESSES, EACH = 8, 500


def made_set(desk: JudgmentQueue, queries: int, depth: int, rules: Rules) -> JudgmentSet:
    """Make a set of ``queries`` × ``depth`` pairs of made-up items."""
    photo = Photo("0" * 64, 10, 10, "0" * 16)

    def answer(query: JudgmentQuery) -> list[SearchResult]:
        names = [f"{query.query_id}-{number}" for number in range(depth)]
        hits = tuple(Hit(n, Item(name, name, photo), 1 / n) for n, name in enumerate(names, 1))
        return [SearchResult("clip", "f", hits, 0, 0.0, 0.0)]

    asked = tuple(JudgmentQuery(f"q{number}", text="chair") for number in range(queries))
    return desk.sets.create("Stress", asked, ("clip",), depth, rules, answer)


def database(folder: Path, bucket: str, server: str) -> lancedb.DBConnection:
    """The store's database: in the folder, or in a bucket of which each server has own copies."""
    if not bucket:
        return open_database(folder / "lance")
    return open_database(connect(folder / f"copies-{server}", bucket).folder / "lance")


def serve(
    folder: str, bucket: str, set_id: str, people: list[str], wanted: int, poison: int
) -> None:
    """Run one process, whose annotators judge in threads over one queue."""
    desk = JudgmentQueue(database(Path(folder), bucket, people[0]))
    poisoner = Poison(desk, Path(folder) / f"poison-{people[0]}") if poison else None
    threads = [
        threading.Thread(target=annotate, args=(desk, set_id, who, Path(folder) / who, wanted,
                                                poison, poisoner))
        for who in people
    ]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if any((Path(folder) / who).read_text().count("\n") < wanted for who in people):
        raise SystemExit(1)  # a thread ended by an error: its traceback is on stderr


def annotate(
    desk: JudgmentQueue, set_id: str, who: str, path: Path, wanted: int, poison: int,
    poisoner: Poison | None,
) -> None:  # fmt: skip
    """Simulate one annotator: next pair, grade, record the acknowledgement."""
    done = path.read_text().count("\n") if path.exists() else 0
    with path.open("a") as acknowledged:
        while done < wanted and (pairs := desk.next_pairs(set_id, who)):
            event = JudgmentEvent(
                uuid.uuid4().hex, EventKind.GRADE, set_id, *pairs[0].key, who, done % 4, "",
                datetime.now(UTC), 1.0,
            )  # fmt: skip
            started = time.perf_counter()
            if poisoner and (done + 1) % poison == 0:
                poisoner.beside(event, functools.partial(desk.judge, event))
            else:
                desk.judge(event)
            seconds = time.perf_counter() - started
            acknowledged.write(f"{event.event_id} {seconds:.4f}\n")
            acknowledged.flush()
            done += 1


def killed(
    folder: Path,
    processes: int,
    each: int,
    seed: int,
    most_seconds: float = float("inf"),
    threads: int = 1,
    poison: int = 0,
    bucket: str = "",
) -> dict[str, object]:
    """Run annotating processes, killed at random and restarted, until all is judged."""
    annotators = processes * threads
    desk = JudgmentQueue(database(folder, bucket, "lead"))
    made = next(iter(desk.sets.all()), None) or made_set(
        desk, annotators, each + 10, Rules(overlap=1)
    )
    context, draw = multiprocessing.get_context("spawn"), random.Random(seed)  # noqa: S311

    def start(number: int) -> BaseProcess:
        people = [f"a{number * threads + other}" for other in range(threads)]
        process = context.Process(
            target=serve, args=(str(folder), bucket, made.set_id, people, each, poison)
        )
        process.start()
        return process

    began = time.perf_counter()
    running, kills, died = {number: start(number) for number in range(processes)}, 0, 0
    while running:
        time.sleep(draw.uniform(2.0, 6.0))
        if time.perf_counter() - began > most_seconds:
            for process in running.values():
                process.kill()
                process.join()
            kills += len(running)
            break
        for number, process in list(running.items()):
            if process.is_alive():
                continue
            if process.exitcode == 0:
                del running[number]
            else:  # of an error: its traceback is on stderr
                died += 1
                running[number] = start(number)
        if running and kills < 3 * processes:
            number = draw.choice(sorted(running))
            process = running[number]
            if process.is_alive() and process.pid:
                os.kill(process.pid, signal.SIGKILL)
                kills += 1
                process.join()
                running[number] = start(number)
    seconds = time.perf_counter() - began
    before = _before(folder, kills, died, seconds)
    kills, died, seconds = int(before[0]), int(before[1]), before[2]
    lines = [
        line.split()
        for number in range(annotators)
        if (folder / f"a{number}").exists()  # else it was killed before its first judgment
        for line in (folder / f"a{number}").read_text().splitlines()
    ]
    events = States(database(folder, bucket, "lead")).log.events(made.set_id)
    rows = Counter(event.event_id for event in events)
    pairs = Counter((event.query_id, event.item_id) for event in events)
    times = sorted(float(line[1]) for line in lines if len(line) == 2)
    return {
        "annotators × judgments": f"{annotators} × {each}, {threads} in a process",
        "acknowledged": len(lines),
        "seconds": round(seconds),
        "kills": kills,
        "annotators that died of an error": died,
        "acknowledged but missing": sum(rows[line[0]] == 0 for line in lines),
        "acknowledged and doubled": sum(rows[line[0]] > 1 for line in lines),
        "stored": len(events),
        "pairs given to two people": sum(count > 1 for count in pairs.values()),
        "judge p50 ms": round(1000 * statistics.median(times), 1),
        "judge p95 ms": round(1000 * times[int(0.95 * len(times))], 1),
        "judgments a second": round(len(lines) / seconds, 1),
        **(tallied(folder) if poison else {}),
        "poisoned events stored": sum(name.startswith(MARK) for name in rows),
    }


def _before(folder: Path, *counts: float) -> list[float]:
    """Add these counts to those of earlier calls on the same folder, and store them."""
    file = folder / "counts.json"
    earlier = json.loads(file.read_text()) if file.exists() else [0] * len(counts)
    total = [a + b for a, b in zip(earlier, counts, strict=True)]
    file.write_text(json.dumps(total))
    return total


def large(folder: Path, shown: int = 0) -> dict[str, float]:
    """Measure waiting times with 100,000 labels: 10 annotators × 10,000 pairs.

    Engines' lists were shown ``shown`` times to each annotator, between their labels and at the
    end, as where pairs are added to a set again and again.
    """
    desk = JudgmentQueue(open_database(folder / "lance"))
    made = made_set(desk, 100, 100, Rules(overlap=12, repeats=0.1))
    start = datetime(2026, 1, 1, tzinfo=UTC)
    events = [
        JudgmentEvent(
            f"{who}-{number}", EventKind.GRADE, made.set_id, *pair.key, f"a{who}", number % 4, "",
            start + timedelta(seconds=number), 1.0,
        )
        for who in range(10)
        for number, pair in enumerate(made.pairs)
    ]  # fmt: skip
    events += [
        JudgmentEvent(
            f"shown-{who}-{time}", EventKind.SHOWN, made.set_id, *made.pairs[0].key, f"a{who}",
            None, "", start + timedelta(seconds=len(made.pairs) * (time + 1) // shown), 0.0,
        )
        for who in range(10)
        for time in range(shown)
    ]  # fmt: skip
    events.sort(key=lambda event: event.at)
    JudgmentLog(open_database(folder / "lance")).append(events)
    fresh = JudgmentQueue(open_database(folder / "lance"))

    def took(work: Callable[[], object]) -> float:
        began = time.perf_counter()
        work()
        return round(time.perf_counter() - began, 3)

    timings = {"open a set, first pairs": took(lambda: fresh.next_pairs(made.set_id, "zoe", 8))}
    timings["next pairs"] = took(lambda: fresh.next_pairs(made.set_id, "zoe", 8))
    pair = fresh.next_pairs(made.set_id, "zoe")[0]
    event = JudgmentEvent(
        "z", EventKind.GRADE, made.set_id, *pair.key, "zoe", 1, "", datetime.now(UTC), 1.0
    )
    timings["judge"] = took(lambda: fresh.judge(event))
    timings["progress"] = took(lambda: fresh.progress(made.set_id, "zoe"))
    current = fresh.look(made.set_id, SetState.all_current)
    timings["agreement"] = took(lambda: agreement(current))
    what = Labels(fresh.sets.get(made.set_id), current, current, {}, "majority")
    for kind in ("qrels", "csv", "jsonl", "parquet"):
        timings[f"export {kind}"] = took(lambda k=kind: write(what, folder / f"out.{k}", k))  # type: ignore[misc]
    return timings


def many(folder: Path, sets: int = 246, labels: int = 100_000) -> dict[str, float]:
    """Measure the requests of an annotator who ends their part in many sets, in seconds.

    Others have judged all pairs, so that the labels are ten for each pair.
    """
    desk = JudgmentQueue(open_database(folder / "lance"))
    start, made = datetime(2026, 1, 1, tzinfo=UTC), []
    for _ in range(sets):
        made.append(made_set(desk, 4, labels // sets // 40, Rules(overlap=11)))
    pairs = [(each.set_id, pair) for each in made for pair in each.pairs]
    JudgmentLog(open_database(folder / "lance")).append(
        [
            JudgmentEvent(
                f"{who}-{number}", EventKind.GRADE, set_id, *pair.key, who, number % 4, "",
                start + timedelta(seconds=number), 1.0,
            )
            for number, (set_id, pair) in enumerate(pairs)
            for who in ("zoe", *(f"a{other}" for other in range(9)))
        ]
    )  # fmt: skip
    fresh, times = JudgmentQueue(open_database(folder / "lance")), dict[str, float]()

    def took(name: str, work: Callable[[], object]) -> None:
        began = time.perf_counter()
        work()
        times[name] = round(time.perf_counter() - began, 3)

    def asks_for_lists() -> None:
        if is_open_to(fresh, ["zoe"]) or makes_final(fresh, "zoe"):
            raise SystemExit("the part is not ended")
        note_shown(fresh, ["zoe"])

    took("first request of all", lambda: makes_final(fresh, "zoe"))
    took("second request", lambda: makes_final(fresh, "zoe"))
    took("end my part", lambda: note_shown(fresh, ["zoe"]))
    # Another server stores judgments, and merges the log's files.
    log, (set_id, pair) = JudgmentLog(open_database(folder / "lance")), pairs[0]
    for number in range(COMPACT_AFTER):
        log.append(
            [
                JudgmentEvent(
                    f"b-{number}", EventKind.GRADE, set_id, *pair.key, f"b{number}", 1, "",
                    datetime.now(UTC), 1.0,
                )
            ]
        )  # fmt: skip
    log.compact()
    took("lists, first request", asks_for_lists)
    took("lists, second request", asks_for_lists)
    return times


def growing(folder: Path, clicks: int = 200, depth: int = 20) -> dict[str, float]:
    """Measure “Judge this list” and what follows it while a set grows, in milliseconds.

    One click in four finds pairs of a query that is in the set already. “× first” is the time
    around the hundredth click divided by that of the first tenth; with “processor” in the name, of
    the processor's time, which says more on a busy machine.
    """
    desk, times = JudgmentQueue(open_database(folder / "lance")), dict[str, list[float]]()

    def took(name: str, work: Callable[[], object]) -> None:
        began, worked = time.perf_counter(), time.thread_time()
        work()
        times.setdefault(f"{name}, processor", []).append(1000 * (time.thread_time() - worked))
        times.setdefault(name, []).append(1000 * (time.perf_counter() - began))

    for click in range(clicks):
        number = click if click % 4 else click // 2
        items = [f"{click}-{item}" for item in range(depth)]
        asked = JudgmentQuery("", text=f"chair {number}")
        took("collect", functools.partial(collect, desk, asked, items, ("clip",)))
        took("deal", functools.partial(desk.deal, SET_ID, "zoe", 8))
        took("deal again", functools.partial(desk.deal, SET_ID, "zoe", 8))
        took("progress", functools.partial(desk.progress, SET_ID, "zoe"))
        for pair in desk.next_pairs(SET_ID, "zoe", depth // 2):
            event = JudgmentEvent(
                uuid.uuid4().hex, EventKind.GRADE, SET_ID, *pair.key, "zoe", 1, "",
                datetime.now(UTC), 1.0,
            )  # fmt: skip
            took("judge", functools.partial(desk.judge, event))

    def middle(of: list[float]) -> float:
        return statistics.median(of)

    measured: dict[str, float] = {}
    for name, taken in sorted(times.items()):
        tenth, hundredth = max(len(taken) // 10, 1), len(taken) // 2
        first = middle(taken[:tenth])
        around = middle(taken[hundredth - tenth // 2 : hundredth + tenth // 2 + 1])
        measured |= {
            f"{name}, first tenth": round(first, 1),
            f"{name}, hundredth click": round(around, 1),
            f"{name}, last tenth": round(middle(taken[-tenth:]), 1),
            f"{name}, hundredth × first": round(around / first, 2),
        }
    return measured


def main() -> None:
    """Print both parts as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=PROCESSES)
    parser.add_argument("--each", type=int, default=EACH)
    parser.add_argument("--threads", type=int, default=1, help="annotators in each process")
    parser.add_argument("--poison", type=int, default=0, metavar="N")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--folder", type=Path, help="keep the killed part's store here")
    parser.add_argument("--bucket", default="", help="judge over this URI instead of a folder")
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--only", choices=("large", "many", "growing", "killed"))
    parser.add_argument("--shown", type=int, default=0, help="times that lists were shown (large)")
    asked = parser.parse_args()
    if asked.only in (None, "large"):
        with tempfile.TemporaryDirectory() as name:
            timings = large(Path(name), asked.shown)
            print(json.dumps({"100,000 events, seconds": timings}, indent=1), flush=True)
    if asked.only in (None, "many"):
        with tempfile.TemporaryDirectory() as name:
            print(json.dumps({"246 sets, seconds": many(Path(name))}, indent=1), flush=True)
    if asked.only in (None, "growing"):
        with tempfile.TemporaryDirectory() as name:
            print(json.dumps({"growing, ms": growing(Path(name))}, indent=1), flush=True)
    if asked.only in ("large", "many", "growing"):
        return
    with tempfile.TemporaryDirectory() as name:
        folder = asked.folder or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        report = killed(
            folder, asked.processes, asked.each, asked.seed, asked.seconds, asked.threads,
            asked.poison, asked.bucket,
        )  # fmt: skip
        print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
