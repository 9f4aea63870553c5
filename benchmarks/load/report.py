"""Count actions, errors and times per kind of action."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any


class Figures:
    """Collects what visitors saw."""

    def __init__(self) -> None:
        self.times: dict[str, list[float]] = defaultdict(list)
        self.errors: Counter[str] = Counter()

    def add(
        self, name: str, response_time: float, exception: Exception | None = None, **_: Any
    ) -> None:
        """Add one action: its kind, milliseconds, and its error."""
        if exception is None:
            self.times[name].append(response_time)
        else:
            self.errors[f"{name}: {type(exception).__name__}: {exception}"[:200]] += 1

    @property
    def acts(self) -> int:
        """Number of actions that succeeded."""
        return sum(map(len, self.times.values()))

    def share(self, name: str, share: float) -> float:
        """Return the quantile of the times of a kind of action, milliseconds."""
        times = sorted(self.times[name])
        return times[min(len(times) - 1, int(share * len(times)))] if times else float("nan")

    def lines(self) -> list[str]:
        """Return a Markdown table of the kinds, and the errors."""
        table = ["| kind | acts | p50 ms | p95 ms | most ms |", "|---|---|---|---|---|"]
        for name, times in sorted(self.times.items()):
            shown = (self.share(name, 0.5), self.share(name, 0.95), max(times))
            table.append(
                f"| {name} | {len(times)} | " + " | ".join(f"{v:,.0f}" for v in shown) + " |"
            )
        table.append(f"{self.acts} acts, {self.errors.total()} errors")
        return table + [f"  {count} × {error}" for error, count in self.errors.most_common(10)]
