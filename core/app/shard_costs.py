"""Where the shards of catalogues lie, and what they have cost."""

from __future__ import annotations

from pathlib import Path

from core.domain.usage import NOTHING, Spent
from core.language.shard_plan import COPYING, PlanFile
from core.store.ledger import Ledger


def plan_of(data_dir: Path, catalog: str) -> PlanFile:
    """Return the plan by which a catalogue is described in shards."""
    return PlanFile(data_dir / "agent" / "shards" / catalog)


def spent_in_shards(shards: PlanFile, ledger: Ledger) -> Spent:
    """Return the cost of a catalogue's shards that the data directory's ledger lacks."""
    plan = shards.active()
    if plan is None or plan.state != COPYING:
        return plan.spent if plan else NOTHING
    # some of the answers are in both
    folders = (shards.shard(number, plan) for number in range(plan.shards))
    return sum((ledger.cost_of_missing(Ledger(folder, folder)) for folder in folders), NOTHING)
