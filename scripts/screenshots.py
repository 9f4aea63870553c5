"""Take the pictures in docs/ and the preview of links anew, of the studio with the shipped demo.

    python scripts/screenshots.py [--data-dir FOLDER]

Starts the studio on a free port and drives Chromium, at 1280 and at 390 pixels, in light and dark.
The demo is indexed first where the data directory does not have it.
"""

from __future__ import annotations

import argparse
import io
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs"
#: File name → address, width in pixels, whether dark.
SHOTS = {
    "explore.png": ("/explore?q=flower+vase", 1280, False),
    "compare.png": ("/compare?item=room-36030587-6", 1280, False),
    "explore-dark.png": ("/explore?q=flower+vase", 1280, True),
    "explore-narrow.png": ("/explore?q=flower+vase", 390, False),
    "catalog.png": ("/catalog", 1280, False),
    "home.png": ("/", 1280, False),
}
HEIGHTS = {1280: 820, 390: 780}
#: The picture that chats and mails show for a link, its size, and the window it is taken of: in a
#: lower one the figure below the photos would be cut off.
PREVIEW, PREVIEW_SIZE = ROOT / "data" / "demo" / "preview.jpg", (1200, 630)
PREVIEW_WINDOW = 1280, 672
#: Time for pictures to load and for what moves to come to rest, milliseconds.
SETTLE_MS = 5000
#: Colours of the stored pictures: few, so that the files stay small.
COLOURS = 128


def main() -> None:
    """Serve, take all pictures, stop."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, help="default: a new folder, deleted afterwards")
    given = parser.parse_args().data_dir
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise SystemExit("No Chromium is installed (Debian package: chromium).")
    with tempfile.TemporaryDirectory() as scratch:
        folder = given or Path(scratch) / "data"
        app = [sys.executable, str(ROOT / "app.py"), "--data-dir", str(folder)]
        subprocess.run([*app, "index", "--demo"], check=True)
        port = _free_port()
        server = subprocess.Popen([*app, "--port", str(port)])
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(url, server)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
                )
                for name, (address, width, dark) in SHOTS.items():
                    size = width, HEIGHTS[width]
                    _shoot(browser, url + address, size, dark, TARGET / name)
                _shoot(browser, url + "/", PREVIEW_WINDOW, False, PREVIEW)
        finally:
            server.terminate()
            server.wait(30)


def _shoot(browser: Browser, address: str, size: tuple[int, int], dark: bool, target: Path) -> None:
    scheme = "dark" if dark else "light"
    view = {"width": size[0], "height": size[1]}
    context = browser.new_context(viewport=view, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    joiner = "&" if "?" in address else "?"
    page.goto(f"{address}{joiner}__theme={scheme}")
    shown = "[id$='-results'] img" if "?" in address else "h1"
    page.wait_for_selector(shown, timeout=120_000)
    if address.endswith("/"):
        page.wait_for_selector(".vs-claim", timeout=120_000)
    page.wait_for_timeout(SETTLE_MS)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    if target.suffix == ".jpg":
        picture = picture.resize(PREVIEW_SIZE, Image.Resampling.LANCZOS)
        picture.save(target, quality=85, optimize=True)
    else:
        picture.quantize(COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)
    context.close()
    print(f"{target.relative_to(ROOT)}: {target.stat().st_size // 1000} kB", flush=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(url: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(240):
        if server.poll() is not None:
            raise SystemExit(f"The studio stopped with exit code {server.returncode}.")
        try:
            httpx.get(url, timeout=5)
            return
        except httpx.HTTPError:
            time.sleep(0.5)
    raise SystemExit("The studio did not answer.")


if __name__ == "__main__":
    main()
