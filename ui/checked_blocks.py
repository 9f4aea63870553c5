"""The pages' Gradio app; a value that fits no field gets an error sentence."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import gradio as gr
from gradio import blocks

from ui.error_sentences import UNREADABLE

_log = logging.getLogger(__name__)
#: Part of Gradio's message for a value that is not a choice of a field.
_NO_CHOICE = "list of choices"


class _Unbuilt:
    """Builds no application, in place of Gradio's ``App``."""

    @staticmethod
    def create_app(*_: Any, **__: Any) -> None:
        """Return nothing."""


@contextmanager
def _unbuilt() -> Iterator[None]:
    """Let Gradio build no application: ``queue``, called at the end, builds the one that counts.

    Gradio builds one at the start and one for each page, with a hundred routes each, and drops it.
    """
    module = vars(blocks)
    application, module["App"] = module["App"], _Unbuilt
    try:
        yield
    finally:
        module["App"] = application


class CheckedBlocks(gr.Blocks):
    """``gr.Blocks`` whose fields refuse wrong values as the handlers do.

    A field checks its value before a handler runs. Gradio reports errors there without a sentence
    for people. ``app`` is ``None`` until ``queue`` is called.
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        """Take what ``gr.Blocks`` takes."""
        with _unbuilt():
            super().__init__(*given, **named)

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        """End a page without an application for it."""
        kept = self.app
        with _unbuilt():
            super().__exit__(kind, error, trace)
        self.app = kept

    async def preprocess_data(self, *given: Any, **named: Any) -> Any:
        """Return the values for a handler.

        Raises:
            gr.Error: A value fits no field, or there are too few or too many.
        """
        try:
            return await super().preprocess_data(*given, **named)
        except Exception as error:
            if isinstance(error, gr.Error) and _NO_CHOICE not in str(error.message):
                error.print_exception = False  # already a sentence, and not an internal error
                raise
            _log.warning("A page sent what fits no field: %s", error)
            raise gr.Error(UNREADABLE, print_exception=False) from None
