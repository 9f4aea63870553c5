"""Send events that can't be stored into the group commits of other people's labels."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from core.domain import JudgmentEvent
from core.errors import StudioError
from core.judging.judgment_queue import JudgmentQueue
from core.judging.log import JudgmentLog

#: Prefix of the id of such an event.
MARK = "poison-"
#: Longest wait for a faulty event to be in one group with a label, seconds.
_MEET = 2.0


class Panic(BaseException):
    """Like a panic of a Rust library: no ``Exception``."""


class _Table:
    """The log's table, which panics at every group with a poisoned event in it."""

    def __init__(self, table: Any) -> None:
        self._table = table
        self.groups = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._table, name)

    def add(self, rows: Any) -> Any:
        if pc.any(pc.starts_with(rows["event_id"], MARK)).as_py():
            self.groups += len(rows) > 1
            raise Panic("a poisoned event")
        return self._table.add(rows)


class Poison:
    """Poisons one queue: every event that it sends is refused or panics, whatever stands beside it.

    Args:
        queue: Whose commits are poisoned.
        tally: A line is added per poisoned judgment: how many poisoned events were called saved,
            and how many group commits held one beside other people's labels.
    """

    def __init__(self, queue: JudgmentQueue, tally: Path) -> None:
        if not isinstance(queue._log, JudgmentLog):
            raise SystemExit("--poison needs a data directory in a folder: a bucket has no table.")
        self._queue, self._log, self._tally = queue, queue._log, tally
        self._table = self._log._table = _Table(self._log._table)  # type: ignore[assignment]
        self._turn = threading.Lock()

    def beside(self, label: JudgmentEvent, judge: Callable[[], None]) -> None:
        """Store a label by ``judge`` while three faulty events are sent."""
        bad = replace(label, event_id=MARK + label.event_id, annotator="eve")
        huge = replace(bad, guidelines=10**30)
        with self._turn:
            groups, saved = self._table.groups, []

            def send(store: Callable[[], None]) -> None:
                try:
                    store()
                    saved.append(store)
                except StudioError:
                    pass

            send(lambda: self._queue.judge(huge))  # as a page sends it
            send(lambda: self._log.append([huge]))  # past the checks: no column can hold it
            commits = self._log._commits
            commits.turn.acquire()  # so that label and poison wait for one commit
            poisoner = threading.Thread(target=send, args=(lambda: self._log.append([bad]),))
            release = threading.Thread(target=self._release_when, args=(2,))
            poisoner.start()
            release.start()
            judge()
            poisoner.join()
            release.join()
            with self._tally.open("a") as file:
                file.write(f"{len(saved)} {self._table.groups - groups}\n")

    def _release_when(self, waiting: int) -> None:
        until = time.monotonic() + _MEET
        while self._log._commits.waiting < waiting and time.monotonic() < until:
            time.sleep(0.001)
        self._log._commits.turn.release()


def tallied(folder: Path) -> dict[str, int]:
    """Return the sums over all processes."""
    lines = [
        [int(number) for number in line.split()]
        for file in folder.glob("poison-*")
        for line in file.read_text().splitlines()
        if len(line.split()) == 2
    ]
    return {
        "poisoned judgments": len(lines),
        "poisoned events called saved": sum(saved for saved, _ in lines),
        "group commits with poison beside labels": sum(groups for _, groups in lines),
    }
