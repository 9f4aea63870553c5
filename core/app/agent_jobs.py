"""The agent over a catalogue as a page sees it: start with a budget, watch, stop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from core.domain import RewriteProgress, RewriteReport, Spent
from core.errors import CatalogBusy, QueryError, StudioError
from core.language.orders import AgentJob, AgentOrder, JobFile

if TYPE_CHECKING:
    from core.app.rewriting import RewritingService

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
        job: The running or last job on this catalogue, also of an earlier start of the app.
        elsewhere: A job of another process (a command, another server) is at work on it.
        batches: Batches of this studio that were handed in and not fetched.
        questions: Questions in them.
        since: When the first of them was handed in.
    """

    catalog: str
    off: str
    model: str
    left: int
    spent: Spent
    job: AgentJob | None
    elsewhere: bool = False
    batches: int = 0
    questions: int = 0
    since: datetime | None = None


class AgentJobs:
    """One job per catalogue and process; what it has done is kept whatever happens."""

    def __init__(self, verbs: RewritingService) -> None:
        self._verbs = verbs
        self._jobs: dict[str, AgentJob] = {}
        self._files: dict[str, JobFile] = {}
        self._stopping: set[str] = set()
        self._lock = threading.Lock()

    def state(self, catalog: str) -> AgentState:
        """How things are on one catalogue."""
        off = self._verbs.agent_off()
        model = "" if off else self._verbs.agent_name()
        left = 0 if off else self._verbs.left(catalog)
        waiting = () if off else self._verbs.open_batches()
        with self._lock:
            job = self._jobs.get(catalog)
        elsewhere = (job is None or not job.running) and self._verbs.at_work(catalog)
        if job is None or elsewhere:
            job = self._file(catalog).read()
        if job is not None and job.running and catalog not in self._jobs and not elsewhere:
            job = replace(job, cut_off=True)
        return AgentState(
            catalog, off, model, left, self._verbs.spent(), job, elsewhere,
            batches=len(waiting),
            questions=sum(len(batch.roles) for batch in waiting),
            since=waiting[0].at if waiting else None,
        )  # fmt: skip

    def order(self, catalog: str, author: str, order: AgentOrder) -> Callable[[], None]:
        """Take an order on; returns the work, to be run in a thread.

        Raises:
            SettingsError: The agent is off, or a budget in dollars can't be kept.
            QueryError: It has no budget, or names an item that is not there.
            CatalogBusy: A job is at work on this catalogue.
        """
        if not order.dollars and not order.tokens:
            raise QueryError("Give the agent a budget, in dollars or in tokens.")
        self._verbs.check_order(catalog, order.item_ids, order.dollars)
        with self._lock:
            running = self._jobs.get(catalog)
            if running is not None and running.running:
                raise CatalogBusy(f"The agent is at work on “{catalog}” already.")
            self._jobs[catalog] = job = AgentJob(catalog, author, order)
            self._stopping.discard(catalog)
        self._file(catalog).write(job)
        return lambda: self._run(catalog, order)

    def stop(self, catalog: str) -> None:
        """Ask a running job to stop before its next question; what is answered is kept."""
        with self._lock:
            self._stopping.add(catalog)

    def _run(self, catalog: str, order: AgentOrder) -> None:
        limits = replace(
            self._verbs.limits(),
            dollars=order.dollars, tokens=order.tokens, batch=order.batch, wait=order.batch,
        )  # fmt: skip
        try:
            report = self._verbs.rewrite(
                catalog,
                item_ids=order.item_ids,
                limit=order.limit,
                limits=limits,
                retry=order.retry,
                on_progress=lambda progress: self._note(catalog, progress=progress),
                should_stop=lambda: catalog in self._stopping,
            )
        except StudioError as problem:
            self._note(catalog, problem=str(problem))
        except Exception:
            self._note(catalog, problem="It failed; the server's log says why.")
            raise
        else:
            self._note(catalog, progress=report.progress, report=report)

    def _note(
        self,
        catalog: str,
        progress: RewriteProgress | None = None,
        report: RewriteReport | None = None,
        problem: str = "",
    ) -> None:
        with self._lock:
            job = self._jobs[catalog]
            job = replace(job, progress=progress or job.progress, report=report, problem=problem)
            self._jobs[catalog] = job
            self._file(catalog).write(job)

    def _file(self, catalog: str) -> JobFile:
        if catalog not in self._files:
            self._files[catalog] = JobFile(self._verbs.folder(catalog))
        return self._files[catalog]


def item_ids(text: str) -> tuple[str, ...]:
    """Item ids from a field: separated by spaces, commas or lines, each once.

    Raises:
        QueryError: There are too many.
    """
    ids: Sequence[str] = list(dict.fromkeys(text.replace(",", " ").split()))
    if len(ids) > MOST_IDS:
        raise QueryError(f"Give {MOST_IDS:,} item ids at most, or none for all items.")
    return tuple(ids)
