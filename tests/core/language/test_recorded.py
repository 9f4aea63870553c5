"""Recorded rewrites stand where listing and photo are those of the recording, and nowhere else."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from core.domain import Item, Photo
from core.errors import SettingsError
from core.language.recorded import RecordedRewriter
from core.language.rewriters import build_rules
from core.ports.keys import inputs_key
from core.settings import Settings

LAMP = Item("lamp", "Evening Calm", Photo("a" * 64, "b" * 16, 640, 480), product_type="table lamp")
ROUNDS = [
    {"draft": "Lamp", "score": 2, "justification": "Too short.", "suggestions": ["Say the shade."],
     "stop": False},
    {"draft": "Table lamp with a pleated paper shade", "score": 5, "justification": "Right.",
     "suggestions": [], "stop": True},
]  # fmt: skip


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedRewriter:
    lines = [{"model": "A model", "recorded": "2026-11-28"}]
    lines += [{"inputs": inputs_key(LAMP), "rounds": ROUNDS}]
    path = tmp_path / "recordings.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return RecordedRewriter(path, build_rules(Settings()))


def test_a_recorded_text_comes_with_its_trace_and_says_who_wrote_it(recorded: RecordedRewriter):
    rewrite = recorded.rewrite(LAMP, None)
    assert rewrite.text == "Table lamp with a pleated paper shade"
    assert [round_.draft for round_ in rewrite.rounds] == ["Lamp", rewrite.text]
    assert rewrite.rounds[0].suggestions == ("Say the shade.",)
    assert rewrite.rewriter == "A model, recorded on 2026-11-28"
    assert rewrite.fingerprint == recorded.fingerprint


def test_a_line_of_another_day_says_its_own(tmp_path: Path):
    path = tmp_path / "recordings.jsonl"
    lines = [{"model": "A model", "recorded": "2026-11-28"}]
    lines += [{"inputs": inputs_key(LAMP), "recorded": "2026-11-29", "rounds": ROUNDS}]
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    rewrite = RecordedRewriter(path, build_rules(Settings())).rewrite(LAMP, None)
    assert rewrite.rewriter == "A model, recorded on 2026-11-29"


@pytest.mark.parametrize(
    "other",
    [
        replace(LAMP, title="Morning Calm"),
        replace(LAMP, photo=replace(LAMP.photo, sha256="c" * 64)),
    ],
)
def test_the_rules_write_where_the_listing_or_the_photo_differs(
    recorded: RecordedRewriter, other: Item
):
    rewrite = recorded.rewrite(other, None)
    assert rewrite.rewriter == "rules"
    assert "table lamp" in rewrite.text.lower()
    assert rewrite.fingerprint == recorded.fingerprint


def test_another_recording_has_another_fingerprint(recorded: RecordedRewriter, tmp_path: Path):
    path = tmp_path / "other.jsonl"
    path.write_text('{"model": "A model", "recorded": "2026-11-29"}', encoding="utf-8")
    assert RecordedRewriter(path, build_rules(Settings())).fingerprint != recorded.fingerprint


@pytest.mark.parametrize(
    "text", ["", "not json", '{"model": "A"}', '{"model": "A", "recorded": "x"}\n{}']
)
def test_a_broken_recording_is_named(tmp_path: Path, text: str):
    path = tmp_path / "recordings.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"recordings\.jsonl"):
        RecordedRewriter(path, build_rules(Settings())).fingerprint  # noqa: B018
