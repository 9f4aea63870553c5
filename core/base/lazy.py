"""A property that is computed once per object, even if several threads read it first."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")


class lazy(Generic[T]):
    """Compute the value at the first access and store it in the object.

    Since Python 3.12 ``functools.cached_property`` may compute it twice for two threads. The
    object's own dictionary has priority over this descriptor, so only the first accesses take a
    lock. If the computation raises, the next access tries again.
    """

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make, self._name = make, make.__name__
        self.__doc__ = make.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type | None = None) -> lazy[T]: ...

    @overload
    def __get__(self, instance: object, owner: type | None = None) -> T: ...

    def __get__(self, instance: object | None, owner: type | None = None) -> T | lazy[T]:
        if instance is None:
            return self
        values = instance.__dict__
        with values.setdefault(f"{self._name} lock", threading.RLock()):
            if self._name not in values:
                values[self._name] = self._make(instance)
            value: T = values[self._name]
            return value
