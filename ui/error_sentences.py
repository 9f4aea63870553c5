"""One way to show a problem: a sentence on the page, never a traceback."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from html import escape
from inspect import Parameter, signature, unwrap
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
        try:
            return handler(*args, **kwargs)
        except StudioError as error:
            # Gradio shows messages as HTML, and a sentence may quote an address or a listing.
            raise gr.Error(escape(str(error), quote=False), print_exception=False) from None
        except gr.Error:
            raise
        except Exception as error:
            if isinstance(error, NONSENSE) and not fits(handler, args):
                _log.warning("A page sent nonsense to %s", handler.__name__, exc_info=True)
                raise gr.Error(UNREADABLE, print_exception=False) from None
            _log.exception("A page handler failed: %s", getattr(handler, "__name__", handler))
            raise gr.Error(OUR_SIDE, print_exception=False) from None

    return guarded


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
        sent = value._data
        return isinstance(sent, dict) and all(isinstance(sent.get(k), str) for k in _EVENT)
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


def _is_odd(value: object) -> bool:
    """Tell whether a value is empty or nested deeper than any field of the pages."""
    return value is None or isinstance(value, dict)
