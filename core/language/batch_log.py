"""Protocol of a store of answers and batches (``core.store.ledger``)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from core.domain.usage import NOTHING, IntendedBatch, OpenBatch, Spent
from core.language.calls import CallLog


class BatchLog(CallLog, Protocol):
    """A store of answers and batches (``core.store.ledger``)."""

    @property
    def batch_lock(self) -> AbstractContextManager[object]:
        """Held while batches are handed in or fetched, so that jobs do it one after another."""
        ...

    def intend(self, model: str, server: str, roles: dict[str, str], most: Spent = NOTHING) -> str:
        """Record a batch that is about to be submitted; return the record's name."""
        ...

    def handed_in(
        self, batch_id: str, model: str, server: str, roles: dict[str, str], name: str,
        most: Spent = NOTHING,
    ) -> None:  # fmt: skip
        """Record that the server has accepted the batch."""
        ...

    def dropped(self, name: str, model: str, server: str) -> None:
        """Record that the server has not accepted the batch."""
        ...

    def fetched(self, batch_id: str, model: str, server: str) -> None:
        """Record that a batch's answers are fetched."""
        ...

    def intended_batches(self, model: str, server: str) -> Sequence[IntendedBatch]:
        """Return the recorded batches with an unknown outcome."""
        ...

    def batch_ids(self, model: str, server: str) -> set[str]:
        """Return the ids of all submitted batches, fetched or not."""
        ...

    def open_batches(self, model: str, server: str) -> Sequence[OpenBatch]:
        """Return the submitted batches whose answers are not fetched."""
        ...
