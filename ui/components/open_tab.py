"""Fill the open tab again when another judgment set is chosen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr
from gradio.components import Component

from core.app.studio import Studio
from ui.error_sentences import sentences
from ui.rights import allowed


def open_tab(tab: str) -> Callable[[], str]:
    """Return a handler that returns this tab's id."""

    def note_tab() -> str:
        return tab

    return note_tab


def while_open(
    studio: Studio,
    sets: gr.Dropdown,
    opened: gr.State,
    tab: str,
    show: Callable[..., Any],
    inputs: list[Component],
    outputs: list[Component],
) -> None:
    """Call ``show`` when another set is chosen while this tab is open.

    Args:
        studio: The façade.
        sets: The choice of sets.
        opened: The id of the open tab.
        tab: The id of this tab.
        show: The tab's handler; who may not call it is told so whatever tab is open.
        inputs: Its inputs.
        outputs: Its outputs.
    """

    def again(now: str, *given: Any) -> Any:
        if now != tab:
            return gr.skip() if len(outputs) == 1 else tuple(gr.skip() for _ in outputs)
        return show(*given)

    action = getattr(show, "action", None)  # see `allowed`
    handler = sentences(allowed(studio, action)(again)) if action else again
    sets.input(
        handler, [opened, *inputs], outputs, show_progress="hidden", api_visibility="private"
    )
