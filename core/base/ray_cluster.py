"""Run functions in the workers of a Ray of this machine; the one module that imports ``ray``.

``pip install 'vl-clip-studio[scale]'`` installs it; nothing else needs it.
"""

from __future__ import annotations

import os
import queue
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from importlib.util import find_spec
from itertools import cycle
from types import TracebackType
from typing import Any, Generic, TypeVar

from core.base.lazy import lazy
from core.errors import SettingsError, WorkerLost

T = TypeVar("T")
R = TypeVar("R")

#: Where work runs: in this process, or in the workers of a Ray that is started for it.
LOCAL, RAY = "local", "ray"
#: Threads of each process that runs functions.
THREADS = 8
#: How often work is begun again after its worker was lost, before it is given up.
_RETRIES = 1
_MISSING = (
    "Ray is not installed here. Install it (pip install 'ray[client]') here, or "
    "index on this machine alone: --on local."
)


_CANNOT_START = (
    "The workers of the cluster can't start: {} Install the same version of the studio, of Python "
    "and of Ray on all machines."
)


def check_place(place: str) -> None:
    """Check where work shall run, without connecting.

    Raises:
        SettingsError: There is no such place, or Ray is not installed.
    """
    if place == LOCAL:
        return
    if place != RAY:
        raise SettingsError(f"--on takes local or ray; got “{place[:100]}”.")
    if find_spec("ray") is None:
        raise SettingsError(_MISSING)


def workers_on(
    place: str, count: int = 0, gpus: float = 0.0
) -> AbstractContextManager[RayCluster | None]:
    """Start what work runs in; leaving the context ends it.

    Call it before LanceDB is imported: Ray starts processes, and LanceDB warns of every fork.

    Args:
        place: ``local`` or ``ray``, a Ray of its own on this machine.
        count: Number of workers; 0 takes one per processor core.
        gpus: GPUs that each worker holds; may be a fraction.

    Returns:
        The workers; ``None`` for this process.

    Raises:
        SettingsError: There is no such place, Ray is not installed, or it can't be started.
    """
    check_place(place)
    return nullcontext() if place == LOCAL else RayCluster(count, gpus)


class RayCluster(AbstractContextManager["RayCluster"]):
    """A Ray that is started on this machine; leaving the context ends it.

    Args:
        workers: Number of workers; 0 takes one per processor core of the cluster.
        gpus: GPUs that each worker holds; may be a fraction.

    Attributes:
        count: Number of workers.

    Raises:
        SettingsError: It can't be started, or has too few cores or GPUs.
    """

    def __init__(self, workers: int = 0, gpus: float = 0.0) -> None:
        check_place(RAY)
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would report to its makers
        import ray

        self._ray: Any = ray
        self._gpus = gpus
        self._started(workers)
        self.count = workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
        try:
            self.check_room(self.count, gpus)
        except SettingsError:
            self.close()
            raise

    def check_room(self, workers: int, gpus: float) -> None:
        """Check that so many workers with so many GPUs each fit; raises ``SettingsError``."""
        total = self._ray.cluster_resources()
        cores, all_gpus = total.get("CPU", 0), total.get("GPU", 0)
        if workers > cores or workers * gpus > all_gpus:
            raise SettingsError(
                f"{workers} workers with {gpus:g} GPUs each do not fit into the cluster: it has "
                f"{cores:g} processor cores and {all_gpus:g} GPUs."
            )

    def _started(self, workers: int) -> None:
        """Start a Ray of its own, not one that happens to run on this machine."""
        try:
            self._ray.init(
                address="local", num_cpus=max(workers, os.cpu_count() or 1),
                include_dashboard=False, logging_level="ERROR", log_to_driver=False,
            )  # fmt: skip
        except (ConnectionError, OSError, RuntimeError, ValueError) as error:
            reason = " ".join(str(error).split())[:300]
            raise SettingsError(f"Ray can't be started here: {reason}") from error

    def call(self, function: Callable[..., R], *given: Any) -> R:
        """Run a function on any machine and return its result; many threads may call at once.

        Where its process ends, it is run again in one of its own, so that no other is lost with it.

        Raises:
            WorkerLost: That ended, too.
        """
        helper = next(self._helpers)
        result: R
        try:
            result = self._result(helper.run.remote(function, *given))
        except WorkerLost:
            alone = self._ray.remote(function).options(max_retries=_RETRIES, num_cpus=0)
            result = self._result(alone.remote(*given))
        return result

    @lazy
    def _helpers(self) -> Iterator[Any]:
        """Processes that run functions in several threads, spread over the machines, in turns."""
        kind = self._ray.remote(_Helper).options(
            max_restarts=-1, max_concurrency=THREADS, num_cpus=0, scheduling_strategy="SPREAD"
        )
        return cycle([kind.remote() for _ in range(self.count)])

    def _result(self, reference: Any) -> Any:
        try:
            return self._ray.get(reference)
        except self._ray.exceptions.RayError as error:
            raise self._own(error) from error

    def pool(self, make: Callable[[], Callable[[T], R]]) -> RayPool[T, R]:
        """Return workers; each calls ``make`` once, then its result with one value at a time."""
        kind = self._ray.remote(_Worker).options(
            max_restarts=-1, max_task_retries=_RETRIES, num_cpus=1, num_gpus=self._gpus
        )
        return RayPool(lambda: [kind.remote(make) for _ in range(self.count)], self._translated)

    def close(self) -> None:
        """End Ray."""
        self._ray.shutdown()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _translated(self, answer: Future[R]) -> Future[R]:
        """Return a future with our own errors in place of Ray's."""
        translated: Future[R] = Future()

        def hand_on(done: Future[R]) -> None:
            error = done.exception()
            if error is None:
                translated.set_result(done.result())
            else:
                translated.set_exception(self._own(error))

        answer.add_done_callback(hand_on)
        return translated

    def _own(self, error: BaseException) -> BaseException:
        errors = self._ray.exceptions
        if isinstance(error, errors.RayTaskError):
            cause = getattr(error, "cause", None)
            return cause if isinstance(cause, BaseException) else error
        if getattr(error, "actor_init_failed", False):
            last = str(error).strip().splitlines()[-1][:300]
            return SettingsError(_CANNOT_START.format(last))
        lost = (errors.RayActorError, errors.WorkerCrashedError, errors.OutOfMemoryError)
        return WorkerLost() if isinstance(error, lost) else error


class RayPool(Generic[T, R]):
    """Workers of a cluster; see ``RayCluster.pool``.

    A worker has one value in hand and none waiting, so a value that ends its worker takes no other
    one with it.

    Args:
        start: Starts the workers, when the first value comes; returns their handles.
        own: Translates an answer of Ray's.
    """

    def __init__(
        self, start: Callable[[], list[Any]], own: Callable[[Future[R]], Future[R]]
    ) -> None:
        self._start, self._own = start, own

    @lazy
    def _free(self) -> queue.SimpleQueue[Any]:
        workers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        for worker in self._start():
            workers.put(worker)
        return workers

    def submit(self, value: T) -> Future[R]:
        """Give a value to the next free worker, and wait until there is one."""
        worker = self._free.get()
        answer = worker.run.remote(value).future()
        answer.add_done_callback(lambda _: self._free.put(worker))
        return self._own(answer)


class _Helper:
    """Runs functions."""

    def run(self, function: Callable[..., R], *given: Any) -> R:
        return function(*given)


class _Worker(Generic[T, R]):
    """What a worker process holds: the work, with its models."""

    def __init__(self, make: Callable[[], Callable[[T], R]]) -> None:
        self._make = make

    @lazy
    def _work(self) -> Callable[[T], R]:
        """Made by the first call, so that an error comes back as it was raised."""
        return self._make()

    def run(self, value: T) -> R:
        return self._work(value)
