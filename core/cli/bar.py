"""The progress bar of the command line; it shows the same figures as the pages."""

from __future__ import annotations

import sys
import time
from typing import NoReturn

from tqdm import tqdm

from core.domain import Progress, RewriteProgress

#: tqdm's format, with our estimate of the time left, which includes later stages.
_FORMAT = "{l_bar}{bar}| {n_fmt}/{total_fmt} [{elapsed}{postfix}]"
#: Seconds between two reports where stderr is no terminal but a log.
LINE_SECONDS = 5.0
_UNKNOWN = "{desc}: {n_fmt} {unit} [{elapsed}{postfix}]"


class ProgressBar:
    """A terminal progress bar for progress reports, one line per stage.

    Args:
        unit: Name of the counted unit.
        scaled: Shorten large numbers: 12.3M instead of 12300000.
    """

    def __init__(self, unit: str = "items", *, scaled: bool = False) -> None:
        self._unit, self._scaled = unit, scaled
        self._bar: tqdm[NoReturn] | None = None
        self._stage, self._drawn = "", 0.0
        self._terminal = sys.stderr.isatty()

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def show(self, progress: Progress, note: str = "") -> None:
        """Draw one progress report; a note follows its figures."""
        if self._bar is None or progress.stage != self._stage:
            self._close()
            self._bar = tqdm(desc=progress.stage, unit=self._unit, unit_scale=self._scaled)
            self._stage, self._drawn = progress.stage, 0.0
        self._bar.bar_format = _FORMAT if progress.total else _UNKNOWN
        self._bar.total = progress.total or None
        self._bar.n = progress.ended
        self._bar.set_postfix_str(", ".join(filter(None, (note, *_notes(progress)))), refresh=False)
        now = time.monotonic()
        if self._terminal or now - self._drawn >= LINE_SECONDS:
            self._drawn = now
            self._bar.refresh()

    def say(self, line: str) -> None:
        """Print a line above the bar."""
        tqdm.write(line)

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def _notes(progress: Progress) -> list[str]:
    notes = [note for note in (progress.throughput, progress.time_left) if note]
    if isinstance(progress, RewriteProgress):
        spent = progress.spent.dollars
        notes.append("price unknown" if spent is None else f"${spent:.3f}")
        if progress.to_go is not None:
            notes.append(f"about ${progress.to_go:.2f} to go")
        if progress.waiting:
            notes.append(f"{progress.waiting} wait for a batch")
    return notes
