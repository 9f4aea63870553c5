"""Measure "no close match" end to end: queries for present things, absent things, nonsense.

    python -m benchmarks.presence DATA_DIR CATALOG [--engine vl-clip]

Asks the queries of `queries/presence.toml` for a catalogue that is indexed in DATA_DIR, with the
search weights as they ship, and lists each query that was told wrongly. Nothing was ever fitted on
`made_up` and on the queries in other languages.
"""

from __future__ import annotations

import argparse
import platform
import sys
import tomllib
from pathlib import Path

from benchmarks.calibration_queries import QUERIES
from core.app.studio import Studio
from core.domain import Query
from core.settings import load_settings


def main() -> None:
    """Run the queries and print the shares."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("catalog")
    parser.add_argument("--engine", default="vl-clip")
    given = parser.parse_args()
    print("python -m benchmarks.presence", *sys.argv[1:], f"({platform.machine()})")
    studio = Studio(load_settings(data_dir=given.data_dir))
    queries = tomllib.loads(QUERIES.read_text("utf-8"))
    groups = dict(queries[given.catalog])
    groups |= {name: queries[name] for name in ("nonsense", "made_up")}
    for group, texts in groups.items():
        close = [studio.search(Query(t), given.engine, given.catalog).close for t in texts]
        wanted = group.endswith("present")
        wrong = [text for text, is_close in zip(texts, close, strict=True) if is_close != wanted]
        share = 1 - sum(close) / len(close)
        print(
            f"{group:23} “no close match” {share:.3f} of {len(texts)}; wrong: {wrong}", flush=True
        )


if __name__ == "__main__":
    main()
