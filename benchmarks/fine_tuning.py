"""Measure the effect of fine-tuning, of grounding with rewriting, and of both, on held-out titles.

``python -m benchmarks.fine_tuning --data-dir DIR --catalog NAME``: grows an engine from ``clip``
(whole photo, title) and one from ``vl-clip`` (crop, rewrite) with the same split, and measures all
four on the titles that neither was trained on, by picture vectors alone.
"""

from __future__ import annotations

import argparse
import platform
import time
from pathlib import Path

from core.app.studio import Studio
from core.app.training import MEASURES
from core.domain import Ranking
from core.evaluation.report_html import verdicts
from core.settings import load_settings

#: The base engine, and the names of the trained engines, which are deleted at the end.
GROWN = {"clip": "bench-clip", "vl-clip": "bench-vl-clip"}


def main() -> None:
    """Train both, print one table, and delete the engines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--catalog", required=True)
    options = parser.parse_args()
    studio = Studio(load_settings(data_dir=options.data_dir))
    for base, name in GROWN.items():
        if name in studio.training.runs.engines():
            studio.training.discard(name)
        started = time.monotonic()
        studio.training.adapt(name, options.catalog, base=base)
        print(f"{name}: {time.monotonic() - started:.0f} s")
    queries, relevant = studio.training.held_out("vl-clip", options.catalog)
    report = studio.evaluation.evaluate(
        queries, relevant, [*GROWN, *GROWN.values()], options.catalog,
        names=MEASURES, main="mrr", ranking=Ranking.IMAGE,
    )  # fmt: skip
    print(f"{report.catalog}: {report.queries} held-out titles → {report.items} items")
    for entry in report.engines:
        figures = (
            f"{name} {score.value:.3f} [{score.low:.3f}, {score.high:.3f}]"
            for name, score in entry.scores.items()
        )
        print(f"{entry.engine:<14}", "  ".join(figures))
    for sentence in verdicts(report):
        print(sentence)
    print(platform.processor() or platform.machine())
    for name in GROWN.values():
        studio.training.discard(name)


if __name__ == "__main__":
    main()
