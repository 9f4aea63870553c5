"""An engine is grown from the demo with the real text tower, searched with, and thrown away."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from core.app.studio import Studio
from core.settings import load_settings
from tests.command import command


def test_train_search_and_discard(demo_data: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(demo_data, data)

    def app(*words: object):
        return command("--data-dir", data, *words)

    trained = app("train", "mine", "--catalog", "demo", "--epochs", "1")
    assert trained.returncode == 0, trained.stderr
    assert "titles held out" in trained.stdout
    assert "No proven difference" in trained.stdout or "is better than" in trained.stdout

    studio = Studio(load_settings(data_dir=data))
    report = studio.evaluation.latest("demo", ("vl-clip", "mine"))
    assert report is not None
    assert report.task == "adapted"
    assert "Measured on titles" in (data / "engines" / "mine" / "README.md").read_text("utf-8")
    assert [path.name for path in (data / "engines").glob("[!.]*")] == ["mine"]

    assert "<svg" in (data / "engines" / "mine" / "curve.svg").read_text("utf-8")
    table = data / "catalogs" / "demo" / "lance" / "vectors_mine.lance"
    assert table.is_dir()

    done = app("search", "wooden chair", "--engine", "mine", "-k", "5", "--json")
    assert done.returncode == 0, done.stderr
    titles = [hit["title"].lower() for hit in json.loads(done.stdout)["hits"]]
    assert any("chair" in title for title in titles)

    again = app("train", "mine", "--catalog", "demo")
    assert again.returncode == 2
    assert "already" in again.stderr
    assert app("train", "mine", "--discard").returncode == 0
    assert not (data / "engines" / "mine").exists()
    assert not table.exists(), "its vectors go, too"
    assert "mine" not in Studio(load_settings(data_dir=data)).catalog("demo").searchable
