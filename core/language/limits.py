"""What a job that asks a language model may use."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class JobLimits:
    """How a job may go about it.

    Attributes:
        dollars: Most that it may spend; ``None`` is no cap.
        tokens: Most tokens that it may use; ``None`` is no cap.
        concurrency: Questions under way at once.
        patience: How long an overloaded server is asked again, seconds.
        batch: Use the Message Batches API.
        wait: Stay until all batches are done.
        poll: Seconds between two looks at an unfinished batch.
    """

    dollars: float | None = None
    tokens: int | None = None
    concurrency: int = 4
    patience: float = 600.0
    batch: bool = False
    wait: bool = False
    poll: float = 60.0
