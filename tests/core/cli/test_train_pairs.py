"""``train --pairs`` as a user types it, on a tiny checkpoint."""

from __future__ import annotations

from pathlib import Path

from core.training.runs import Runs
from tests.command import command
from tests.core.embedding.test_open_clip_encoder import write_checkpoint
from tests.core.training.flags import write_flags


def test_pairs_become_an_engine_and_mistakes_are_sentences(tmp_path: Path) -> None:
    pairs = write_flags(tmp_path / "flags.parquet")
    write_checkpoint(tmp_path / "start")

    def train(*words: object):
        start = f"local-dir:{tmp_path / 'start'}"
        return command("--data-dir", tmp_path / "data", "train", *words, "--base", start)

    with Runs(tmp_path / "data" / "engines").begin("other", "shop", "clip"):
        busy = train("flags", "--pairs", pairs)
    assert (busy.returncode, "already" in busy.stderr) == (2, True)
    done = train("flags", "--pairs", pairs, "--unlock-image", "1", "--epochs", "1", "--batch", "32",
                 "--accumulate", "2", "--lr-image", "0.003")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "192 pairs of flags.parquet" in done.stdout
    assert "95 % interval" in done.stdout
    assert (tmp_path / "data" / "engines" / "flags" / "open_clip_config.json").is_file()
    card = (tmp_path / "data" / "engines" / "flags" / "README.md").read_text()
    assert "lr_image=0.003" in card
    assert "image tower: last block" in card
    last = Runs(tmp_path / "data" / "engines").latest()
    assert last is not None
    assert (last.engine, last.catalog) == ("flags", "flags.parquet")
    assert (last.job.state, last.job.progress.stage) == ("done", "training")
    assert last.job.progress.done > 0
    listed = command("--data-dir", tmp_path / "data", "info")
    assert "flags" in listed.stdout

    again = train("flags", "--pairs", pairs)
    assert (again.returncode, "already" in again.stderr) == (2, True)
    both = train("x", "--pairs", pairs, "--catalog", "demo")
    assert "not both" in both.stderr
    words = train("x", "--pairs", pairs, "--unlock-text", "some")
    assert "number of blocks" in words.stderr
    nowhere = train("x", "--pairs", tmp_path / "none.parquet")
    assert (nowhere.returncode, "can't be read" in nowhere.stderr) == (2, True)
