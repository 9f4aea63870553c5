"""Measure the effect of fine-tuning, of grounding with rewriting, and of both, on held-out texts.

    python -m benchmarks.fine_tuning --data-dir DIR --catalog NAME [--epochs 12] [--batch 128]

Grows an engine from ``clip`` (whole photo, title) and one from ``vl-clip`` (crop, rewrite) with the
same split, and measures all four on the titles, and then on the rewrites, that neither was trained
on, by picture vectors alone.
"""

from __future__ import annotations

import argparse
import platform
import time
from dataclasses import replace
from pathlib import Path

from core.app.adapter_training import DEFAULTS, MEASURES
from core.app.studio import Studio
from core.domain import Ranking
from core.evaluation.report_html import verdicts
from core.settings import load_settings
from core.training.batches import REWRITE, TITLE

#: The base engine, and the names of the trained engines, which are deleted at the end.
GROWN = {"clip": "bench-clip", "vl-clip": "bench-vl-clip"}


def main() -> None:
    """Train both, print one table, and delete the engines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--catalog", required=True)
    parser.add_argument("--epochs", type=int, default=DEFAULTS.epochs)
    parser.add_argument("--batch", type=int, default=DEFAULTS.batch, help="Pairs per step.")
    options = parser.parse_args()
    schedule = replace(DEFAULTS, epochs=options.epochs, batch=options.batch)
    studio = Studio(load_settings(data_dir=options.data_dir))
    for base, name in GROWN.items():
        if name in studio.training.runs.engines():
            studio.training.discard(name)
        started = time.monotonic()
        studio.training.adapt(name, options.catalog, base=base, options=schedule)
        print(f"{name}: {time.monotonic() - started:.0f} s")
    for texts in (TITLE, REWRITE):
        measure(studio, options.catalog, texts)
    print(platform.processor() or platform.machine())
    for name in GROWN.values():
        studio.training.discard(name)


def measure(studio: Studio, catalog: str, texts: str) -> None:
    """Print the figures of all four engines on held-out titles or rewrites."""
    queries, relevant = studio.training.held_out("vl-clip", catalog, texts)
    report = studio.evaluation.evaluate(
        queries, relevant, [*GROWN, *GROWN.values()], catalog,
        names=MEASURES, main="mrr", ranking=Ranking.IMAGE,
    )  # fmt: skip
    print(f"{report.catalog}: {report.queries} held-out {texts}s → {report.items} items")
    for entry in report.engines:
        figures = (
            f"{name} {score.value:.3f} [{score.low:.3f}, {score.high:.3f}]"
            for name, score in entry.scores.items()
        )
        print(f"{entry.engine:<14}", "  ".join(figures))
    for sentence in verdicts(report):
        print(sentence, flush=True)


if __name__ == "__main__":
    main()
