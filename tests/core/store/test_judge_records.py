"""Records of a model's judgments."""

from __future__ import annotations

from core.domain.judge import JudgeRecord
from core.store.judge_records import JudgeRecords

FIRST = JudgeRecord(
    "2026-01-01", "m", "häuser", 3, {"clip": {"1": 0.5, "3": None}}, 4, 0.5, 0.25, "x"
)
SECOND = JudgeRecord("2026-01-02", "m", "set", 1, {})


def test_the_latest_record_comes_first_and_a_broken_line_costs_itself(tmp_path, caplog):
    records = JudgeRecords(tmp_path)
    assert records.all() == ()
    records.add(FIRST)
    with (tmp_path / "judge.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"at": "half\n{"colour": 1}\n')
    JudgeRecords(tmp_path).add(SECOND)
    assert records.all() == (SECOND, FIRST)
    assert caplog.text.count("A line of judge.jsonl can't be read") == 2
