"""List prices of tokens, from ``data/prices.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from core.domain.usage import Spent, Usage
from core.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars per million tokens of one model."""

    input: float
    output: float
    cache_write: float
    cache_read: float

    def of(self, usage: Usage) -> float:
        """Return the full price of some usage, in dollars."""
        per_million = (
            usage.input_tokens * self.input
            + usage.output_tokens * self.output
            + usage.cache_creation_input_tokens * self.cache_write
            + usage.cache_read_input_tokens * self.cache_read
        )
        return per_million / 1e6


class Prices:
    """Prices of all models that have a known one.

    Args:
        models: Price per model name.
        batch: Share of the price that an answer in a batch costs.
        date: Date of the list.
        unknown: Models that are listed as having no published price.
    """

    def __init__(
        self,
        models: Mapping[str, Price],
        batch: float = 0.5,
        date: str = "",
        unknown: Collection[str] = (),
    ) -> None:
        self._models = dict(models)
        self._batch = batch
        self.date, self.unknown = date, frozenset(unknown)

    def knows(self, model: str) -> bool:
        """Tell whether the model has a price."""
        return model in self._models

    def spent(self, model: str, usage: Usage, *, batch: bool = False) -> Spent:
        """Return tokens with their dollars; ``None`` dollars if the model has no known price."""
        price = self._models.get(model)
        if price is None:
            return Spent(usage, None)
        return Spent(usage, price.of(usage) * (self._batch if batch else 1.0))


def load_prices(path: Path) -> Prices:
    """Read the price list.

    Raises:
        SettingsError: It is missing or broken; the sentence says where.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        write, read = float(table["cache_write"]), float(table["cache_read"])
        models = {
            name: Price(
                float(given["input"]),
                float(given["output"]),
                float(given.get("cache_write", write * given["input"])),
                float(given.get("cache_read", read * given["input"])),
            )
            for name, given in table["models"].items()
        }
        if any(min(p.input, p.output, p.cache_write, p.cache_read) < 0 for p in models.values()):
            raise ValueError("a price is negative")
        unknown = [str(name) for name in table["unknown"]]
        return Prices(models, float(table["batch"]), str(table["date"]), unknown)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SettingsError(f"The price list {path} can't be read: {error}.") from None
