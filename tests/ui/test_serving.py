"""A server ends as soon as it is told to, whatever its visitors leave open."""

from __future__ import annotations

import logging
from pathlib import Path

import httpx
import pytest

from tests.ui.security.served import API, served, shop_in


def test_open_tabs_delay_no_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "temporary"))
    log = logging.getLogger("uvicorn.error")
    with httpx.Client(timeout=60) as http:
        with served(shop_in(tmp_path / "data")) as url:
            log.addHandler(caplog.handler)
            request = http.build_request("GET", f"{url}{API}/heartbeat/tab")
            tab = http.send(request, stream=True)
            lines = tab.iter_lines()
            assert next(lines) == "data: ALIVE"
        log.removeHandler(caplog.handler)
        assert "".join(lines) == ""
    assert caplog.text == "", "the server waited for the tab, and then cancelled its stream"
