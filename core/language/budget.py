"""A limit on a job's cost that holds also with many parallel questions."""

from __future__ import annotations

import threading

from core.domain.usage import Spent, Usage
from core.errors import BudgetReached, SettingsError
from core.language.model_prices import Prices


class Budget:
    """Dollars or tokens that may be spent; ``None`` is no cap.

    A question reserves its largest possible cost before it is sent, so the limit holds with any
    number of parallel questions.

    Raises:
        SettingsError: Dollars are capped, but the model has no known price.
    """

    def __init__(
        self,
        model: str,
        prices: Prices,
        *,
        dollars: float | None = None,
        tokens: int | None = None,
    ) -> None:
        if dollars is not None and not prices.knows(model):
            raise SettingsError(
                f"{model} has no price in data/prices.toml, so a budget in dollars can't be kept. "
                "Give it in tokens, or add the price."
            )
        self._model, self._prices = model, prices
        self._dollars, self._tokens = dollars, tokens
        self._lock = threading.Lock()
        self._spent, self._reserved = Spent(), Spent()

    def reserve(self, most: Usage, *, batch: bool = False) -> Spent:
        """Reserve the largest possible cost of a question; :meth:`settle` replaces it.

        Raises:
            BudgetReached: The rest of the budget is too small.
        """
        wanted = self._prices.spent(self._model, most, batch=batch)
        with self._lock:
            then = self._spent + self._reserved + wanted
            if self._tokens is not None and then.usage.tokens > self._tokens:
                raise BudgetReached(f"The budget of {self._tokens} tokens is used up.")
            if self._dollars is not None and (then.dollars or 0.0) > self._dollars:
                raise BudgetReached(f"The budget of ${self._dollars:g} is used up.")
            self._reserved += wanted
        return wanted

    def settle(self, reserved: Spent, actual: Spent) -> None:
        """Replace a reservation by the real cost."""
        with self._lock:
            self._spent += actual
            self._reserved -= reserved

    def settle_earlier(self, most: Spent) -> None:
        """Release the reservation of an earlier process's batch; here it was none of this job's."""
