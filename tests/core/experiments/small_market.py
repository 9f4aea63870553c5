"""A small market for tests: two engines, one of which ranks better."""

from __future__ import annotations

import random

from core.experiments.market import Market, MarketItem, MarketQuery
from core.experiments.model import Experiment, ExperimentKind, Variant


def market(queries: int = 8, items: int = 16) -> Market:
    """Return queries whose engine “good” ranks nearly by grade, and “plain” less so."""
    draw = random.Random(7)
    asked, stock = [], {}
    for number in range(queries):
        ids = [f"{number}-{place}" for place in range(items)]
        grades = {item_id: draw.choice((0, 0, 1 / 3, 2 / 3, 1)) for item_id in ids}
        rankings = {
            engine: tuple(sorted(ids, key=lambda name: draw.gauss(-grades[name], noise)))
            for engine, noise in (("plain", 0.6), ("good", 0.3))
        }
        asked.append(MarketQuery(f"query {number}", grades, rankings))
        stock |= {item_id: MarketItem(20.0, "lamp") for item_id in ids[::2]}
    return Market(tuple(asked), stock)


def experiment(kind: str = "ab", **more: object) -> Experiment:
    """Return an experiment of plain against good."""
    variants = (Variant("plain", "plain"), Variant("good", "good"))
    return Experiment(
        "lists", "Lists", kind=ExperimentKind(kind), variants=variants, salt="lists", **more
    )  # type: ignore[arg-type]
