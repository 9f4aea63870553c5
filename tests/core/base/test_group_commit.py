"""Each caller of a group commit hears the truth about its own part, whatever is raised."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from core.base.group_commit import GroupCommit, NotWritten


class Panic(BaseException):
    """Like a panic of a Rust library: no `Exception`."""


class Disk:
    """Takes parts; what `fault` raises for a group keeps all of it from being written."""

    def __init__(self, fault: Callable[[Sequence[int]], None] = lambda parts: None) -> None:
        self.fault = fault
        self.parts: list[int] = []
        self.groups: list[list[int]] = []
        self.entered, self.go = threading.Event(), threading.Event()

    def write(self, parts: Sequence[int]) -> None:
        self.entered.set()
        assert self.go.wait(120)
        self.groups.append(list(parts))
        self.fault(parts)
        self.parts += parts


def submitted(commits: GroupCommit[int], part: int) -> bool:
    try:
        commits.submit(part)
    except NotWritten:
        return False
    return True


@contextmanager
def one_group(disk: Disk, others: int, patience: float = 10) -> Iterator[list[Future[bool]]]:
    """Part 0 is being written while parts 1, 2 … come to wait: they make one group."""
    commits = GroupCommit(disk.write, patience)
    with ThreadPoolExecutor(others + 1) as pool:
        answers = [pool.submit(submitted, commits, 0)]
        assert disk.entered.wait(120)
        answers += [pool.submit(submitted, commits, part) for part in range(1, others + 1)]
        until = time.monotonic() + 10
        while commits.waiting < others:
            assert time.monotonic() < until
            time.sleep(0.001)
        yield answers


@pytest.mark.parametrize(
    "raised", [OverflowError, MemoryError, TypeError, RuntimeError, OSError, Panic]
)
def test_one_bad_part_fails_alone_and_no_other_of_its_group(raised: type[BaseException]) -> None:
    def fault(parts: Sequence[int]) -> None:
        if 3 in parts:
            raise raised("part 3")

    disk = Disk(fault)
    with one_group(disk, others=6) as answers:
        disk.go.set()
    assert [answer.result() for answer in answers] == [part != 3 for part in range(7)]
    assert sorted(disk.parts) == [0, 1, 2, 4, 5, 6]
    assert disk.groups[1] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("raised", [OverflowError, MemoryError, Panic])
def test_a_disk_that_takes_nothing_is_told_to_everybody(raised: type[BaseException]) -> None:
    def fault(parts: Sequence[int]) -> None:
        raise raised("full")

    disk = Disk(fault)
    with one_group(disk, others=4) as answers:
        disk.go.set()
    assert [answer.result() for answer in answers] == [False] * 5
    assert disk.parts == []


@pytest.mark.parametrize("raised", [KeyboardInterrupt, SystemExit])
def test_who_is_interrupted_while_writing_leaves_nobody_believing_in_a_save(
    raised: type[BaseException],
) -> None:
    def fault(parts: Sequence[int]) -> None:
        if len(parts) > 1:
            raise raised

    disk = Disk(fault)
    with one_group(disk, others=3) as answers:
        disk.go.set()
    assert answers[0].result()
    outcomes = [answer.exception() or answer.result() for answer in answers[1:]]
    assert sum(isinstance(outcome, raised) for outcome in outcomes) == 1
    assert outcomes.count(False) == 2
    assert disk.parts == [0]


def test_a_part_that_was_taken_off_the_queue_and_never_tried_counts_as_not_written() -> None:
    commits = GroupCommit(Disk().write, patience=10)
    commit = commits._commit

    def lost(group: object) -> None:
        commits._commit = commit  # type: ignore[method-assign]
        raise KeyboardInterrupt  # after the queue was emptied, before anything was written

    with ThreadPoolExecutor(2) as pool:
        commits.turn.acquire()
        answers = [pool.submit(submitted, commits, part) for part in (1, 2)]
        while commits.waiting < 2:
            time.sleep(0.001)
        commits._commit = lost  # type: ignore[method-assign]
        commits.turn.release()
        outcomes = [answer.exception() or answer.result() for answer in answers]
    assert sum(isinstance(outcome, KeyboardInterrupt) for outcome in outcomes) == 1
    assert outcomes.count(False) == 1


def test_a_fault_of_the_disk_is_not_waited_for_once_per_caller() -> None:
    def fault(parts: Sequence[int]) -> None:
        time.sleep(0.05)
        raise TimeoutError

    disk = Disk(fault)
    with one_group(disk, others=5, patience=0.01) as answers:
        disk.go.set()
    assert [answer.result() for answer in answers] == [False] * 6
    assert len(disk.groups) == 2  # the first part, then the group; its parts are not tried again


def test_a_cause_is_told() -> None:
    def fault(parts: Sequence[int]) -> None:
        raise OSError(28, "No space left on device")

    disk = Disk(fault)
    disk.go.set()
    with pytest.raises(NotWritten) as caught:
        GroupCommit(disk.write, patience=1).submit(1)
    assert isinstance(caught.value.__cause__, OSError)
