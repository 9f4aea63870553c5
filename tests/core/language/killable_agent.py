"""The agent's job over the shop in a process of its own, to be killed in the middle."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

from core.language.limits import JobLimits
from tests.core.language.rewriting_shop import Shop


def main(data_dir: Path, url: str) -> None:
    Shop(data_dir, SimpleNamespace(url=url)).rewriting.rewrite(
        "shop", limits=JobLimits(concurrency=3)
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
