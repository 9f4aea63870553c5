"""A progress bar of a job that asks a language model: how far, what it cost, what is to go."""

from __future__ import annotations

from tqdm import tqdm

from core.domain import RewriteProgress


class SpendingBar:
    """A terminal progress bar with the cost so far and an estimate of the rest.

    Args:
        does: What is being done, one word.
        unit: Of what it counts.
    """

    def __init__(self, does: str, unit: str = "items") -> None:
        self._does, self._unit = does, unit
        self._bar: tqdm | None = None

    def __enter__(self) -> SpendingBar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def show(self, progress: RewriteProgress) -> None:
        """Draw one snapshot."""
        if self._bar is None:
            self._bar = tqdm(total=progress.total, desc=self._does, unit=self._unit)
        spent, to_go = progress.spent.dollars, progress.to_go
        money = "cost unknown" if spent is None else f"${spent:.3f}"
        rest = f", about ${to_go:.2f} to go" if to_go is not None else ""
        waiting = f", {progress.waiting} wait for a batch" if progress.waiting else ""
        self._bar.set_postfix_str(money + rest + waiting, refresh=False)
        self._bar.n = progress.done + progress.failed
        self._bar.refresh()
