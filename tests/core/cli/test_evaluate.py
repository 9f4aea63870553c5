"""``evaluate`` as a stranger runs it, over the demo: what it prints, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

from tests.command import command


def test_own_queries_and_judgments_as_json(demo_data: Path, tmp_path: Path) -> None:
    (tmp_path / "q.csv").write_text("query_id,text\n1,wooden chair\n2,green apple\n")
    (tmp_path / "r.csv").write_text("query_id,item_id,relevance\n1,modern-cafe-chair,1\n2,no,1\n")

    def app(*words: object):
        files = ("--queries", tmp_path / "q.csv", "--qrels", tmp_path / "r.csv")
        return command(
            "--data-dir", demo_data, "evaluate", "--catalog", "demo", "--no-keep", *files, *words
        )

    kept = ("--runs-out", tmp_path / "runs", "--per-query", tmp_path / "rows.csv")
    done = app("--engines", "clip,vl-clip", "--json", *kept)
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert next(iter(printed)) == "engines"
    assert list(printed["engines"]) == ["clip", "vl-clip"]
    assert {"hits@5", "mrr"} <= set(printed["engines"]["clip"])
    assert any("not in the catalogue" in note for note in printed["notes"])
    assert len((tmp_path / "runs" / "vl-clip.run").read_text().splitlines()) == 200
    head, *rows = (tmp_path / "rows.csv").read_text().splitlines()
    assert head.endswith("product_type,clip mrr,clip rank,vl-clip mrr,vl-clip rank")
    assert [row.split(",")[:2] for row in rows] == [["1", "wooden chair"], ["2", "green apple"]]

    for words, sentence in (
        (("--fine-tuned",), "goes with --task ablation"),
        (("--engines", "clip,nope"), "no engine “nope”"),
        (("--engines", ""), "at least one engine"),
        (("--measure", "hits@x"), "no measure “hits@x”"),
        (("--html", tmp_path / "none" / "x.html"), "can't be written"),
    ):
        refused = app(*words)
        assert (refused.returncode, refused.stdout) == (2, ""), words
        assert sentence in refused.stderr


def test_a_file_with_words_and_grades_is_enough(demo_data: Path, tmp_path: Path) -> None:
    ratings = [{"docId": "modern-cafe-chair", "rating": "3.0"}]
    both = tmp_path / "labels.opensearch.json"
    both.write_text(
        json.dumps({"judgmentRatings": [{"query": "wooden chair", "ratings": ratings}]})
    )

    def app(*words: object):
        return command(
            "--data-dir", demo_data, "evaluate", "--catalog", "demo", "--no-keep", *words
        )

    done = app("--queries", both, "--engines", "clip", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["queries"] == 1
    refused = app("--qrels", both)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "--qrels needs --queries" in refused.stderr
