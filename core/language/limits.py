"""Limits of a job that uses a language model."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class JobLimits:
    """Limits and options of a job.

    Attributes:
        dollars: Most that it may spend; ``None`` is no cap.
        tokens: Most tokens that it may use; ``None`` is no cap.
        concurrency: Questions under way at once.
        patience: How long an overloaded server is asked again, seconds.
        batch: Use the Message Batches API.
        wait: Wait until all batches are done.
        poll: Seconds between two checks of an unfinished batch.
    """

    dollars: float | None = None
    tokens: int | None = None
    concurrency: int = 4
    patience: float = 600.0
    batch: bool = False
    wait: bool = False
    poll: float = 60.0
