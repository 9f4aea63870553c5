"""Protocols of workers on other machines; who uses them does not know which library runs them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Protocol, TypeVar

T_contra = TypeVar("T_contra", contravariant=True)
T = TypeVar("T")
R = TypeVar("R")


class Pool(Protocol[T_contra, R]):
    """Workers with a model each; every worker has one value in hand at a time."""

    def submit(self, value: T_contra, patience: float) -> Future[R] | None:
        """Give a value to the next free worker; ``None`` if there is none within a time, seconds.

        The future raises what the work raised, or ``WorkerLost``.
        """
        ...


class Workers(Protocol):
    """Workers on this or other machines.

    Attributes:
        count: Number of workers of a pool.
    """

    count: int

    def call(self, function: Callable[..., R], *given: Any) -> R:
        """Run a function anywhere and return its result; many threads may call at once.

        Raises:
            WorkerLost: Its process ended, twice.
        """
        ...

    def pool(self, make: Callable[[], Callable[[T], R]]) -> Pool[T, R]:
        """Start workers; each calls ``make`` once, then its result with each value."""
        ...
