"""Estimate the time that a job still needs: from expected paces first, then from measured ones."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from core.domain.job import Progress

#: Share of a stage's units after which the measured pace weighs as much as the expected one.
_WEIGHT = 0.02


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a job.

    Attributes:
        name: As in ``Progress.stage``.
        total: Number of units, as known when the job begins.
        seconds_each: Expected seconds per unit, used if no earlier run has measured them.
    """

    name: str
    total: int
    seconds_each: float


class TimeLeft:
    """Estimates the seconds left.

    Args:
        stages: All stages, in order.
        paces: Seconds per unit by stage of an earlier run.
        clock: Returns seconds.
    """

    def __init__(
        self,
        stages: Iterable[Stage],
        paces: Mapping[str, float],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stages = {stage.name: stage for stage in stages}
        self._paces, self._clock = dict(paces), clock
        self._stage, self._moved = "", False
        self._first = self._last = (0.0, 0)

    @property
    def paces(self) -> dict[str, float]:
        """Seconds per unit by stage: measured in this run, else from an earlier one."""
        return {**self._paces, **({self._stage: pace} if (pace := self._measured()) else {})}

    @property
    def per_second(self) -> float | None:
        """Units of the present stage a second, without its first, which loads models."""
        pace = self._measured()
        return 1 / pace if pace else None

    def seconds(self, progress: Progress) -> float | None:
        """Return the estimate for this and all later stages; ``None`` if nothing is known."""
        now = (self._clock(), progress.ended - progress.skipped)
        if progress.stage != self._stage:
            self._paces, self._stage, self._moved = self.paces, progress.stage, False
            self._first = self._last = now
        elif now[1] > self._last[1]:
            if not self._moved:  # the first unit's time includes loading models
                self._first, self._moved = now, True
            self._last = now
        names = list(self._stages)
        later = names[names.index(progress.stage) + 1 :] if progress.stage in names else []
        parts = [self._here(progress), *(self._expected(name) for name in later)]
        return None if None in parts else sum(part for part in parts if part is not None)

    def _here(self, progress: Progress) -> float | None:
        stage = self._stages.get(progress.stage)
        total = progress.total or (stage.total if stage else 0)
        expected = self._each(progress.stage)
        units, spent = self._last[1] - self._first[1], self._last[0] - self._first[0]
        if expected is None:
            return spent / units * (total - progress.ended) if units and total else None
        weight = max(1.0, _WEIGHT * total)
        each = (expected * weight + spent) / (weight + units)
        return each * max(0, total - progress.ended)

    def _expected(self, name: str) -> float:
        return (self._each(name) or 0.0) * self._stages[name].total

    def _each(self, name: str) -> float | None:
        stage = self._stages.get(name)
        return self._paces.get(name, stage.seconds_each if stage else None)

    def _measured(self) -> float | None:
        units = self._last[1] - self._first[1]
        return (self._last[0] - self._first[0]) / units if units > 0 else None
