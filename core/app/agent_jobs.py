"""The agent over a catalogue as a page sees it: start with a budget, watch, stop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core.app.rewriting import RewritingService
from core.domain import Job, RewriteReport, Spent
from core.errors import QueryError
from core.jobs import BegunJob
from core.language.orders import NO_DETAILS, AgentDetails, AgentOrder, rewriting_job

#: So many item ids are taken from a page at most.
MOST_IDS = 10_000


@dataclass(frozen=True, slots=True)
class AgentState:
    """What a page shows.

    Attributes:
        catalog: Which.
        off: Why the agent can't be asked; empty when it can.
        model: Who is asked.
        left: Items that it has not described as they are now.
        spent: All that was ever paid for in this data directory.
        job: The running or last job on this catalogue, of whatever process.
        details: What was asked, how far it is, and how it ended.
        batches: Batches of this studio that were handed in and not fetched.
        questions: Questions in them.
        since: When the first of them was handed in.
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
        """The agent is at work on the catalogue."""
        return self.job is not None and self.job.running


class AgentJobs:
    """The agent's job on each catalogue; what it has done is kept whatever happens."""

    def __init__(self, verbs: RewritingService) -> None:
        self._verbs = verbs

    def state(self, catalog: str) -> AgentState:
        """How things are on one catalogue."""
        off = self._verbs.agent_off()
        waiting = () if off else self._verbs.open_batches()
        job = rewriting_job(self._verbs.folder(catalog)).read()
        return AgentState(
            catalog, off,
            "" if off else self._verbs.agent_name(),
            0 if off else self._verbs.left(catalog),
            self._verbs.spent(), job, AgentDetails.of(job) if job else NO_DETAILS,
            batches=len(waiting),
            questions=sum(len(batch.roles) for batch in waiting),
            since=waiting[0].at if waiting else None,
        )  # fmt: skip

    def begin(self, catalog: str, author: str, order: AgentOrder) -> BegunJob[RewriteReport]:
        """Take an order on; returns the job, to be run in any thread.

        Raises:
            SettingsError: The agent is off, or a budget in dollars can't be kept.
            QueryError: It has no budget, or names an item that is not there.
            CatalogBusy: A job is at work on this catalogue.
        """
        if not order.dollars and not order.tokens:
            raise QueryError("Give the agent a budget, in dollars or in tokens.")
        limits = replace(
            self._verbs.limits(),
            dollars=order.dollars, tokens=order.tokens, batch=order.batch, wait=order.batch,
        )  # fmt: skip
        return self._verbs.begin_rewrite(catalog, order, limits, author=author)

    def stop(self, catalog: str) -> bool:
        """Ask the running job, of whatever process, to stop before its next question.

        What is answered is kept. Returns false where no job is running.
        """
        return rewriting_job(self._verbs.folder(catalog)).stop()

    def dismiss(self, catalog: str) -> None:
        """Forget what is said of the last job."""
        rewriting_job(self._verbs.folder(catalog)).dismiss()


def item_ids(text: str) -> tuple[str, ...]:
    """Item ids from a field: separated by spaces, commas or lines, each once.

    Raises:
        QueryError: There are too many.
    """
    ids: Sequence[str] = list(dict.fromkeys(text.replace(",", " ").split()))
    if len(ids) > MOST_IDS:
        raise QueryError(f"Give {MOST_IDS:,} item ids at most, or none for all items.")
    return tuple(ids)
