"""VL-CLIP Studio: `python app.py` serves the pages, `python app.py --help` lists commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.cli import run

if TYPE_CHECKING:
    from core.app.studio import Studio


def _demo(studio: Studio) -> None:
    studio.index_demo()  # costs seconds when there is nothing left to do; pages show its progress
    studio.measure_demo()


def serve(studio: Studio) -> None:
    """Serve the pages until interrupted; the demo is indexed where there is no other catalogue."""
    # Imported here so that commands without a screen start fast.
    import uvicorn

    from core.app.library import DEMO
    from core.base.threads import limit_threads
    from ui.app import build_app

    settings = studio.settings
    limit_threads(settings.threads, spare=1)
    if {info.name for info in studio.catalogs()} <= {DEMO}:
        studio.jobs.background(lambda: _demo(studio))
    studio.jobs.background(studio.warm_up)
    app = build_app(studio)
    print(
        f"VL-CLIP Studio is at http://{settings.host}:{settings.port} (Ctrl+C stops it)", flush=True
    )
    uvicorn.run(
        app, host=settings.host, port=settings.port, log_level="warning",
        proxy_headers=False,  # the app reads them itself: VLCLIP_TRUSTED_PROXIES
    )  # fmt: skip


def main() -> None:
    """Run the command line, as the installed command `vl-clip-studio` does."""
    run(serve)


if __name__ == "__main__":
    main()
