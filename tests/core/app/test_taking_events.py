"""Limits of what a shop may send, without a server."""

from __future__ import annotations

from pathlib import Path

from core.access.event_tokens import EventToken, TokenKind
from core.app.experimenting import ExperimentService
from core.app.taking_events import EventIntake, Sender
from core.errors import EventsRefused
from core.settings import Settings


def test_one_address_can_not_use_up_the_token_that_all_pages_share(tmp_path: Path) -> None:
    intake = EventIntake(ExperimentService(tmp_path), Settings(data_dir=tmp_path))
    token = EventToken("page", TokenKind.PAGE)
    loud, other = Sender(token, "192.0.2.1"), Sender(token, "192.0.2.2")
    units = [f"u{number}" for number in range(1000)]
    refused = 0
    for _ in range(20):
        try:
            intake.assigned(loud, units)
        except EventsRefused:
            refused += 1
    assert refused > 15
    assert intake.assigned(other, units) == ()
