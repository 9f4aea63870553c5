"""Commands as a user types them, in a process of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent.parent


def app(data: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("VLCLIP_")}
    environment["ANTHROPIC_API_KEY"] = "sk-ant-very-secret"
    return subprocess.run(
        [sys.executable, "app.py", *words, "--data-dir", str(data)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    indexed = app(folder, "index", "--demo")
    assert indexed.returncode == 0, indexed.stderr
    assert "items" in indexed.stdout
    return folder


def test_search_prints_json(data: Path) -> None:
    found = app(data, "search", "wooden chair", "-k", "5", "--json")
    assert found.returncode == 0, found.stderr
    answer = json.loads(found.stdout)
    assert answer["engine"] == "vl-clip"
    assert [hit["rank"] for hit in answer["hits"]] == [1, 2, 3, 4, 5]
    assert {"item_id", "title", "score", "cosine", "reasons"} <= set(answer["hits"][0])


def test_info_names_what_is_there_and_no_secret(data: Path) -> None:
    told = app(data, "info")
    assert told.returncode == 0, told.stderr
    assert "Engine vl-clip: VL-CLIP, available" in told.stdout
    assert "Catalogue demo" in told.stdout
    assert "Anthropic key: set" in told.stdout
    assert "very-secret" not in told.stdout + told.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["search", "chair", "--engine", "warp"], "no engine"),
        (["search"], "nothing to"),
        (["search", "--image", "nowhere.jpg"], "nowhere.jpg"),
        (["index", "nowhere.csv"], "no file"),
        (["index", "README.md"], "README.md"),
        (["export", "judgments", "out.qrels"], "no judgment set"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_2(
    data: Path, words: list[str], sentence: str
) -> None:
    failed = app(data, *words)
    assert failed.returncode == 2, failed.stdout + failed.stderr
    assert sentence.lower() in failed.stderr.lower()
    assert "Traceback" not in failed.stderr
