"""Measure once per machine which way of running a model is the fastest, and keep the answer."""

from __future__ import annotations

import hashlib
import json
import logging
import platform
import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.base.atomic import atomic_write
from core.base.locks import AS_LONG_AS_IT_TAKES, file_lock

_log = logging.getLogger(__name__)

#: Name of the file, beside the converted weights, that keeps what was measured.
CHOICES = "fastest.json"
#: Smallest mean cosine to the first way's vectors; a way that differs more is not chosen.
AGREEMENT = 0.99
#: A way must be at least this much faster than the first to be chosen.
GAIN = 1.1
#: Timed rounds; the best of them counts, since other work only makes a round slower.
ROUNDS = 3

#: Runs the model on the trial's pictures: ``[n, d] float32, L2-normalised``.
Way = Callable[[], npt.NDArray[np.float32]]


def fastest(
    file: Path,
    model: str,
    ways: Mapping[str, Way],
    rounds: int = ROUNDS,
    clock: Callable[[], float] = time.perf_counter,
) -> str:
    """Return the name of the fastest way whose vectors agree with the first way's.

    Args:
        file: JSON file that keeps what was measured; measured anew on another machine.
        model: Name of the model, with all that its speed depends on besides the machine.
        ways: The ways by name; the first one is trusted.
        rounds: How often each is timed.
        clock: Returns seconds; ``time.thread_time`` for what runs in the calling thread alone, so
            that other work does not count: it may take longer than a pass of milliseconds.
    """
    key = f"{model}: {', '.join(ways)}"
    with file_lock(file.with_name(f".{file.name}.lock"), AS_LONG_AS_IT_TAKES):
        kept = _read(file)
        if kept.get("machine") != machine():
            kept = {"machine": machine(), "models": {}}
        entry = kept["models"].get(key)
        if entry is None or entry.get("chosen") not in ways:
            entry = kept["models"][key] = _measured(ways, rounds, clock)
            _log.info("%s: %s", model, json.dumps(entry))
            atomic_write(file, json.dumps(kept, indent=1))
        return str(entry["chosen"])


def machine() -> dict[str, str]:
    """Return what the ranking depends on; not the threads, which differ from run to run."""
    return {
        "processor": platform.processor() or platform.machine(),
        "flags": hashlib.sha256(_flags().encode()).hexdigest()[:16],
        "torch": _torch_version(),
        "onnxruntime": version("onnxruntime"),
    }


def _torch_version() -> str:
    """Return ``torch.__version__``, which names the build, too, without importing torch."""
    spec = find_spec("torch")
    with suppress(OSError):
        if spec is not None and spec.origin is not None:
            text = Path(spec.origin).with_name("version.py").read_text("utf-8")
            if match := re.search(r"^__version__ = '([^']+)'", text, re.MULTILINE):
                return match[1]
    return version("torch")


def _flags() -> str:
    """Return the processor's name and features as Linux lists them; empty elsewhere."""
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        fields = dict(line.split(":", 1) for line in lines if ":" in line)
        trimmed = {name.strip(): value.strip() for name, value in fields.items()}
        return " ".join(trimmed.get(name, "") for name in ("model name", "flags", "Features"))
    return ""


def _measured(ways: Mapping[str, Way], rounds: int, clock: Callable[[], float]) -> dict[str, Any]:
    vectors = {name: way() for name, way in ways.items()}  # the first run loads the model
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            started = clock()
            way()
            seconds[name].append(clock() - started)
    first = next(iter(ways))
    speed = {name: min(seconds[first]) / min(seconds[name]) for name in ways}
    agreement = {name: float((vectors[name] * vectors[first]).sum(-1).mean()) for name in ways}
    usable = [n for n in ways if agreement[n] >= AGREEMENT and speed[n] >= GAIN]
    return {
        "chosen": max(usable, key=speed.__getitem__, default=first),
        "speed": {name: round(value, 2) for name, value in speed.items()},
        "agreement": {name: round(value, 4) for name, value in agreement.items()},
    }


def _read(file: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        kept = json.loads(file.read_text("utf-8"))
        if isinstance(kept, dict) and isinstance(kept.get("models"), dict):
            return kept
    return {}
