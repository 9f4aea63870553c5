"""The pages' Gradio app, which answers what fits no field with a sentence."""

from __future__ import annotations

import logging
from typing import Any

import gradio as gr

from ui.error_sentences import UNREADABLE

_log = logging.getLogger(__name__)
#: What Gradio says of a value that is none of a field's; it lists the choices.
_NO_CHOICE = "list of choices"


class CheckedBlocks(gr.Blocks):
    """``gr.Blocks`` whose fields refuse nonsense as our own handlers do.

    A field looks at its value before any handler of ours runs. Gradio reports what goes wrong there
    without a word, or in the words of its code.
    """

    async def preprocess_data(self, *given: Any, **named: Any) -> Any:
        """Return the values for a handler.

        Raises:
            gr.Error: A value fits no field, or there are too few or too many.
        """
        try:
            return await super().preprocess_data(*given, **named)
        except Exception as error:
            if isinstance(error, gr.Error) and _NO_CHOICE not in str(error.message):
                error.print_exception = False  # it is a sentence already, and no fault of ours
                raise
            _log.warning("A page sent what fits no field: %s", error)
            raise gr.Error(UNREADABLE, print_exception=False) from None
