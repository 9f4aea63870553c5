"""Run functions in the workers of a Ray; this module and ``ray_serve`` alone import ``ray``.

``pip install 'vl-clip-studio[scale]'`` installs it; nothing else needs it.
"""

from __future__ import annotations

import atexit
import logging
import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext, suppress
from importlib.util import find_spec
from itertools import cycle
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, TypeVar

from core.base.lazy import lazy
from core.base.ray_connection import Connection, in_thread
from core.base.ray_pool import RayPool
from core.errors import ClusterLost, SettingsError, StudioError, WorkerLost

T = TypeVar("T")
R = TypeVar("R")

#: Where work runs: in this process, or in the workers of a Ray that is started for it.
LOCAL, RAY = "local", "ray"
#: A Ray that runs already: its server for clients, whose port is 10001 unless said otherwise.
_ADDRESS = re.compile(r"ray://(?P<host>[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(?P<port>:\d{1,5})?")
_PORT = ":10001"
#: How long the workers of a client that was killed, or can't be reached, are kept for it, seconds.
#: They hold their cores meanwhile, so whoever runs the job again waits for them.
_KEPT_FOR = 10
#: Longest wait for a Ray's client to take its leave, seconds.
_LEAVING = 10.0
#: Threads of each process that runs functions.
THREADS = 8
#: How often work is begun again after its worker was lost, before it is given up.
_RETRIES = 1
#: What Ray says where the process that it starts for a client ends at once, and how often it is
#: asked anew: a race in Ray lets one in some ten end (github.com/ray-project/ray/issues/63202).
_ENDED_AT_ONCE, _ATTEMPTS = "Starting Ray client server failed", 4
_MISSING = (
    "Ray is not installed here. Install it (pip install 'vl-clip-studio[scale]', or pip install "
    "'ray[client]'), or index in this process: --on local."
)
_NOT_REACHED = (
    "The Ray at {} can't be used: {} On its head, “ray start --head --ray-client-server-port "
    "10001” must run with the same versions of Python and Ray; where it asks for a token, this "
    "machine needs the same one (variable RAY_AUTH_TOKEN, or the file .ray/auth_token at home)."
)
_LETS_ALL_IN = (
    "The Ray at {} asks for no token: whoever reaches its ports can run programs there. Make "
    "one on its head before it starts: ray get-auth-token --generate."
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
    if place != RAY and not _ADDRESS.fullmatch(place):
        raise SettingsError(f"--on takes local, ray or ray://HOST[:PORT]; got “{place[:100]}”.")
    if find_spec("ray") is None:
        raise SettingsError(_MISSING)


def workers_on(
    place: str, count: int = 0, gpus: float = 0.0
) -> AbstractContextManager[RayCluster | None]:
    """Start what work runs in; leaving the context ends it.

    Call it before LanceDB is imported: Ray starts processes, and LanceDB warns of every fork.

    Args:
        place: ``local``; ``ray``, a Ray of its own on this machine; or ``ray://HOST[:PORT]``, one
            that runs already.
        count: Number of workers; 0 takes one per processor core.
        gpus: GPUs that each worker holds; may be a fraction.

    Returns:
        The workers; ``None`` for this process.

    Raises:
        SettingsError: There is no such place, Ray is not installed, it can't be started or reached,
            or it has too few cores or GPUs.
    """
    check_place(place)
    return nullcontext() if place == LOCAL else RayCluster(place, count, gpus)


class RayCluster(AbstractContextManager["RayCluster"]):
    """Workers of a Ray; leaving the context ends them, and the Ray if it was started for them.

    Args:
        place: ``ray`` or ``ray://HOST[:PORT]``; see ``workers_on``.
        workers: Number of workers; 0 takes one per processor core of the cluster.
        gpus: GPUs that each worker holds; may be a fraction.

    Attributes:
        count: Number of workers.
        dashboard: Address of Ray's own page; empty if it has none.
        warning: A sentence for whoever runs the cluster; empty if there is nothing to say.

    Raises:
        SettingsError: It can't be started or reached, or has too few cores or GPUs.
    """

    def __init__(self, place: str = RAY, workers: int = 0, gpus: float = 0.0) -> None:
        check_place(place)
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would report to its makers
        os.environ.setdefault("RAY_CLIENT_RECONNECT_GRACE_PERIOD", str(_KEPT_FOR))
        # A client whose head is lost would start a Ray of its own here, in the midst of its work.
        os.environ.setdefault("RAY_ENABLE_AUTO_CONNECT", "0")
        address = _ADDRESS.fullmatch(place)
        if address is not None and _has_token():
            # Ray turns its token on for a new cluster, but not for a client of one.
            os.environ.setdefault("RAY_AUTH_MODE", "token")
        import ray

        self._ray: Any = ray
        #: Errors of a client whose head is lost; none where the Ray is this process's own.
        self._losses: tuple[type[BaseException], ...] = ()
        self._is_connected: Callable[[], bool] = lambda: True
        self._place, self._gpus, self.warning = place, gpus, ""
        self._connection = Connection(place, self._own)
        context = self._started(workers) if address is None else self._connected(address)
        page = str(getattr(context, "dashboard_url", None) or "")
        self.dashboard = f"http://{page}" if page else ""
        try:
            self.count = workers or max(1, int(self._resources().get("CPU", 1)))
            self.check_room(self.count, gpus)
        except StudioError:
            self.close()
            raise

    def check_room(self, workers: int, gpus: float) -> None:
        """Check that so many workers with so many GPUs each fit; raises ``SettingsError``."""
        total = self._resources()
        cores, all_gpus = total.get("CPU", 0), total.get("GPU", 0)
        if workers > cores or workers * gpus > all_gpus:
            raise SettingsError(
                f"{workers} workers with {gpus:g} GPUs each do not fit into the cluster: it has "
                f"{cores:g} processor cores and {all_gpus:g} GPUs."
            )

    def _resources(self) -> dict[str, float]:
        """Return the cores and GPUs of the cluster, under Ray's names."""
        resources: dict[str, float] = self._connection.done(self._ray.cluster_resources)
        return resources

    def _started(self, workers: int) -> Any:
        """Start a Ray of its own, not one that happens to run on this machine."""
        try:
            context = self._ray.init(
                address="local", num_cpus=max(workers, os.cpu_count() or 1),
                include_dashboard=False, logging_level="ERROR", log_to_driver=False,
            )  # fmt: skip
        except Exception as error:  # Ray raises that itself where a busy machine is too slow for it
            raise SettingsError(f"Ray can't be started here: {_reason(error)}") from error
        _keep_token_private()
        return context

    def _connected(self, address: re.Match[str]) -> Any:
        """Connect to the server for clients of a Ray that runs already."""
        import grpc  # comes with Ray's client
        from ray.util.client import ray as client

        _keep_client_quiet()
        self._losses, self._is_connected = (ConnectionError, grpc.RpcError), client.is_connected
        url = f"ray://{address['host']}{address['port'] or _PORT}"
        refusals = (OSError, RuntimeError, ValueError, grpc.RpcError, self._ray.exceptions.RayError)
        try:
            context = self._joined(url)
        except refusals as error:
            raise SettingsError(_NOT_REACHED.format(url, _reason(error))) from error
        self._connection.watch(self._ray.cluster_resources)
        if not _has_token():
            self.warning = _LETS_ALL_IN.format(url)
        return context

    def _joined(self, url: str) -> Any:
        """Join a Ray as its client, again where its process for this client ended at once."""
        for _ in range(_ATTEMPTS - 1):
            try:
                return self._ray.init(url, logging_level="ERROR", log_to_driver=False)
            except ConnectionAbortedError as error:
                if _ENDED_AT_ONCE not in str(error):
                    raise
        return self._ray.init(url, logging_level="ERROR", log_to_driver=False)

    def call(self, function: Callable[..., R], *given: Any) -> R:
        """Run a function on any machine and return its result; many threads may call at once.

        Where its process ends, it is run again in one of its own, so that no other is lost with it.

        Raises:
            WorkerLost: That ended, too.
            ClusterLost: The head of the cluster is lost.
        """
        asked = self._connection.asked
        result: Future[R]
        with suppress(WorkerLost):
            result = asked(lambda: next(self._helpers).run.remote(function, *given).future())
            return result.result()
        alone = self._ray.remote(function).options(max_retries=_RETRIES, num_cpus=0)
        result = asked(lambda: alone.remote(*given).future())
        return result.result()

    @lazy
    def _helpers(self) -> Iterator[Any]:
        """Processes that run functions in several threads, spread over the machines, in turns."""
        kind = self._ray.remote(_Helper).options(
            max_restarts=-1, max_concurrency=THREADS, num_cpus=0, scheduling_strategy="SPREAD"
        )
        return cycle([kind.remote() for _ in range(self.count)])

    def pool(self, make: Callable[[], Callable[[T], R]]) -> RayPool[T, R]:
        """Return workers; each calls ``make`` once, then its result with one value at a time."""
        kind = self._ray.remote(_Worker).options(num_cpus=1, num_gpus=self._gpus)
        return RayPool(lambda: kind.remote(make), self.count, self._connection)

    def close(self) -> None:
        """End the workers, and Ray if it was started for them."""
        self._connection.close()
        if not self._losses:
            self._ray.shutdown()
            return
        try:
            in_thread(self._ray.shutdown).result(_LEAVING)
        except Exception:  # it waits for a lost head, and would again at the end of this process
            atexit.unregister(self._ray.shutdown)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _own(self, error: BaseException) -> BaseException:
        errors = self._ray.exceptions
        if isinstance(error, errors.RayTaskError):
            cause = getattr(error, "cause", None)
            return cause if isinstance(cause, BaseException) else error
        if getattr(error, "actor_init_failed", False):
            last = str(error).strip().splitlines()[-1][:300]
            return SettingsError(_CANNOT_START.format(last))
        lost = (errors.RayActorError, errors.WorkerCrashedError, errors.OutOfMemoryError,
                errors.NodeDiedError, errors.ObjectLostError)  # fmt: skip
        if isinstance(error, self._losses) or not self._is_connected():
            return ClusterLost(self._place)
        return WorkerLost() if isinstance(error, lost) else error


def _has_token() -> bool:
    """Tell whether Ray would find a token for a cluster that asks for one."""
    named = os.environ.get("RAY_AUTH_TOKEN") or os.environ.get("RAY_AUTH_TOKEN_PATH")
    return bool(named) or _token_file().is_file()


def _token_file() -> Path:
    return Path.home() / ".ray" / "auth_token"


def _keep_token_private() -> None:
    """Let nobody else on this machine read the token that Ray makes: it lets run any program."""
    with suppress(OSError):
        _token_file().chmod(0o600)


def _keep_client_quiet() -> None:
    """Let Ray's client not log that it lost its head: ``ClusterLost`` says that."""
    logging.getLogger("ray.util.client").setLevel(logging.CRITICAL)
    logging.getLogger("ray.util.client.logsclient").addHandler(logging.NullHandler())


def _reason(error: Exception) -> str:
    """Return an error of Ray's as one sentence."""
    return " ".join(str(error).split())[:300].rstrip(".") + "."


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

    def ready(self) -> None:
        """Answer as soon as the process runs."""

    def run(self, value: T) -> R:
        return self._work(value)
