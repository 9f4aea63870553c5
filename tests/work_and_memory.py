"""How much work and memory something takes, measured so that a busy machine matters little."""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

#: Ten times the input takes ten times the work where work is linear, a hundred times where it is
#: quadratic; the bound lies between, far from both.
FACTOR = 10
MOST_GROWTH = 30.0
_ROUNDS = 8
#: Seconds of CPU below which nothing can be told from noise.
_LEAST = 0.004


def growth(prepare: Callable[[int], Any], work: Callable[[Any], object], size: int) -> float:
    """CPU time for ten times the input ÷ CPU time for the input, the best of some rounds.

    Args:
        prepare: Makes an input of a size; not measured.
        work: What is measured.
        size: Of the smaller input.
    """
    small, large = prepare(size), prepare(FACTOR * size)
    best = float("inf")
    for _ in range(_ROUNDS):
        best = min(best, cpu(work, large) / max(cpu(work, small), _LEAST))
        if best < MOST_GROWTH:
            break
    return best


def cpu(work: Callable[[Any], object], given: Any) -> float:
    """Seconds of CPU that this thread spends on a call."""
    start = time.thread_time()
    work(given)
    return time.thread_time() - start


def instructions(work: Callable[[], object]) -> int:
    """Number of instructions of Python that this thread executes in a call.

    It is the same on every machine, however busy. What a C function does counts as one.
    """
    executed = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal executed
        frame.f_trace_lines, frame.f_trace_opcodes = False, True
        executed += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return executed


def cost(work: Callable[..., Any], *given: Any) -> tuple[Any, float, float]:
    """Run a function in a process of its own; return its value, seconds of CPU, and MB on top.

    Args:
        work: A function of a module, so that the other process finds it.
        given: Its arguments.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe()
    process = context.Process(target=_measured, args=(sender, work, given))
    process.start()
    sender.close()
    try:
        answer, seconds, mb = receiver.recv()
    finally:
        process.join(60)
    return answer, seconds, mb


def _measured(pipe: Any, work: Callable[..., Any], given: tuple[Any, ...]) -> None:
    before, start = _peak_mb(), time.process_time()
    answer = work(*given)
    pipe.send((answer, time.process_time() - start, _peak_mb() - before))


def _peak_mb() -> float:
    status = Path("/proc/self/status")
    if status.is_file():  # ru_maxrss would count the process that this one came from
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 2**10
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
