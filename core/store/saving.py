"""Turn errors of writing into sentences for people; details go to the log.

LanceDB's errors name places in its own source, and the same full disk has a dozen wordings.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from core.base.locks import LockBusy
from core.errors import NotSaved, StudioError

_FULL = "the disk is full. Make room on the server's disk; nothing else is needed"
_READ_ONLY = "the server may not write to its data folder"
_BUSY = "other processes are writing. Try again in a moment"
_UNKNOWN = "the server's log says why"

#: Error numbers of the system, as an exception carries them or as a text names them.
_REASONS = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EROFS: _READ_ONLY,
    errno.EACCES: _READ_ONLY,
    errno.EPERM: _READ_ONLY,
}
_WORDS = {"no space left": _FULL, "quota exceeded": _FULL, "read-only file system": _READ_ONLY,
          "permission denied": _READ_ONLY}  # fmt: skip

_log = logging.getLogger(__name__)


@contextmanager
def saving(what: str) -> Iterator[None]:
    """Turn errors of writing into ``NotSaved``.

    Args:
        what: What is written, as the subject of a sentence: ``The vote``.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, StudioError) and not isinstance(error, LockBusy):
            raise
        raise not_saved(what, error) from error


def not_saved(what: str, error: BaseException | None) -> NotSaved:
    """Return the error for people; the original goes to the log."""
    _log.error("%s could not be saved", what, exc_info=error)
    return NotSaved(f"{what} could not be saved: {reason(error)}.")


def reason(error: BaseException | None) -> str:
    """Return the reason of a failed write, as the end of a sentence."""
    if isinstance(error, LockBusy):
        return _BUSY
    if isinstance(error, OSError) and error.errno in _REASONS:
        return _REASONS[error.errno]
    text = str(error).lower()
    for number, sentence in _REASONS.items():
        if f"os error {number})" in text:
            return sentence
    return next((sentence for words, sentence in _WORDS.items() if words in text), _UNKNOWN)
