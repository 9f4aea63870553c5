"""VL-CLIP Studio: `python app.py` serves the pages, `python app.py --help` lists commands."""

from __future__ import annotations

from core.cli import run
from core.studio import Studio


def serve(studio: Studio) -> None:
    """Serve the pages until interrupted; index the demo first where there is no catalogue yet."""
    # Imported here so that commands without a screen start fast.
    import uvicorn

    from ui.app import build_app

    settings = studio.settings
    if not studio.catalogs():
        studio.start(studio.index_demo)
    app = build_app(studio)
    print(
        f"VL-CLIP Studio is at http://{settings.host}:{settings.port} (Ctrl+C stops it)", flush=True
    )
    uvicorn.run(app, host=settings.host, port=settings.port, log_level="warning")


if __name__ == "__main__":
    run(serve)
