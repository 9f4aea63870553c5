"""Act as if torch were not imported yet, for what imports it within a pass."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import torch

from core.base import threads


@contextmanager
def late_torch() -> Iterator[Callable[[], None]]:
    """Hide torch from passes; yield what shows it. It takes three threads by itself, a pass one."""
    modules: dict[str, Any] = {}
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    threads.limit_threads(1)
    try:
        with patch.object(threads, "sys", SimpleNamespace(modules=modules, platform=sys.platform)):
            yield lambda: modules.update(torch=torch)
    finally:
        threads.limit_threads(0)
        torch.set_num_threads(before)
