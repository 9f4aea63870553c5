"""VL-CLIP Studio: `python app.py` serves the pages, `python app.py --help` lists commands."""

from __future__ import annotations

from core.cli import run
from core.library import DEMO
from core.studio import Studio

#: What Home compares, and the task that says how they do on the whole demo without any model.
COMPARED, TASK = ("clip", "vl-clip"), "same-type"


def _demo(studio: Studio) -> None:
    """The demo indexed, and measured once, so that Home can say what the engines are worth."""
    studio.index_demo()
    if studio.evaluation.latest(DEMO, COMPARED) is None:
        studio.evaluation.save(studio.evaluation.run_task(TASK, COMPARED, DEMO))


def serve(studio: Studio) -> None:
    """Serve the pages until interrupted; the demo is indexed where there is no other catalogue."""
    # Imported here so that commands without a screen start fast.
    import uvicorn

    from ui.app import build_app

    settings = studio.settings
    if {info.name for info in studio.catalogs()} <= {DEMO}:
        studio.start(lambda: _demo(studio))  # costs seconds when there is nothing left to do
    studio.start(studio.warm_up)
    app = build_app(studio)
    print(
        f"VL-CLIP Studio is at http://{settings.host}:{settings.port} (Ctrl+C stops it)", flush=True
    )
    uvicorn.run(app, host=settings.host, port=settings.port, log_level="warning")


if __name__ == "__main__":
    run(serve)
