"""Training over a Lance table: each process reads its own shards, on a disk of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import load_file

from core.app import tower_training
from core.errors import TrainingError
from core.training.pair_tables import PairTable, write_table
from core.training.pairs import PairsError
from core.training.sharded_pairs import pairs_of
from core.training.team import Team
from tests.core.embedding.test_open_clip_encoder import write_checkpoint
from tests.core.training.flags import settings, write_flags
from tests.core.training.sharded import train_shards

ROOT = Path(__file__).parents[3]
#: The pairs of ``write_flags``, and one whose picture is broken.
PAIRS = 193


def write_flag_table(folder: Path, name: str = "flags.lance", **columns: Any) -> str:
    """Write the flags and a broken one as a table; return its address."""
    flags = pq.read_table(write_flags(folder / "flags.parquet")).to_pydict()
    flags = {key: [*values, values[0]] for key, values in flags.items()} | columns
    flags["image"][-1] = b"broken"
    table = pa.table(flags)
    write_table(str(folder / name), table.schema, [table])
    return str(folder / name)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two gloo processes have left, and two of which one was killed and started again."""
    folder = tmp_path_factory.mktemp("sharded")
    write_flag_table(folder)
    write_checkpoint(folder / "start")
    with ExitStack() as opened:
        sockets = [opened.enter_context(socket.socket()) for _ in range(3)]
        for free in sockets:
            free.bind(("127.0.0.1", 0))
        ports = [str(free.getsockname()[1]) for free in sockets]
    done = subprocess.run(
        [sys.executable, "-m", "tests.core.training.sharded", str(folder), *ports],
        cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True,
        timeout=400, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


def weights(disk: Path) -> dict[str, torch.Tensor]:
    (path,) = (disk / "engines" / "flags").glob("*.safetensors")
    return load_file(path)


def losses(disk: Path) -> list[float]:
    text = (disk / "engines" / "flags" / "log.jsonl").read_text()
    return [json.loads(line)["loss"] for line in text.splitlines()]


def test_each_process_reads_its_own_rows_once(folder: Path) -> None:
    half = PAIRS // 2
    for rank, rows in ((0, range(half)), (1, range(half, PAIRS))):
        reads = json.loads((folder / f"reads-whole-{rank}.json").read_text())
        assert [(start, stop) for start, stop, _ in reads] == [(rows.start, rows.stop)] * 2
        assert [columns for *_, columns in reads] == [["text", "group"], ["image"]]
    assert not (folder / "whole-1" / "engines" / "flags").exists(), "the first one publishes"
    for rank in range(2):
        engines = folder / f"whole-{rank}" / "engines"
        left = [path for path in engines.glob(".*") if path.is_dir()]
        assert not left, "its stored features are gone from each disk"


def test_two_processes_learn_what_one_does_on_the_same_shards(folder: Path, tmp_path: Path) -> None:
    said: list[str] = []
    assert train_shards(folder, tmp_path, 2, say=said.append) is not None
    assert any("1 pair without text or a picture that can be read" in line for line in said)
    alone, together = weights(tmp_path), weights(folder / "whole-0")
    start = load_file(next((folder / "start").glob("*.safetensors")))
    moved = max(float((alone[name] - start[name]).abs().max()) for name in start)
    for name, value in alone.items():
        torch.testing.assert_close(together[name], value, rtol=0, atol=0.02 * moved)
    np.testing.assert_allclose(losses(folder / "whole-0"), losses(tmp_path), atol=2e-3)


def test_a_killed_run_goes_on_to_the_same_weights(folder: Path) -> None:
    whole, again = weights(folder / "whole-0"), weights(folder / "killed-0")
    for name, value in whole.items():
        assert torch.equal(again[name], value), name
    assert losses(folder / "killed-0") == losses(folder / "whole-0")
    steps = json.loads((folder / "steps-killed-0.json").read_text())
    assert min(done for done, _ in steps if done) == 6, "five steps were kept"
    for rank in range(2):
        reads = json.loads((folder / f"reads-killed-{rank}.json").read_text())
        assert all("image" not in columns for *_, columns in reads), "features were kept"


def test_other_shards_are_other_batches(folder: Path, tmp_path: Path) -> None:
    train_shards(folder, tmp_path, 4)
    assert losses(tmp_path) != losses(folder / "whole-0")


@pytest.mark.parametrize(
    ("columns", "shards", "error", "sentence"),
    [
        ({"split": ["train", "test", "val"] * 64 + ["train"]}, 2, PairsError, "A group is in"),
        ({"split": ["exam"] * PAIRS}, 2, TrainingError, "split “exam”"),
        ({"split": ["train"] * PAIRS}, 2, TrainingError, "no pair in the split “val”"),
        ({}, 49, TrainingError, "A batch of 48 has no row from each of 49 shards"),
        ({}, 500, TrainingError, "fewer than 500 shards"),
    ],
)
def test_what_can_not_be_trained_on_is_refused(
    tmp_path: Path, columns: dict[str, Any], shards: int, error: type[Exception], sentence: str
) -> None:
    write_flag_table(tmp_path, **columns)
    write_checkpoint(tmp_path / "start")
    with pytest.raises(error, match=sentence):
        train_shards(tmp_path, tmp_path, shards)


def test_tables_that_are_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="There is no table"):
        PairTable(str(tmp_path / "none.lance"))
    bare = pa.table({"image": [b""] * 200, "text": ["a"] * 200})
    write_table(str(tmp_path / "bare.lance"), bare.schema, [bare])
    with pytest.raises(TrainingError, match="no column “group”"):
        PairTable(str(tmp_path / "bare.lance"))
    (tmp_path / "hollow.lance").mkdir()
    with pytest.raises(TrainingError, match=r"hollow.lance can't be read as a Lance table"):
        PairTable(str(tmp_path / "hollow.lance"))
    with pytest.raises(TrainingError, match="Only a Lance table"):
        pairs_of(write_flags(tmp_path / "flags.parquet"), 2, settings(tmp_path))


class _Second(Team):
    """The second process of a team whose first one was refused the job, and has ended."""

    def agree(self, value: Any) -> Any:
        raise ConnectionError("the first process has ended")


def test_a_refused_restart_deletes_nothing_of_the_run_that_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def second(device: str) -> Iterator[Team]:
        yield _Second(1, 2)

    write_flag_table(tmp_path)
    write_checkpoint(tmp_path / "start")
    deleted: list[Path] = []
    monkeypatch.setattr(tower_training, "team_of", second)
    monkeypatch.setattr(tower_training.shutil, "rmtree", lambda path, **_: deleted.append(path))
    with pytest.raises(ConnectionError):
        train_shards(tmp_path, tmp_path, 2, restart=True)
    assert deleted == []
