"""Index the demo from scratch and ship its stage results in ``data/demo/precomputed``.

The ablation over it ships, too: Home shows its figures.

Run it whenever a grounder's, rewriter's or encoder's fingerprint changes; on two cores it takes a
quarter of an hour. A test fails while what ships is out of date.

    python scripts/precompute_demo.py [--data-dir DIR]

With a data directory, an index that is there already is brought up to date instead.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from core.app.demo_measures import BEFORE_AFTER  # noqa: E402
from core.app.indexing import PRECOMPUTED  # noqa: E402
from core.app.library import DEMO, Library  # noqa: E402
from core.app.studio import Studio  # noqa: E402
from core.settings import SHIPPED, load_settings  # noqa: E402
from core.store import snapshot  # noqa: E402

TARGET = SHIPPED / "demo" / PRECOMPUTED
ABLATION = SHIPPED / "demo" / "ablation.json"


def main(data_dir: Annotated[Path | None, typer.Option()] = None) -> None:
    """Index and export."""
    folder = data_dir or Path(tempfile.mkdtemp(prefix="vlclip-demo-"))
    settings = load_settings(data_dir=folder)
    indexing = Studio(settings).indexing
    report = indexing.index_demo(on_progress=lambda p: print(p.stage, p.done, p.total))
    print(f"{report.items} items, work done: {dict(report.per_stage)}")
    shutil.rmtree(TARGET, ignore_errors=True)
    for path in snapshot.export(Library(settings).get(DEMO).store, TARGET):
        print(f"{path.relative_to(ROOT)}  {path.stat().st_size / 2**20:.2f} MiB")
    studio = Studio(settings)
    ablation = studio.evaluation.run_task("ablation", BEFORE_AFTER, DEMO)
    shutil.copyfile(studio.evaluation.reports.add(ablation), ABLATION)
    copy_judged(studio)
    if data_dir is None:
        shutil.rmtree(folder)


def copy_judged(studio: Studio) -> None:
    """Measure the engines on the shipped judgment set, and ship the report."""
    studio.demo_judgments.report_path.unlink(missing_ok=True)
    studio.demo_measures.measure_judgments()
    report = studio.evaluation.latest(DEMO, BEFORE_AFTER, studio.demo_judgments.set_id())
    if report is None:
        raise SystemExit("The demo's judgment set is not in this data directory.")
    shutil.copyfile(studio.evaluation.reports.add(report), studio.demo_judgments.report_path)


if __name__ == "__main__":
    typer.run(main)
