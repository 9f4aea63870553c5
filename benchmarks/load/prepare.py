"""Index the demo and make a set of pairs to judge, in a process of its own: prints the set's id."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from core.app.library import DEMO
from core.app.query_sources import QuerySource
from core.app.studio import Studio
from core.domain import Rules
from core.settings import load_settings


def main() -> None:
    """Prepare the data directory that is named on the command line."""
    studio = Studio(load_settings(data_dir=Path(sys.argv[1])))
    if DEMO not in {info.name for info in studio.catalogs()}:
        studio.indexing.index_demo()
    made = studio.judging.create(
        f"Load {time.time():.0f}",
        studio.judging.queries(QuerySource(sampled_items=100), DEMO),
        engines=["clip"], depth=20, rules=Rules(overlap=20), catalog=DEMO,
    )  # fmt: skip
    print(made.set_id)


if __name__ == "__main__":
    main()
