"""Run an ONNX file on the CPU with as many threads as the pass may take."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from core.base.threads import present

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

_log = logging.getLogger(__name__)

Arrays = Mapping[str, npt.NDArray[Any]]


@lru_cache(maxsize=1)
def is_available() -> bool:
    """Tell whether ONNX Runtime can be imported here; log once if it can't."""
    try:
        import onnxruntime  # noqa: F401
    except Exception as error:  # a wheel for another platform may raise anything
        _log.warning("ONNX Runtime can't be used here (%s); PyTorch runs the models.", error)
        return False
    return True


class OnnxModel:
    """A model file and its session, which is opened on first use and for each number of threads.

    Args:
        path: The file.
        lean: Give the memory of each pass back after it; for models whose passes take much of it.
        threads: Threads of its passes; 0 takes as many as ``core.base.threads`` says.
    """

    def __init__(self, path: Path, *, lean: bool = False, threads: int = 0) -> None:
        self.path, self._lean, self._threads = path, lean, threads
        self._lock = threading.Lock()
        self._session: tuple[int, InferenceSession] | None = None

    def run(self, outputs: Sequence[str], inputs: Arrays) -> list[npt.NDArray[Any]]:
        """Compute some outputs, and nothing that only the others need."""
        from onnxruntime import RunOptions

        options = RunOptions()
        options.only_execute_path_to_fetches = True
        if self._lean:
            options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
        arrays: list[npt.NDArray[Any]] = self.open().run(list(outputs), dict(inputs), options)
        return arrays

    def open(self) -> InferenceSession:
        """Return the session for the present number of threads."""
        threads = self._threads or present()
        with self._lock:
            if self._session is None or self._session[0] != threads:
                self._session = threads, _open(self.path, threads)
            return self._session[1]


def _open(path: Path, threads: int) -> InferenceSession:
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = threads
    # Idle threads wait instead of spinning, so that they leave the cores to other work.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
