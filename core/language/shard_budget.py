"""A shard's part of the one budget of all shards."""

from __future__ import annotations

from core.domain.usage import Spent, Usage
from core.language.budget import Budget
from core.language.model_prices import Prices
from core.language.shard_plan import PlanFile


class ShardBudget(Budget):
    """A budget that starts from what the shard's ledger holds, and grows within the plan's.

    Where the shard's allotment is used up, the plan is asked, also while it has no budget: one may
    be set while the shard is at work.

    Args:
        model: Name of the model.
        prices: Prices of tokens.
        plan_file: The plan of all shards.
        shard: Which shard; its lock is held.
        spent: Cost of the answers in the shard's ledger.
        reserved: The most that its batches under way may cost.

    Raises:
        SettingsError: Dollars are capped, but the model has no known price.
    """

    def __init__(
        self, model: str, prices: Prices, plan_file: PlanFile, shard: int, spent: Spent,
        reserved: Spent,
    ) -> None:  # fmt: skip
        stored = plan_file.stored()
        super().__init__(model, prices, dollars=stored.dollars, tokens=stored.tokens)
        self._plan_file, self._shard = plan_file, shard
        self._spent, self._reserved = spent, reserved
        self._allotted = plan_file.note(shard, spent, reserved)

    def reserve(self, most: Usage, *, batch: bool = False) -> Spent:
        """Reserve the largest possible cost of a question; raises ``BudgetReached``."""
        wanted = self._prices.spent(self._model, most, batch=batch)
        with self._lock:
            then = self._spent + self._reserved + wanted
            if not self._covers(then):
                self._allotted = self._plan_file.grow(self._shard, then)
            self._reserved += wanted
        return wanted

    def settle_earlier(self, most: Spent) -> None:
        """Release what an earlier process had reserved for a batch that has ended."""
        with self._lock:
            self._reserved -= most

    def close(self) -> None:
        """Give back what is allotted and neither spent nor reserved."""
        with self._lock:
            self._allotted = self._plan_file.note(self._shard, self._spent, self._reserved)

    def _covers(self, cost: Spent) -> bool:
        dollars, allotted = cost.dollars, self._allotted
        return cost.usage.tokens <= allotted.usage.tokens and (
            allotted.dollars is None or (dollars is not None and dollars <= allotted.dollars)
        )
