"""One way to show a problem: a sentence on the page, never a traceback."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from functools import wraps
from html import escape
from inspect import Parameter, signature, unwrap
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, get_type_hints

import gradio as gr
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError

from core.errors import StudioError

_P = ParamSpec("_P")
_R = TypeVar("_R")
_log = logging.getLogger(__name__)

#: Errors raised by values that the pages never send.
NONSENSE = (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError)
UNREADABLE = "The page sent something that makes no sense here. Load it again, please."
OUR_SIDE = "Something went wrong on our side; the log has the details. Please try again."


def sentences(handler: Callable[_P, _R]) -> Callable[_P, _R]:
    """Turn a handler's ``StudioError`` into ``gr.Error``; log anything else and say so plainly."""

    @wraps(handler)
    def guarded(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        if not all(_has_data(value) for value in args if isinstance(value, gr.EventData)):
            _log.warning("A page sent an event without its data to %s", handler.__name__)
            raise gr.Error(UNREADABLE, print_exception=False)
        try:
            return handler(*args, **kwargs)
        except StudioError as error:
            # Gradio shows messages as HTML, and a sentence may quote an address or a listing.
            raise gr.Error(escape(str(error), quote=False), print_exception=False) from None
        except gr.Error:
            raise
        except Exception as error:
            if isinstance(error, NONSENSE) and not fits(handler, args):
                _log.warning("A page sent nonsense to %s: %s", handler.__name__, brief(error))
                raise gr.Error(UNREADABLE, print_exception=False) from None
            _log.exception("A page handler failed: %s", getattr(handler, "__name__", handler))
            raise gr.Error(OUR_SIDE, print_exception=False) from None

    return guarded


def brief(error: BaseException) -> str:
    """Return an error and its place in one line of the log, whatever a visitor put into it."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__} {str(error)!r:.200}{place}"


def fits(handler: Callable[..., object], values: tuple[object, ...]) -> bool:
    """Tell whether values from a browser have the types that a handler declares."""
    function = unwrap(handler)
    try:
        hints = get_type_hints(function)
    except NameError:  # a type that is local to its function
        return True
    parameters = list(signature(function).parameters.values())
    if any(parameter.kind is Parameter.VAR_POSITIONAL for parameter in parameters):
        return not any(_is_odd(value) for value in values)
    pairs = zip(parameters, values, strict=False)
    return all(_is(value, hints.get(parameter.name, Any)) for parameter, value in pairs)


def _is(value: object, kind: Any) -> bool:
    if isinstance(value, gr.EventData):
        return _has_data(value)
    if kind is Any or isinstance(value, (gr.Request, gr.Progress)):
        return True
    try:
        TypeAdapter(kind, config=ConfigDict(arbitrary_types_allowed=True)).validate_python(
            value, strict=True
        )
    except ValidationError:
        return False
    except PydanticUserError:  # a kind that brings a configuration of its own
        return True
    return True


#: Data that the pages' own scripts send with an event.
_EVENT = ("action", "value")


def _has_data(event: gr.EventData) -> bool:
    sent = event._data
    return isinstance(sent, dict) and all(isinstance(sent.get(key), str) for key in _EVENT)


def _is_odd(value: object) -> bool:
    """Tell whether a value is empty or nested deeper than any field of the pages."""
    return value is None or isinstance(value, dict)
