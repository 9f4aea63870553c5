"""The agent's shards of the shop in a process of its own, to be killed in the middle."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

from core.language.limits import JobLimits
from tests.core.language.rewriting_shop import Shop


def main(data_dir: Path, url: str, dollars: float) -> None:
    limits = JobLimits(dollars=dollars, batch=True, wait=True, poll=0.05)
    Shop(data_dir, SimpleNamespace(url=url)).rewriting.rewrite_shards(
        "shop", shards=3, limits=limits
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]))
