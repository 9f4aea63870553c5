"""Other processes in milliseconds: forked from one that has imported what takes seconds."""

from __future__ import annotations

import multiprocessing
from multiprocessing.context import ForkServerContext


def forked() -> ForkServerContext:
    """Return the context; its processes see the environment as it was when the first one began.

    LanceDB itself is imported in each process, since its threads do not outlive a fork.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["lance_namespace", "pandas", "pyarrow.dataset", "pytest"])
    return context
