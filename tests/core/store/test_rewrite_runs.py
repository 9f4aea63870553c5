"""Every run of the rewriting agent is remembered; which one stands for an item's text."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain import Rewrite, RewriteRun, Round, Spent, Usage
from core.store import rewrite_runs as module
from core.store.catalog_store import CatalogStore
from core.store.rewrite_runs import RunState

RUN = RewriteRun(
    "r1", "2026-01-01T00:00:01", "i", "in", "key", "m", "p", "photo",
    Rewrite("grün", (Round("grün", 4.5, "why", ("a",), stop=True),), "claude", "f"), "slow",
    Spent(Usage(1, 2, 3, 4, 5), 0.25), 1.5, "shorter", "ada",
)  # fmt: skip


def run(number: int, **changes) -> RewriteRun:
    given = {"run_id": f"r{number}", "at": f"2026-01-01T00:00:{number:02}", "asked_by": ""}
    return replace(RUN, **(given | changes))


@pytest.fixture
def runs(tmp_path):
    return CatalogStore(tmp_path).rewrite_runs


def test_a_run_comes_back_as_it_was(runs):
    without = run(2, rewrite=None, key="", spent=Spent(Usage(1), None))
    before = runs.version
    runs.add([RUN, without])
    assert runs.version == before + 1
    assert runs.of("i") == (without, RUN)
    assert runs.of("other") == ()
    runs.add([])
    assert runs.version == before + 1
    (payload, *_) = runs._table.to_arrow()["payload"].to_pylist()
    assert "grün" in payload
    assert ": " not in payload.replace("\\", "")


def test_the_latest_run_that_explains_the_text_stands(runs):
    failed = {"key": "", "rewrite": None}
    runs.add([
        run(3, key="k3", inputs="new"), run(1, key="k1"), run(4, **failed, inputs="newer"),
        run(5, **failed, asked_by="ada"),  # a person's round that came to nothing
        run(2, item_id="j", key="k2", asked_by="bob"),
    ])  # fmt: skip
    assert {name: made.run_id for name, made in runs.latest().items()} == {"i": "r4", "j": "r2"}
    assert runs.latest()["j"] == run(2, item_id="j", key="k2", asked_by="bob")
    assert runs.states() == {
        "i": RunState("newer", "", "m", ""), "j": RunState("in", "k2", "m", "bob")
    }  # fmt: skip
    assert runs.standing() == {"i": ("new", "k3"), "j": ("in", "k2")}
    assert [made.run_id for made in runs.of("i")] == ["r5", "r4", "r3", "r1"]


def test_failed_jobs_are_counted_for_an_item_as_it_is(runs):
    failed = {"key": "", "rewrite": None}
    runs.add([run(1, **failed), run(2, **failed), run(3), run(4, **failed, inputs="other"),
              run(5, **failed, item_id="j"), run(6, **failed, asked_by="ada")])  # fmt: skip
    assert runs.failed() == {("i", "in"): 2, ("i", "other"): 1, ("j", "in"): 1}


def test_a_run_that_can_not_be_read_is_left_out(runs, caplog):
    runs.add([run(1), run(2)])
    runs._table.update(where="run_id = 'r2'", values={"payload": "{"})
    assert [made.run_id for made in runs.of("i")] == ["r1"]
    assert runs.latest()["i"].run_id == "r1"
    assert "The row “r2” of the table “rewrite_runs”" in caplog.text


@pytest.mark.parametrize(("pieces", "merged"), [(63, []), (64, [1])])
def test_many_fragments_are_merged(runs, monkeypatch, pieces, merged):
    done = []
    monkeypatch.setattr(module, "fragments", lambda table: pieces)
    monkeypatch.setattr(module, "compact", lambda table: done.append(1))
    runs.add([run(1)])
    assert done == merged
