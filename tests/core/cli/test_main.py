"""Commands as a user types them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pycocotools.coco import COCO

from tests.command import Ended, command

ROOT = Path(__file__).parent.parent.parent.parent


def app(data: Path, *words: str) -> Ended:
    return command(*words, "--data-dir", data)


@pytest.fixture
def data(demo_data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The demo's data directory; nothing here writes to it."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-very-secret")
    return demo_data


def test_the_app_itself_runs(tmp_path: Path) -> None:
    words = [sys.executable, "app.py", "--data-dir", str(tmp_path / "data")]
    done = subprocess.run(
        [*words, "info"], cwd=ROOT, capture_output=True, text=True, timeout=300, check=True
    )
    assert "Engine vl-clip: VL-CLIP, available" in done.stdout


def test_search_prints_json(data: Path) -> None:
    done = app(data, "search", "wooden chair", "-k", "5", "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["engine"] == "vl-clip"
    assert [hit["rank"] for hit in answer["hits"]] == [1, 2, 3, 4, 5]
    assert {"item_id", "title", "score", "cosine", "reasons"} <= set(answer["hits"][0])


@pytest.mark.parametrize("ending", ["csv", "json", "xlsx"])
def test_search_writes_its_hits_to_a_file(data: Path, tmp_path: Path, ending: str) -> None:
    target = tmp_path / f"hits.{ending}"
    ended = app(data, "search", "wooden chair", "-k", "3", "--export", str(target))
    assert ended.returncode == 0, ended.stderr
    assert f"Wrote 3 hits to {target}." in ended.stdout
    content = target.read_bytes()
    assert len(content) > (10_000 if ending == "xlsx" else 500)
    if ending == "json":
        hits = json.loads(content)["results"]
        assert [hit["rank"] for hit in hits] == [1, 2, 3]
        assert all(Path(hit["photo"]).is_file() for hit in hits)


def test_all_groundings_are_exported_for_pycocotools(data: Path, tmp_path: Path) -> None:
    target = tmp_path / "demo.json"
    done = app(data, "export", "grounding", str(target))
    assert done.returncode == 0, done.stderr
    coco = COCO(str(target))
    assert len(coco.getImgIds()) >= 600
    regions, photos = len(coco.getAnnIds()), len(coco.getImgIds())
    assert f"Wrote {regions:,} regions of {photos:,} photos" in done.stdout
    chosen = [entry for entry in coco.loadAnns(coco.getAnnIds()) if entry["selected"]]
    assert len(chosen) >= 500
    assert coco.annToMask(chosen[0]).sum() == chosen[0]["area"]


def test_info_names_what_is_there_and_no_secret(data: Path) -> None:
    done = app(data, "info")
    assert done.returncode == 0, done.stderr
    assert "Engine vl-clip: VL-CLIP, available" in done.stdout
    assert "Catalogue demo" in done.stdout
    assert "Anthropic key: set" in done.stdout
    assert "very-secret" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["search", "chair", "--engine", "warp"], "no engine"),
        (["search", "chair", "--export", "list.pdf"], ".csv, .xlsx or .json"),
        (["search", "chair", "--export", "nowhere/list.csv"], "can't be written"),
        (["search"], "nothing to"),
        (["search", "--image", "nowhere.jpg"], "nowhere.jpg"),
        (["search", "chair", "--region", "1,2,3,4"], "--image or --item"),
        (["search", "--item", "Scopia-300", "--region", "1,2,3"], "is no region"),
        (["index", "nowhere.csv"], "no file"),
        (["index", "README.md"], "README.md"),
        (["export", "judgments", "out.qrels", "--set", "none"], "no judgment set"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_2(
    data: Path, words: list[str], sentence: str
) -> None:
    failed = app(data, *words)
    assert failed.returncode == 2, failed.stdout + failed.stderr
    assert sentence.lower() in failed.stderr.lower()
    assert "Traceback" not in failed.stderr
    # A file of no use leaves no empty catalogue behind.
    assert [path.name for path in (data / "catalogs").iterdir()] == ["demo"]


def test_a_set_is_made_labelled_from_a_file_and_exported(data: Path, tmp_path: Path) -> None:
    own = tmp_path / "data"
    shutil.copytree(data, own)
    made = app(own, "judgments", "create", "By command", "--query", "chair", "--items", "2",
               "--depth", "3")  # fmt: skip
    assert made.returncode == 0, made.stderr
    set_id = made.stdout.split(":")[0]
    assert "of 3 queries" in made.stdout
    hits = json.loads(app(own, "search", "chair", "-k", "3", "--json").stdout)["hits"]
    book = tmp_path / "book.csv"
    rows = [f"chair,{hit['item_id']},{n % 4},{(n + 1) % 4}" for n, hit in enumerate(hits)]
    book.write_text("\n".join(["Query Text,Doc ID,ada,bob_rating", *rows, "chair,nowhere,1,1"]))
    tried = app(own, "judgments", "import", str(book), "--set", set_id, "--dry-run")
    assert "6 labels fit, 2 rows do not" in tried.stdout, tried.stdout + tried.stderr
    assert "line 5: the catalogue has no item" in tried.stdout
    taken = app(own, "judgments", "import", str(book), "--set", set_id)
    assert "6 labels were taken in" in taken.stdout
    output = app(own, "judgments", "agreement", "--set", set_id).stdout
    assert "3 of" in output
    assert "by 2 people" in output
    files = [tmp_path / f"out{n}.jsonl" for n in (1, 2)]
    assert "is JSON lines: every label" in app(
        own, "judgments", "export", str(files[0]), "--set", set_id, "--rule", "minimum"
    ).stdout  # fmt: skip
    again = app(own, "judgments", "import", str(files[0]))
    assert "All of these labels were there already" in again.stdout
    app(own, "judgments", "export", str(files[1]), "--set", set_id, "--rule", "minimum")
    assert files[0].read_text() == files[1].read_text()
    tried = app(own, "judgments", "missing", set_id, "--depth", "3").stdout
