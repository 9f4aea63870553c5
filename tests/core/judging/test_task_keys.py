"""A task's key does not say whether the pair is shown again."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.domain import JudgmentQuery, Pair, Task
from core.errors import JudgmentError
from core.judging.task_keys import TaskKeys

PAIR = Pair(JudgmentQuery("q1", "chair"), "a")


def test_a_key_gives_its_task_back_to_the_store_alone(tmp_path: Path) -> None:
    keys, elsewhere = TaskKeys(tmp_path / "secret"), TaskKeys(tmp_path / "other")
    first, again = keys.key("s", "ada", Task(PAIR)), keys.key("s", "ada", Task(PAIR, 1))
    assert first != again
    assert first.split("\t")[:2] == again.split("\t")[:2] == ["q1", "a"]
    assert keys.parsed("s", "ada", first) == ("q1", "a", 0)
    assert keys.parsed("s", "ada", again) == ("q1", "a", 1)
    assert TaskKeys(tmp_path / "secret").parsed("s", "ada", again) == ("q1", "a", 1)
    # Of another person, set or store, and of before there were tags: a first judgment.
    for store, set_id, who, key in (
        (keys, "s", "bob", again), (keys, "t", "ada", again), (elsewhere, "s", "ada", again),
        (keys, "s", "ada", "q1\ta\t1"), (keys, "s", "ada", "q1\ta\tä"),
    ):  # fmt: skip
        assert store.parsed(set_id, who, key)[2] == 0


def test_ids_with_tabs_and_percent_signs_come_back(tmp_path: Path) -> None:
    keys = TaskKeys(tmp_path / "secret")
    for query_id, item_id in (("q\t1", "a"), ("100%", "a%09b"), ("%", "é \t")):
        key = keys.key("s", "ada", Task(Pair(JudgmentQuery(query_id, "chair"), item_id), 1))
        assert keys.parsed("s", "ada", key) == (query_id, item_id, 1)


def test_the_secret_is_its_owners_alone(tmp_path: Path) -> None:
    TaskKeys(tmp_path / "secret").key("s", "ada", Task(PAIR))
    assert (tmp_path / "secret").stat().st_mode & 0o077 == 0


def test_what_is_no_key_is_told(tmp_path: Path) -> None:
    with pytest.raises(JudgmentError, match="Reload the page"):
        TaskKeys(tmp_path / "secret").parsed("s", "ada", "q1")
