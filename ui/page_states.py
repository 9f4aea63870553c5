"""States of open pages, without Gradio's copy of every component's configuration.

Gradio makes that copy for each page view, on the event loop, for links that carry a page's state;
the studio has none of those (``ui/security/events.py``). It took a fifth of the time of a view, and
most of the memory of its state.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr
from fastapi import FastAPI
from gradio.state_holder import SessionState, StateHolder


def use_small_states(app: FastAPI, pages: gr.Blocks) -> None:
    """Let the mounted pages keep small states."""
    mounted = [getattr(route, "app", None) for route in app.routes]
    inner: Any = next(part for part in mounted if hasattr(part, "state_holder"))
    inner.state_holder = _States()  # type: ignore[no-untyped-call]
    inner.state_holder.set_blocks(pages)


@dataclass(frozen=True, slots=True)
class _NoCopy:
    """What Gradio's state looks at in the pages; no component is to be copied."""

    default_config: Any
    blocks: tuple[()] = ()


class _State(SessionState):
    def __init__(self, pages: gr.Blocks) -> None:
        super().__init__(_NoCopy(pages.default_config))  # type: ignore[arg-type]

    def _update_config(self, key: int) -> None:
        """Keep no configuration."""

    def _update_value_in_config(self, key: int, value: Any) -> None:
        """Keep no configuration."""


class _States(StateHolder):
    def __getitem__(self, session_id: str) -> SessionState:
        if session_id not in self.session_data:
            self.session_data[session_id] = _State(self.blocks)
        return super().__getitem__(session_id)
