"""The plan of describing a catalogue in shards: how many, one budget, and what each may spend.

It is one small file that all processes change under a lock. A shard may never spend more than what
it was allotted there, and all allotments together never exceed the budget. So the budget holds with
any number of processes, and when one is killed its allotment stays its own until the shard goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from core.base.locks import WRITE, file_lock
from core.base.shared_files import latest, read_to_change, share, unshare_all
from core.domain.usage import NOTHING, Spent
from core.errors import BudgetReached, SettingsError

#: States of a plan: its shards are worked on; a merge checks whether all have ended, and may open
#: them again; it copies their answers, and never does; all are copied.
OPEN, MERGING, COPYING, MERGED = "open", "merging", "copying", "merged"
#: An allotment is what is needed and this part more, where the budget has room: so the plan is
#: changed far less often than there are questions.
_AHEAD = 0.1


@dataclass(frozen=True, slots=True)
class ShardCost:
    """What a shard may spend at most, and what it has spent."""

    allotted: Spent = NOTHING
    spent: Spent = NOTHING


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan as it is stored.

    Attributes:
        number: Which plan of this catalogue.
        shards: How many shards.
        dollars: Most that all of them may spend; ``None`` is no cap.
        tokens: Most tokens; ``None`` is no cap.
        state: ``open``, ``merging``, ``copying`` or ``merged``.
        costs: By shard.
    """

    number: int
    shards: int
    dollars: float | None = None
    tokens: int | None = None
    state: str = OPEN
    costs: Mapping[int, ShardCost] = field(default_factory=dict)

    @property
    def spent(self) -> Spent:
        """What all shards have spent, as far as it was noted."""
        return sum((cost.spent for cost in self.costs.values()), NOTHING)

    @property
    def allotted(self) -> Spent:
        """What all shards may spend by now."""
        return sum((cost.allotted for cost in self.costs.values()), NOTHING)

    def with_cost(self, shard: int, cost: ShardCost) -> Plan:
        """Return the plan with another cost of a shard."""
        return replace(self, costs={**self.costs, shard: cost})


_JSON = TypeAdapter(Plan)


class PlanFile:
    """The file with the plan of one catalogue, which all processes read and change.

    Args:
        folder: The catalogue's folder beside the ledger.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._file = folder, folder / "plan.json"
        #: Lock file of a merge.
        self.merging = folder / ".merging"

    def read(self) -> Plan | None:
        """Return the plan, as it is now; ``None`` if there was none; raises ``SettingsError``."""
        try:
            text = latest(self._file, 0.0).read_bytes()
        except FileNotFoundError:
            return None
        try:
            return _JSON.validate_json(text)
        except ValidationError:
            raise SettingsError(f"{self._file} is damaged; put back a copy of it.") from None

    def stored(self) -> Plan:
        """Return the plan; raises ``SettingsError`` where there is none."""
        return self._existing(self.read())

    def active(self) -> Plan | None:
        """Return the plan if its answers are not merged yet."""
        plan = self.read()
        return plan if plan is not None and plan.state != MERGED else None

    def shard(self, number: int, plan: Plan) -> Path:
        """Return the folder of a shard."""
        return self._folder / str(plan.number) / f"{number:04}"

    def open(self, shards: int | None, dollars: float | None, tokens: int | None) -> Plan:
        """Return the open plan, or begin one; a budget that is given replaces the plan's.

        Raises:
            SettingsError: There is no open plan and no number of shards; the plan has another
                number, is being merged, or has given out more than the new budget.
        """
        if shards is not None and shards < 1:
            raise SettingsError(f"A catalogue has one shard at least; got {shards}.")

        def opened(plan: Plan | None) -> Plan:
            if plan is None or plan.state == MERGED:
                if shards is None:
                    raise SettingsError("Say into how many shards: --shards N.")
                return Plan(1 if plan is None else plan.number + 1, shards, dollars, tokens)
            if plan.state != OPEN:
                raise SettingsError(
                    "The shards' answers are being merged; end that first with --merge."
                )
            if shards not in (None, plan.shards):
                raise SettingsError(
                    f"This catalogue is being described in {plan.shards} shards, not in {shards}. "
                    "Leave the number out, or end with --merge first."
                )
            budgeted = replace(
                plan,
                dollars=plan.dollars if dollars is None else dollars,
                tokens=plan.tokens if tokens is None else tokens,
            )
            if budgeted.dollars is not None and plan.allotted.dollars is None:
                raise SettingsError(
                    "Answers of these shards have no known price, so a budget in dollars can't be "
                    "kept. Give it in tokens, or end the shards with --merge first."
                )
            if _beyond(plan.allotted, budgeted):
                raise SettingsError(
                    f"The shards have been given {plan.allotted} already, more than this budget."
                )
            return budgeted

        return self._change(opened)

    def grow(self, shard: int, needed: Spent) -> Spent:
        """Allot a shard at least ``needed`` in all; return its allotment.

        Raises:
            BudgetReached: All allotments together would exceed the budget.
        """

        def grown(plan: Plan | None) -> Plan:
            plan = self._existing(plan)
            cost = plan.costs.get(shard, ShardCost())
            others = plan.allotted - cost.allotted
            for wanted in (needed + _part(needed, _AHEAD), needed):
                if not _beyond(others + wanted, plan):
                    return plan.with_cost(shard, replace(cost, allotted=wanted))
            raise BudgetReached(f"The budget of {_budget(plan)} for all shards is used up.")

        return self._change(grown).costs[shard].allotted

    def note(self, shard: int, spent: Spent, reserved: Spent) -> Spent:
        """Store what a shard has spent and reserved, which is its allotment then; return it."""

        def noted(plan: Plan | None) -> Plan:
            plan = self._existing(plan)
            return plan.with_cost(shard, ShardCost(spent + reserved, spent))

        return self._change(noted).costs[shard].allotted

    def set_state(self, state: str) -> None:
        """Store another state of the plan."""

        def moved(plan: Plan | None) -> Plan:
            plan = self._existing(plan)
            return replace(plan, state=state)

        self._change(moved)

    def delete_merged(self) -> None:
        """Delete the folders of shards whose answers are merged, also what a killed merge left."""
        plan = self.read()
        if plan is not None:
            ended = plan.number if plan.state == MERGED else plan.number - 1
            for number in range(1, ended + 1):
                unshare_all(self._folder / str(number))

    def _existing(self, plan: Plan | None) -> Plan:
        if plan is None:
            raise SettingsError(f"{self._file} is gone; put back a copy of it.")
        return plan

    def _change(self, change: Callable[[Plan | None], Plan]) -> Plan:
        with file_lock(self._folder / ".plan", WRITE):
            version = read_to_change(self._file)
            plan = change(self.read())
            share(self._file, _JSON.dump_json(plan), over=version)
        return plan


def _beyond(cost: Spent, plan: Plan) -> bool:
    """Tell whether a cost is more than a plan's budget."""
    dollars = plan.dollars is not None and (cost.dollars is None or cost.dollars > plan.dollars)
    return dollars or (plan.tokens is not None and cost.usage.tokens > plan.tokens)


def _part(cost: Spent, part: float) -> Spent:
    """Return a part of a cost."""
    usage = replace(NOTHING.usage, input_tokens=int(cost.usage.tokens * part))
    return Spent(usage, None if cost.dollars is None else cost.dollars * part)


def _budget(plan: Plan) -> str:
    parts = [f"${plan.dollars:g}"] if plan.dollars is not None else []
    return " and ".join([*parts, *([f"{plan.tokens} tokens"] if plan.tokens is not None else [])])
