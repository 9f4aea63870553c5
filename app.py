"""VL-CLIP Studio: `python app.py` serves the pages, `python app.py --help` lists commands."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from core.cli import run

if TYPE_CHECKING:
    from core.app.studio import Studio


def _demo(studio: Studio) -> None:
    """Index the demo where there is no other catalogue; pages show its progress."""
    from core.app.library import DEMO

    studio.demo_measures.take_in_ablation()  # Home shows it from the start
    if {info.name for info in studio.catalogs()} <= {DEMO}:
        studio.indexing.index_demo()  # costs seconds when there is nothing left to do
        try:
            studio.demo_measures.measure()
        finally:
            studio.demo_measures.measure_judgments()
    else:
        studio.demo_judgments.take_in()  # of a demo that an earlier version brought


def serve(studio: Studio) -> None:
    """Serve the pages until interrupted; the demo is indexed where there is no other catalogue.

    Models are loaded, and the demo is indexed, once the pages are there: both take seconds.
    """
    from core.base.heap import share_heaps

    share_heaps()  # before threads are started
    # Imported here so that commands without a screen start fast.
    import uvicorn

    from core.base.threads import limit_threads
    from ui.request_timeout import RequestTimeoutProtocol, allow_many_connections
    from ui.serving import PageServer
    from ui.web_app import build_app

    settings = studio.settings
    limit_threads(settings.threads, spare=1)

    def begin() -> None:
        address = f"http://{settings.host}:{settings.port}"
        print(f"VL-CLIP Studio is at {address} (Ctrl+C stops it)", flush=True)
        studio.jobs.background(lambda: _demo(studio))
        studio.jobs.background(studio.readiness.warm_up)
        studio.jobs.background(studio.indexing.search_indices.refresh_all)

    RequestTimeoutProtocol.most = allow_many_connections()
    config = uvicorn.Config(
        build_app(studio), host=settings.host, port=settings.port, log_level="warning",
        http=RequestTimeoutProtocol,
        loop="asyncio",  # as PageServer expects; Ray Serve brings another one, which would be taken
        backlog=min(2048, RequestTimeoutProtocol.most // 4),  # accepted before any is closed
        timeout_graceful_shutdown=5,  # open tabs hold streams that do not end by themselves
        proxy_headers=False,  # the app reads them itself: VLCLIP_TRUSTED_PROXIES
    )  # fmt: skip
    with suppress(KeyboardInterrupt):
        PageServer(config, begin).run()


def main() -> None:
    """Run the command line, as the installed command `vl-clip-studio` does."""
    run(serve)


if __name__ == "__main__":
    main()
