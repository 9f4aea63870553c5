"""A served studio with the shipped demo, and a real Chromium.

The studio is served in this process, since starting one takes ten seconds; `own_process` starts it
as a user does, for the files that need that.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from core.app.studio import Studio
from core.settings import load_settings
from tests.ui.security.served import free_port, run_app
from ui.web_app import build_app

ROOT = Path(__file__).parent.parent.parent
START_SECONDS = 300
#: Longest wait for what a page shows, milliseconds: shared machines can be slow, and a pass is as
#: fast as ever.
PATIENCE = 150_000
CHROMIUM_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip


@pytest.fixture(scope="module")
def studio_data(demo_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with the demo in it; one a file, since an added catalogue is the default."""
    folder = tmp_path_factory.mktemp("studio") / "data"
    shutil.copytree(demo_data, folder)
    return folder


@pytest.fixture(scope="module")
def studio_url(studio_data: Path) -> Iterator[str]:
    """Address of a studio served in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(studio_data.parent / "temporary"))
        app = build_app(Studio(load_settings(data_dir=studio_data)))
        with run_app(app) as url:
            yield url


@pytest.fixture(scope="module")
def own_process(studio_data: Path) -> Iterator[str]:
    """Address of a studio served the way a user serves it."""
    port = free_port()
    command = [sys.executable, "app.py", "--data-dir", str(studio_data), "--port", str(port)]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GRADIO_SERVER")}
    server = subprocess.Popen(command, cwd=ROOT, env=environment)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_served(url, server)
        yield url
    finally:
        server.terminate()
        server.wait(120)


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """Playwright with its event loop, which ends with the file: others run loops of their own."""
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Debian's (or any installed) Chromium; skips with its reason where there is none."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("No Chromium is installed (Debian package: chromium).")
    expect.set_options(timeout=PATIENCE)
    started = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
    new_context = started.new_context

    def patient_context(**options: Any) -> BrowserContext:
        context = new_context(**options)
        context.set_default_timeout(PATIENCE)
        return context

    started.new_context = patient_context  # type: ignore[method-assign]
    yield started
    started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh page at 1280 pixels; a script error on it fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    context.close()
    assert not errors, errors


def _wait_until_served(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert server.poll() is None, "the studio ended while it started"
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except urllib.error.HTTPError:  # it answers: "sign in"
            return
        except OSError:
            time.sleep(0.3)
    pytest.fail(f"The studio was not served within {START_SECONDS} s.")
