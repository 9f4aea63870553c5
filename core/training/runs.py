"""The fine-tuning run of a data directory: one at a time, and any process sees how far it is."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from filelock import FileLock, Timeout

from core.embedding.recipes import RECIPE
from core.errors import TrainingError, TrainingStopped

#: Said to whoever wants to start a second one.
BUSY = "An engine is being fine-tuned already. Wait until that is done."
_INTERRUPTED = "It was interrupted. Start it again under its name: it goes on where it was."
#: What an engine may be called.
ENGINE_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
#: Characters of a digest in a folder's name.
_DIGEST = 16
#: Snapshots of the same stage are written this often at most, seconds.
_INTERVAL = 0.5


@dataclass(frozen=True, slots=True)
class AdaptRun:
    """The running, or the last, run.

    Attributes:
        engine: Name of the engine that comes out.
        catalog: Whose items it learns from, or the file of its pairs.
        base: The engine that it grows from.
        stage: ``preparing``, ``training``, ``embedding``, ``measuring``, ``done``, ``failed`` or
            ``stopped``.
        done: Steps done.
        total: Steps there can be; training may stop before.
        message: One sentence for people; empty where the stage says all.
        running: A live process works on it.
        report: Id of the report of before and after.
    """

    engine: str
    catalog: str
    base: str
    stage: str = "preparing"
    done: int = 0
    total: int = 0
    message: str = ""
    running: bool = True
    report: str = ""


class RunReporter:
    """Tells how far the run is, and hears whether somebody wants it to stop."""

    def __init__(self, path: Path, wish: Path, run: AdaptRun) -> None:
        self._path, self._wish, self.run, self._at = path, wish, run, 0.0
        self._write()

    def tell(self, stage: str, done: int = 0, total: int = 0) -> None:
        """How far it is."""
        same = stage == self.run.stage and done != total
        self.run = replace(self.run, stage=stage, done=done, total=total)
        if not same or time.monotonic() - self._at >= _INTERVAL:
            self._write()

    def training(self, done: int, total: int) -> bool:
        """How many steps of training are done; answers whether to stop."""
        if total:
            self.tell("training", done, total)
        return self._wish.exists()

    def go_on(self) -> None:
        """Raise ``TrainingStopped`` where somebody wants it to stop."""
        if self._wish.exists():
            raise TrainingStopped

    def end(self, stage: str, message: str = "", report: str = "") -> None:
        """How it ended."""
        self.run = replace(self.run, stage=stage, message=message, report=report, running=False)
        self._write()

    def _write(self) -> None:
        self._at = time.monotonic()
        partial = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        partial.write_text(json.dumps(asdict(self.run)), "utf-8")
        partial.replace(self._path)


class Runs:
    """One run at a time in a folder, over all processes."""

    def __init__(self, root: Path) -> None:
        self._root, self._path, self._wish = root, root / ".run.json", root / ".stop"

    @contextmanager
    def hold(self, engine: str, catalog: str, base: str) -> Iterator[RunReporter]:
        """Be the run, for as long as it takes.

        Raises:
            TrainingError: There is one already.
        """
        self._root.mkdir(parents=True, exist_ok=True)
        lock = self._lock()
        try:
            lock.acquire(timeout=2)  # somebody who only looks lets go at once
        except Timeout:
            raise TrainingError(BUSY) from None
        try:
            self._wish.unlink(missing_ok=True)  # a wish to stop the run before is none for this one
            voice = RunReporter(self._path, self._wish, AdaptRun(engine, catalog, base))
            try:
                yield voice
            except (TrainingStopped, KeyboardInterrupt):
                voice.end("stopped", str(TrainingStopped()))
                raise
            except BaseException as error:
                voice.end("failed", str(error) or type(error).__name__)
                raise
        finally:
            self._wish.unlink(missing_ok=True)
            lock.release()

    def stop(self) -> None:
        """Ask the running run, of whatever process, to stop after its present step."""
        if self.busy():
            self._wish.touch()

    def latest(self) -> AdaptRun | None:
        """The running or last run; one whose process is gone reads as stopped."""
        try:
            run = AdaptRun(**json.loads(self._path.read_text("utf-8")))
        except (FileNotFoundError, ValueError, TypeError):
            return None
        if run.running and not self.busy():
            return replace(run, stage="stopped", message=_INTERRUPTED, running=False)
        return run

    def busy(self) -> bool:
        """Whether a live process trains."""
        if not self._root.is_dir():
            return False
        lock = self._lock()
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return True
        lock.release()
        return False

    def engines(self) -> tuple[str, ...]:
        """Names of the engines that runs have left in the folder."""
        return tuple(sorted(path.parent.name for path in self._root.glob(f"*/{RECIPE}")))

    def work(self, engine: str, digest: str) -> Path:
        """Where a run keeps its state until its engine is whole; another input, another folder."""
        return self._root / f".{engine}-{digest[:_DIGEST]}"

    def unfinished(self, engine: str) -> bool:
        """Whether a run that did not get to its end has left something of an engine."""
        return bool(self._left(engine))

    def tidy(self, engine: str) -> None:
        """Remove that."""
        for folder in self._left(engine):
            shutil.rmtree(folder, ignore_errors=True)

    def _left(self, engine: str) -> list[Path]:
        named = ENGINE_NAME.fullmatch(engine)
        return list(self._root.glob(f".{engine}-{'[0-9a-f]' * _DIGEST}")) if named else []

    def forget(self, engine: str) -> None:
        """Forget the last run, where it made this engine."""
        run = self.latest()
        if run is not None and run.engine == engine and not run.running:
            self._path.unlink(missing_ok=True)

    def _lock(self) -> FileLock:
        return FileLock(self._root / ".lock", thread_local=False)
