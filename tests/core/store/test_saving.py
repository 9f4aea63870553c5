from __future__ import annotations

import errno

import pytest

from core.base.locks import LockBusy
from core.errors import NotSaved, QueryError
from core.store.saving import saving


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(errno.ENOSPC, "Kein Platz"), "the disk is full"),
        (OSError(errno.EDQUOT, ""), "the disk is full"),
        (RuntimeError("Generic error: (os error 28), /root/.cargo/x.rs:1:2"), "the disk is full"),
        (RuntimeError("lance error: No space left on device"), "the disk is full"),
        (PermissionError(errno.EACCES, "x"), "may not write to its data folder"),
        (RuntimeError("Read-only file system"), "may not write to its data folder"),
        (LockBusy(), "other processes are writing"),
        (RuntimeError("commit conflict, /root/.cargo/x.rs:1:2"), "the server's log says why"),
        (MemoryError(), "the server's log says why"),
    ],
)
def test_what_keeps_something_from_being_saved_is_a_sentence_without_paths(
    error: Exception, reason: str
) -> None:
    with pytest.raises(NotSaved) as caught, saving("The vote"):
        raise error
    assert str(caught.value).startswith("The vote could not be saved: ")
    assert reason in str(caught.value)
    assert ".rs" not in str(caught.value)
    assert caught.value.__cause__ is error


def test_a_sentence_stays_as_it_is() -> None:
    with pytest.raises(QueryError, match="nothing"), saving("The vote"):
        raise QueryError("There is nothing to vote on.")
