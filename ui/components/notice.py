"""An error sentence that stays on the page if an action could not begin."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

import gradio as gr

from core.errors import StudioError
from ui.render import render

_P = ParamSpec("_P")


class Notice:
    """A notice that stays until it is dismissed, or until the action begins.

    Args:
        elem_id: Of the row on the page.
        heading: Text before the reason.
    """

    def __init__(self, elem_id: str, heading: str = "It did not start.") -> None:
        self._heading = heading
        with gr.Row(visible=False, elem_id=elem_id, elem_classes="vs-notice") as row:
            text = gr.HTML(elem_id=f"{elem_id}-text")
            dismiss = gr.Button(
                "Dismiss", elem_id=f"{elem_id}-dismiss", size="sm", scale=0, min_width=110
            )
        self.outputs = [row, text]

        def hide_notice() -> tuple[Any, ...]:
            return self._values("")

        dismiss.click(
            hide_notice, None, self.outputs, show_progress="hidden", api_visibility="private"
        )

    def keeps(
        self, outputs: int
    ) -> Callable[[Callable[_P, tuple[Any, ...]]], Callable[_P, tuple[Any, ...]]]:
        """Show a handler's ``StudioError`` here (put it under ``@sentences``).

        Args:
            outputs: Number of values that the handler returns; the notice's own follow them.
        """

        def decorate(handler: Callable[_P, tuple[Any, ...]]) -> Callable[_P, tuple[Any, ...]]:
            @wraps(handler)
            def guarded(*args: _P.args, **kwargs: _P.kwargs) -> tuple[Any, ...]:
                try:
                    return (*handler(*args, **kwargs), *self._values(""))
                except StudioError as problem:
                    return (*[gr.skip()] * outputs, *self._values(str(problem)))

            return guarded

        return decorate

    def _values(self, sentence: str) -> tuple[Any, Any]:
        shown = render("notice.html", heading=self._heading, sentence=sentence)
        return gr.update(visible=bool(sentence)), shown
