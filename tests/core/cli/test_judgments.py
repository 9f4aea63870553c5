"""``judgments`` as an analyst runs it, over the demo: files in, names, figures, files out, away."""

from __future__ import annotations

import io
import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.command import Ended, command

QRELS = "1 0 modern-cafe-chair 3\n1 0 leather-sofa 1\n2 0 modern-cafe-chair 0\n2 0 leather-sofa 2\n"


@pytest.fixture
def data(demo_data: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(demo_data, tmp_path / "data"))


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """The judgments, and the words of their queries."""
    (tmp_path / "r.qrels").write_text(QRELS)
    (tmp_path / "q.csv").write_text("query_id,text\n1,wooden chair\n2,brown sofa\n")
    return tmp_path / "r.qrels", tmp_path / "q.csv"


def judgments(data: Path, *words: object) -> Ended:
    return command("--data-dir", data, "judgments", *words)


def said(ended: Ended) -> str:
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def figures(text: str, measure: str) -> list[str]:
    """Return a column of a printed table: each engine's value with its interval."""
    lines = text.splitlines()
    head = next(line for line in lines if measure in line)
    names = re.split(r"\s{2,}", head.strip())
    rows = [line for line in lines if re.match(r"(vl-)?clip +\d", line)]
    cells = [re.findall(r"\d\.\d{3}(?:\s+\d\.\d{3}–\d\.\d{3})?", row) for row in rows]
    return [row[names.index(measure)] for row in cells]


def test_equal_judgments_and_ranking_give_equal_figures_in_both_commands(
    data: Path, files: tuple[Path, Path]
) -> None:
    labels, words = files
    set_id = re.findall(
        r"\((import-\w+)\)", said(judgments(data, "import", labels, "--topics", words))
    )[0]
    own = ("--queries", words, "--qrels", labels, "--measure", "ndcg@10", "--measure", "mrr")
    for choice in (("--words",), ("--no-words",)):
        of_set = said(judgments(data, "evaluate", "clip", "vl-clip", "--set", set_id, *choice))
        of_files = said(
            command("--data-dir", data, "evaluate", *own, "--relevant-from", "2", *choice)
        )
        for measure in ("nDCG@10", "MRR"):
            assert figures(of_set, measure) == figures(of_files, measure) != []
        alone = choice == ("--no-words",)
        for text in (of_set, of_files):
            assert ("vectors (picture and text) alone" in text) is alone
            assert ("as on the pages, by vectors and full text" in text) is not alone
            assert "--words or --no-words chooses" in text
            assert alone or " of it encoding" not in text
            assert "0.0 s of it" not in text
    assert "by vectors and full text" in said(
        judgments(data, "evaluate", "clip", "vl-clip", "--set", set_id)
    )
    assert "vectors (picture and text) alone" in said(command("--data-dir", data, "evaluate", *own))


def test_words_come_later_and_a_set_is_renamed_and_removed(
    data: Path, files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    labels, words = files
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    first = said(judgments(data, "import", labels))
    assert "4 labels fit, 0 rows do not; 4 pairs are new to the new set “r”." in first
    set_id = re.findall(r"\((import-\w+)\)", first)[0]
    again = said(judgments(data, "import", words, "--set", set_id))
    assert f"“r” ({set_id}): 2 queries got words." in again
    more = said(judgments(data, "import", labels, "--topics", words))
    assert "4 labels fit (4 of them are in the set already)" in more
    assert "All of these labels were there already." in more
    assert f"{set_id} is “Theirs” now." in said(judgments(data, "rename", set_id, "Theirs"))
    assert "Theirs, 2 queries" in said(judgments(data, "list"))
    kept = judgments(data, "remove", set_id)  # nobody answers the question
    assert kept.returncode != 0
    assert "Theirs" in said(judgments(data, "list"))
    assert "“Theirs”" in said(judgments(data, "remove", set_id, "--yes"))
    assert "Theirs" not in said(judgments(data, "list"))
    assert "no judgment set" in judgments(data, "remove", set_id, "--yes").stderr


def test_only_rows_that_were_taken_are_counted_by_grade(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "some.csv"
    path.write_text(
        "query,docid,rating\nchair,modern-cafe-chair,3\nchair,no-such-item,3\nchair,leather-sofa,0\n"
    )
    printed = said(judgments(data, "import", path, "--dry-run"))
    assert "3 exact: 1 label\n" in printed
    assert "0 irrelevant: 1 label\n" in printed
    assert "line 3: the catalogue has no item “no-such-item”" in printed


@pytest.mark.parametrize(
    ("name", "format"),
    [("out.txt", "TREC qrels"), ("out.json", "OpenSearch’s judgment list"), ("out.csv", "CSV")],
)
def test_an_export_says_its_format_and_how_to_get_another(
    data: Path, files: tuple[Path, Path], tmp_path: Path, name: str, format: str
) -> None:
    said(judgments(data, "import", files[0], "--topics", files[1]))
    printed = said(judgments(data, "export", tmp_path / name))
    assert f"{name} is {format}: " in printed
    assert re.search(r"For another format: --format .*, \w+ or \w+\.", printed)
    assert (f"{name}.json holds the set" in printed) is (format != "OpenSearch’s judgment list")
    chosen = said(judgments(data, "export", tmp_path / "x.txt", "--format", "ltr"))
    assert "x.txt is lines for learning to rank: " in chosen
    assert "For another format" not in chosen
