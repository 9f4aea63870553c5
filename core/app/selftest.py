"""Try every model of a profile on photos that ship, so that a report can be pasted."""

from __future__ import annotations

import platform
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from PIL import Image

from core.app.models import ModelPool
from core.base.counts import counted
from core.domain import Box, Engine, Item, Photo
from core.errors import StudioError
from core.ports.encoder import Encoder
from core.weights import used_by

#: Largest difference of a cosine from the known one; number formats differ by less.
TOLERANCE = 0.03
#: Pictures per pass whose pace is measured.
BATCHES = (1, 8, 32)
_PACKAGES = ("torch", "onnxruntime", "open_clip_torch", "transformers", "segment-anything")


@dataclass(frozen=True, slots=True)
class Check:
    """The result for one model.

    Attributes:
        name: The model.
        ok: Whether it works; ``None`` where it can't be had here.
        lines: What was seen.
        seconds: Duration, with loading.
        memory: Memory of the process afterwards, bytes.
    """

    name: str
    ok: bool | None
    lines: tuple[str, ...]
    seconds: float
    memory: int


class SelfTest:
    """Tries the models of one studio.

    Args:
        models: The models.
        batches: Pictures per pass whose pace is measured.
    """

    def __init__(self, models: ModelPool, batches: Sequence[int] = BATCHES) -> None:
        self._models, self._batches = models, batches
        self._shipped = models.settings.shipped
        self._plan = tomllib.loads((self._shipped / "selftest.toml").read_text("utf-8"))

    def machine(self) -> tuple[str, ...]:
        """Return Python, system, memory, packages, and the device and number format in use."""
        from core.embedding.device import idle_gpu, resolve_device, resolve_dtype  # slow to import

        settings = self._models.settings
        device = resolve_device(settings.device)
        memory = psutil.virtual_memory()
        return (
            f"Python {platform.python_version()}, {platform.system()} on {platform.machine()}, "
            f"{psutil.cpu_count()} processors, {memory.available / 1e9:.1f} of "
            f"{memory.total / 1e9:.1f} GB free",
            ", ".join(f"{name} {_version(name)}" for name in _PACKAGES),
            f"profile {settings.profile}, device {device}, "
            f"{str(resolve_dtype(settings.precision, device)).removeprefix('torch.')}",
            *filter(None, [idle_gpu()]),
        )

    def checks(self) -> Iterator[Check]:
        """Yield the result for each file of weights, each engine, grounder and rewriter."""
        yield from self._weights()
        for status in self._models.statuses():
            engine = status.engine
            towers = self._models.settings.towers(engine)
            if status.available and towers is not None:
                expected = self._plan.get("known", {}).get(f"{towers.loader}:{towers.model}", ())
                yield _timed(f"engine {engine.name}", partial(self._engine, engine, expected))
            elif towers is not None:
                yield _missing(f"engine {engine.name}", status.reason)
        yield _timed("grounder", self._grounder)
        yield _timed("rewriter", self._rewriter)

    def _weights(self) -> Iterator[Check]:
        store, recipe = self._models.weights, self._models.settings.recipe
        for status in store.status():
            role = status.spec.role
            if not used_by(status.spec, recipe) or status.state != "ready":
                continue

            def hashes(role: str = role) -> tuple[bool, list[str]]:
                return True, [
                    f"{name} {digest[:16]}" for name, digest in store.verify(role).items()
                ]

            yield _timed(f"weights {role}", hashes)

    def _engine(self, engine: Engine, expected: Sequence[float]) -> tuple[bool, list[str]]:
        model = self._models.engine(engine.name)
        photos = [self._open(entry["image"]) for entry in self._plan["photo"]]
        texts = [entry["text"] for entry in self._plan["photo"]]
        cosines = model.encoder.encode_images(photos) @ model.encoder.encode_texts(texts).T
        own = np.diag(cosines)
        first = int((cosines.argmax(axis=1) == np.arange(len(own))).sum())
        lines = [
            f"fingerprint {model.fingerprint[:16]}, {model.encoder.dim} numbers a vector",
            "cosines of photos with their texts " + " ".join(f"{value:.4f}" for value in own),
            f"the own text comes first for {first} of {counted(len(own), 'photo')}",
        ]
        ok = bool(np.isfinite(cosines).all()) and first * 2 > len(own)
        if first * 2 <= len(own):
            lines.append("that is what untrained weights or a foreign tokenizer look like")
        if expected:
            off = float(np.abs(own - np.array(expected)).max())
            lines.append(f"largest difference from the known cosines {off:.4f}")
            ok = ok and off <= TOLERANCE
        return ok, [*lines, self._pace(model.encoder)]

    def _pace(self, encoder: Encoder) -> str:
        rng, paces = np.random.default_rng(0), []
        for size in self._batches:  # pictures that repeat would be embedded once
            pixels = rng.integers(0, 255, (size, 48, 48, 3), np.uint8)
            batch = encoder.prepare([Image.fromarray(picture) for picture in pixels])
            started = time.perf_counter()
            encoder.encode_prepared(batch)
            paces.append(f"{size}: {size / (time.perf_counter() - started):.1f}")
        return "pictures a second by batch size " + ", ".join(paces)

    def _grounder(self) -> tuple[bool, list[str]]:
        grounder = self._models.grounder
        lines, good = [grounder.name], 0
        for entry in self._plan["box"]:
            started = time.perf_counter()
            grounding = grounder.ground(self._open(entry["image"]), entry["phrase"])
            seconds = time.perf_counter() - started
            if grounding.best is None:
                lines.append(f"{entry['phrase']}: nothing above {grounding.threshold}")
                continue
            overlap = grounding.best.box.iou(Box(*entry["box"]))
            good += overlap >= 0.5
            lines.append(
                f"{entry['phrase']}: overlap {overlap:.2f} with the box drawn by eye, score "
                f"{grounding.best.score:.2f}, {seconds:.1f} s"
            )
        return good > 0, lines

    def _rewriter(self) -> tuple[bool, list[str]]:
        photo = self._open(self._plan["photo"][0]["image"])
        shown = Photo("0" * 64, photo.width, photo.height, "0" * 16)
        item = Item("selftest", "Notebook 13 inch", shown, product_type="laptop")
        text = self._models.rewriter.rewrite(item, photo, None, None).text
        return bool(text), [f"“{item.title}” became “{text}”"]

    def _open(self, name: str) -> Image.Image:
        with Image.open(Path(self._shipped) / name) as file:
            return file.convert("RGB")


def as_text(check: Check) -> str:
    """Return a result as lines of text."""
    words: Mapping[bool | None, str] = {True: "works", False: "FAILS", None: "is not here"}
    head = (
        f"{check.name}: {words[check.ok]} ({check.seconds:.1f} s, then "
        f"{check.memory / 1e9:.2f} GB in use)"
    )
    return "\n".join([head, *(f"  {line}" for line in check.lines)])


def _timed(name: str, work: Callable[[], tuple[bool, list[str]]]) -> Check:
    started = time.perf_counter()
    try:
        ok, lines = work()
    except StudioError as error:
        ok, lines = False, [str(error)]
    memory = int(psutil.Process().memory_info().rss)
    return Check(name, ok, tuple(lines), time.perf_counter() - started, memory)


def _missing(name: str, reason: str) -> Check:
    return Check(name, None, (reason,), 0.0, int(psutil.Process().memory_info().rss))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"


def as_json(machine: Sequence[str], checks: Sequence[Check]) -> dict[str, Any]:
    """Return the report as JSON values."""
    return {
        "machine": list(machine),
        "checks": [
            {"name": c.name, "ok": c.ok, "lines": list(c.lines), "seconds": c.seconds,
             "memory": c.memory}
            for c in checks
        ],
    }  # fmt: skip
