"""One way to show a problem: a sentence on the page, never a traceback."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from html import escape
from typing import ParamSpec, TypeVar

import gradio as gr

from core.errors import StudioError

_P = ParamSpec("_P")
_R = TypeVar("_R")
_log = logging.getLogger(__name__)


def sentences(handler: Callable[_P, _R]) -> Callable[_P, _R]:
    """Turn a handler's ``StudioError`` into ``gr.Error``; log anything else and say so plainly."""

    @wraps(handler)
    def guarded(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            return handler(*args, **kwargs)
        except StudioError as error:
            # Gradio shows messages as HTML, and a sentence may quote an address or a listing.
            raise gr.Error(escape(str(error), quote=False), print_exception=False) from None
        except gr.Error:
            raise
        except Exception:
            _log.exception("A page handler failed: %s", getattr(handler, "__name__", handler))
            raise gr.Error(
                "Something went wrong on our side; the log has the details. Please try again.",
                print_exception=False,
            ) from None

    return guarded
