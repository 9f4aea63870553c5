"""Two servers without a common disk describe the shards of a catalogue in a bucket."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from core.app.shard_costs import plan_of
from core.base.buckets import bucket_of, connect
from core.language.limits import JobLimits
from core.language.shard_plan import MERGED
from tests.core.language.messages_server import MessagesServer
from tests.core.language.rewriting_shop import ITEMS, Shop, good_answer, index_shop

WAIT = JobLimits(patience=0.0, batch=True, wait=True, poll=0.01, dollars=1.0)


def test_two_servers_share_shards_budget_and_ledgers(
    server: MessagesServer, bucket_uri: str, tmp_path: Path
) -> None:
    server.respond = good_answer
    folders = [tmp_path / name for name in ("first", "second")]
    for folder in folders:
        connect(folder, bucket_uri)
    index_shop(folders[0])
    first, second = (Shop(folder, server) for folder in folders)
    first.rewriting.rewrite_shards("shop", shards=2, only=(0,), limits=replace(WAIT, wait=False))
    handed_in = len(server.batches)
    assert handed_in == 1
    report = second.rewriting.rewrite_shards("shop", limits=WAIT)
    assert (report.progress.done, report.stopped) == (ITEMS, "")
    asked = [key["custom_id"] for batch in server.batches.values() for key in batch["requests"]]
    assert len(asked) == len(set(asked)) == 4 * ITEMS
    added, spent = second.rewriting.merge_shards("shop")
    assert (added, spent.usage.calls) == (4 * ITEMS, 4 * ITEMS)
    assert plan_of(folders[0], "shop").read().state == MERGED
    assert first.rewriting.spent().usage == spent.usage
    for folder in folders:
        plan = plan_of(folder, "shop")
        shard = plan.shard(0, plan.read())
        assert bucket_of(shard).files(shard) == {}, "no objects are left"
    assert not shard.exists(), "nor copies where it was merged"
    assert not (folders[0] / "agent" / "calls.lance").exists(), "answers are in the bucket"
