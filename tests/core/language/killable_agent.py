"""The agent over the shop's items in a process of its own, to be killed in the middle."""

from __future__ import annotations

import sys
from pathlib import Path

from core.language.claude import ClaudeRewriter
from core.language.live import run_live
from core.language.messages import Messages
from core.language.prompts import load_prompts
from core.language.work import Tally, Work
from core.settings import SHIPPED
from core.store.catalog_store import CatalogStore
from core.store.image_store import ImageStore
from core.store.ledger import Ledger


def main(data_dir: Path, url: str) -> None:
    root = data_dir / "catalogs" / "shop"
    store, images = CatalogStore(root), ImageStore(root / "images")
    messages = Messages("sk-ant-x", "claude-test", base_url=url, log=Ledger(data_dir))
    agent = ClaudeRewriter(messages, load_prompts(SHIPPED / "prompts"), 3)
    works = [
        Work(
            item_id,
            lambda call, item=record.item: agent.run(
                item, agent.loop(item, images.open(item.photo.sha256)).steps(), call=call
            ),
        )
        for item_id, record in sorted(store.items.records().items())
    ]
    tally = Tally(len(works), lambda: messages.meter.spent)
    run_live(works, messages.call, lambda name, run: None, tally, concurrency=3)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
