"""The agent's commands as a user types them, against the local Messages API."""

from __future__ import annotations

import pytest

from tests.command import Ended, command
from tests.core.language.messages_server import trouble
from tests.core.language.rewriting_shop import ITEMS, KEY, Shop, good_answer

MODEL = "claude-haiku-4-5"


@pytest.fixture
def typed(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    """Runs a command over the shop; the key appears nowhere in what it prints."""
    for name, value in {
        "ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": shop.server.url,
        "VLCLIP_REWRITER": "claude", "VLCLIP_REWRITE_MODEL": MODEL, "VLCLIP_REWRITE_PATIENCE": "0",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)

    def run(*words: str) -> Ended:
        ended = command(*words, "--catalog", "shop", "--data-dir", shop.data_dir)
        assert KEY not in ended.stdout + ended.stderr
        return ended

    return run


def test_a_budget_then_batches_then_the_queue(shop: Shop, typed) -> None:
    first = typed("rewrite", "--budget", "0.02", "--concurrency", "1", "--item", "id-000")
    assert first.returncode == 0, first.stderr
    assert "1 of 1 item described, 0 failed" in first.stdout
    assert (
        "Paid now: 4 answers, 468 tokens (28 read from the cache, 0 written to it), $0.0006."
        in first.stdout
    )
    assert "$0.001, about $0.00 to go" in first.stderr
    capped = typed("rewrite", "--max-tokens", "100")
    assert "0 of 5 items described" in capped.stdout
    assert "Stopped early: The budget of 100 tokens is used up." in capped.stdout
    shop.server.batches_end = False
    handed_in = typed("rewrite", "--batch")
    assert "5 wait for a batch" in handed_in.stdout
    for batch in shop.server.batches.values():
        batch["ended"] = True
    shop.server.batches_end = True
    fetched = typed("rewrite", "--batch", "--wait", "--poll", "0.01")
    assert "5 of 5 items described, 0 failed" in fetched.stdout
    assert len(shop.server.questions) == 4 * ITEMS, "nothing was asked twice"
    assert "No description needs a check." in typed("rewrites").stdout


def test_trouble_is_one_sentence_and_the_next_run_goes_on(shop: Shop, typed) -> None:
    shop.server.respond = lambda question: trouble(401)
    refused = typed("rewrite")
    assert "Stopped early: The key was refused (401). Check ANTHROPIC_API_KEY." in refused.stdout
    assert "Traceback" not in refused.stderr
    shop.server.respond = good_answer
    assert f"{ITEMS} of {ITEMS} items described" in typed("rewrite").stdout
    unknown = typed("rewrite", "--item", "nobody")
    assert unknown.returncode == 2
    assert "There is no item “nobody”" in unknown.stderr


def test_shards_are_described_and_merged(shop: Shop, typed) -> None:
    wrong = typed("rewrite", "--shards", "2")
    assert wrong.returncode == 2
    assert "Shards are described with --batch" in wrong.stderr
    assert "no shards to merge" in typed("rewrite", "--merge").stderr
    words = ("rewrite", "--batch", "--wait", "--poll", "0.01", "--budget", "1")
    done = typed(*words, "--shards", "2")
    assert f"{ITEMS} of {ITEMS} items described, 0 failed" in done.stdout, done.stderr
    merged = typed("rewrite", "--merge")
    assert f"{4 * ITEMS} answers taken in. The shards have cost: {4 * ITEMS} answers" in (
        merged.stdout
    )
    missing = typed(*words, "--shard", "1")
    assert "Say into how many shards" in missing.stderr
