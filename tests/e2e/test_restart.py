"""The server ends while somebody judges, and the sign-in with it: nothing is lost."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from gradio.context import Context
from playwright.sync_api import Browser, expect

from core.app.studio import Studio
from core.people import People, Role
from core.settings import load_settings
from tests import whole
from tests.e2e.test_unsent import NAME, PASSWORD, judge, sign_in, waiting
from tests.ui.security.served import free_port, run_app
from ui.web_app import build_app

pytestmark = pytest.mark.browser


def test_what_was_judged_while_the_server_was_away_is_sent_after_signing_in_again(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, port = tmp_path / "data", free_port()
    data.mkdir()
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "temporary"))
    whole.fill(data)
    People(data / "users.json").add("root-e2e", Role.ADMIN, PASSWORD)
    People(data / "users.json").add(NAME, Role.ANNOTATOR, PASSWORD)

    def studio() -> Studio:
        return Studio(load_settings(data_dir=data))

    def serve(running: ExitStack) -> Any:
        monkeypatch.setattr(Context, "id", 0)  # a new process counts its components anew
        return running.enter_context(run_app(build_app(studio()), port))

    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    status = page.locator(".vs-desk [data-part=status]")
    with ExitStack() as first:
        page.goto(f"{serve(first)}/annotate")
        sign_in(page)
        judge(page, "2")
        expect(status).to_have_text("Saved.")
    judge(page, "1")  # the server has ended
    expect(status).to_contain_text("1 judgment is kept")
    assert waiting(page) == 1
    (data / "sessions.json").unlink()
    with ExitStack() as second:
        serve(second)
        expect(status).to_contain_text("You are signed out. 1 judgment is kept in this browser")
        with context.expect_page() as opened:
            status.get_by_role("link", name="Sign in again").click()
        sign_in(opened.value)
        opened.value.close()  # and back to the page that waits
        expect(status).to_have_text("Saved.")
        assert waiting(page) == 0
        context.close()
    queue = studio().judging.queue(whole.NAME)
    (made,) = queue.sets.all()
    labels = queue.look(made.set_id, lambda state: state.recent(NAME, 100))
    assert sorted(str(label.grade) for label in labels) == ["1", "2"]
