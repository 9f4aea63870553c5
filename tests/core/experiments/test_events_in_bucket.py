"""Experiments and their events in a bucket: two servers write, both read everything once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from core.base import shared_files
from core.base.buckets import Bucket, connect
from core.errors import ExperimentError
from core.experiments.event_log import EventLog
from core.experiments.experiment_store import ExperimentStore
from core.experiments.model import Experiment, Variant
from tests.core.experiments.test_event_log import events, stored

AB = Experiment("ab", "A or B", variants=(Variant("a"), Variant("b")), salt="s")


@pytest.fixture
def folders(
    in_bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Path, Path]:
    """The folders of two servers."""
    monkeypatch.setattr(shared_files.latest, "__defaults__", (0.0,))
    other = connect(tmp_path / "other", str(in_bucket.address)).folder
    return in_bucket.folder / "experiments", other / "experiments"


def test_two_servers_store_events_at_once(folders: tuple[Path, Path]) -> None:
    first, second = (EventLog(folder / "lance") for folder in folders)
    with ThreadPoolExecutor(2) as pool:
        for number in range(6):
            both = [
                pool.submit(log.append, events(5, 100 * side + 10 * number))
                for side, log in enumerate((first, second))
            ]
            assert [each.result() for each in both] == [5, 5]
    for log in (first, second):
        ids = [row["event_id"] for row in stored(log)]
        assert len(ids) == len(set(ids)) == 60
    # A server that starts anew knows what was stored before.
    assert EventLog(folders[0] / "lance").append(events(5)) == 0


def test_an_experiment_that_one_server_changes_another_reads(folders: tuple[Path, Path]) -> None:
    first, second = map(ExperimentStore, folders)
    first.add(AB)
    assert [each.id for each in second.all()] == ["ab"]
    with pytest.raises(ExperimentError, match="already"):
        second.add(AB)
    second.change("ab", lambda old: replace(old, name="B or A"))
    assert first.get("ab").name == "B or A"
