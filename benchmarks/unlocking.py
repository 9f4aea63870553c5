"""Does it pay to unlock the image tower's last block, against an adapter behind the locked one?

``python -m benchmarks.unlocking --data-dir DIR --catalog NAME [--blocks N]``: from ``clip``,
with the same split, the same text tower and schedule: an adapter, and the last N blocks. All are
measured on the titles that no training saw, by picture vectors alone.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

from core.app.adapter_training import DEFAULTS, MEASURES
from core.app.studio import Studio
from core.domain import Ranking
from core.evaluation.report_html import verdicts
from core.settings import load_settings

ADAPTER, BLOCKS = "bench-adapter", "bench-blocks"


def main() -> None:
    """Train both, print one table, and leave nothing behind; a killed run goes on."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--catalog", required=True)
    parser.add_argument("--base", default="clip")
    parser.add_argument("--epochs", type=int, default=DEFAULTS.epochs)
    parser.add_argument("--blocks", type=int, default=1)
    parser.add_argument("--lr-image", type=float, default=1e-5)
    options = parser.parse_args()
    studio = Studio(load_settings(data_dir=options.data_dir))
    engines = studio.training.runs.engines()  # of a run that was stopped between the two
    started = time.monotonic()
    if BLOCKS not in engines:
        studio.training.tune(
            BLOCKS, catalog=options.catalog, base=options.base, unlock_image=options.blocks,
            say=print,
            options={"lr_image": options.lr_image, "epochs": options.epochs},
        )  # fmt: skip
        print(f"{BLOCKS}: {time.monotonic() - started:.0f} s", flush=True)
    started = time.monotonic()
    if ADAPTER not in engines:
        studio.training.adapt(
            ADAPTER, options.catalog, base=options.base, say=print,
            options=replace(DEFAULTS, epochs=options.epochs),
        )  # fmt: skip
        print(f"{ADAPTER}: {time.monotonic() - started:.0f} s", flush=True)
    queries, relevant = studio.training.held_out(options.base, options.catalog)
    report = studio.evaluation.evaluate(
        queries, relevant, [options.base, ADAPTER, BLOCKS], options.catalog,
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
    for name in (ADAPTER, BLOCKS):
        studio.training.discard(name)


if __name__ == "__main__":
    main()
