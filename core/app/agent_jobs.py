"""Jobs of the rewriting agent on a catalogue: start with a budget, progress, stop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core.app.rewriting import RewritingService
from core.domain import Job, RewriteReport, Spent
from core.errors import QueryError
from core.jobs import BegunJob, JobFile
from core.language.orders import NO_DETAILS, AgentDetails, AgentOrder, rewriting_job

#: Most item ids in one order from a page.
MOST_IDS = 10_000


@dataclass(frozen=True, slots=True)
class AgentState:
    """State of the agent on one catalogue, as a page shows it.

    Attributes:
        catalog: Name of the catalogue.
        off: Why the agent can't run; empty if it can.
        model: Name of its model.
        left: Number of items that it has not described in their present state.
        spent: Total cost in this data directory.
        job: The running or last job on this catalogue, of any process.
        details: The job's order, progress and result.
        batches: Number of submitted batches whose answers are not fetched yet.
        questions: Number of questions in them.
        since: Time when the first of them was submitted.
    """

    catalog: str
    off: str
    model: str
    left: int
    spent: Spent
    job: Job | None = None
    details: AgentDetails = NO_DETAILS
    batches: int = 0
    questions: int = 0
    since: datetime | None = None

    @property
    def running(self) -> bool:
        """Whether the agent's job on the catalogue runs."""
        return self.job is not None and self.job.running


class AgentJobs:
    """Starts and stops the agent's jobs; finished items are kept when a job fails or stops."""

    def __init__(self, rewriting: RewritingService) -> None:
        self._rewriting = rewriting

    def job(self, catalog: str) -> JobFile:
        """Return the agent's job on a catalogue, to read, stop or dismiss it.

        It stops before its next question; results so far are kept.
        """
        return rewriting_job(self._rewriting.folder(catalog))

    def state(self, catalog: str) -> AgentState:
        """Return the state of the agent on one catalogue."""
        off = self._rewriting.agent_off()
        waiting = () if off else self._rewriting.open_batches()
        job = self.job(catalog).read()
        return AgentState(
            catalog, off,
            "" if off else self._rewriting.agent_name(),
            0 if off else self._rewriting.left(catalog),
            self._rewriting.spent(), job, AgentDetails.of(job) if job else NO_DETAILS,
            batches=len(waiting),
            questions=sum(len(batch.roles) for batch in waiting),
            since=waiting[0].at if waiting else None,
        )  # fmt: skip

    def begin(self, catalog: str, author: str, order: AgentOrder) -> BegunJob[RewriteReport]:
        """Begin a job for an order; run the returned job in any thread.

        Raises:
            SettingsError: The agent is off, or its model has no known price for a dollar budget.
            QueryError: The order has no budget, or names an unknown item.
            CatalogBusy: Another rewriting job runs on this catalogue.
        """
        if not order.dollars and not order.tokens:
            raise QueryError("Give the agent a budget, in dollars or in tokens.")
        limits = replace(
            self._rewriting.limits(),
            dollars=order.dollars, tokens=order.tokens, batch=order.batch, wait=order.batch,
        )  # fmt: skip
        return self._rewriting.begin_rewrite(catalog, order, limits, author=author)


def item_ids(text: str) -> tuple[str, ...]:
    """Parse item ids that are separated by spaces, commas or lines; drop repeats.

    Raises:
        QueryError: There are too many.
    """
    ids: Sequence[str] = list(dict.fromkeys(text.replace(",", " ").split()))
    if len(ids) > MOST_IDS:
        raise QueryError(f"Give {MOST_IDS:,} item ids at most, or none for all items.")
    return tuple(ids)
