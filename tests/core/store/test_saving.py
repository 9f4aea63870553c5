from __future__ import annotations

import errno

import pytest

from core.base.locks import LockBusy
from core.errors import NotSaved, QueryError
from core.store.saving import not_saved, reason, saving


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


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.EPERM])
@pytest.mark.parametrize(
    "made", [lambda n: OSError(n, "x"), lambda n: RuntimeError(f"(os error {n})")]
)
def test_a_folder_that_may_not_be_written_is_told_by_its_number(number: int, made) -> None:
    assert reason(made(number)) == "the server may not write to its data folder"


@pytest.mark.parametrize(
    ("error", "end"),
    [
        (RuntimeError("Disk QUOTA exceeded"), "the disk is full"),
        (RuntimeError("Permission denied"), "the server may not write"),
        (RuntimeError("os error 280)"), "the server's log says why"),
        (OSError(errno.EIO, "no space left"), "the disk is full"),
        (OSError(errno.EIO, "x"), "the server's log says why"),
        (None, "the server's log says why"),
    ],
)
def test_reasons_are_told_by_words_where_there_is_no_number(error, end: str) -> None:
    assert reason(error).startswith(end)


def test_the_original_error_goes_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    fault = RuntimeError("at /root/x.rs:1:2")
    problem = not_saved("The vote", fault)
    assert str(problem) == "The vote could not be saved: the server's log says why."
    (record,) = caplog.records
    assert record.getMessage() == "The vote could not be saved"
    assert record.exc_info is not None
    assert record.exc_info[1] is fault
