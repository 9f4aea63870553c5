"""Run functions that the pages' scripts call directly; turn errors into answers."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import gradio as gr

from core.app.studio import Studio
from core.errors import StudioError
from core.people import Action
from ui.error_sentences import NONSENSE, OUR_SIDE, UNREADABLE, brief
from ui.rights import require

Answer = dict[str, Any]
_log = logging.getLogger(__name__)


def answered(
    studio: Studio, request: gr.Request | None, action: Action, work: Callable[[], Answer]
) -> Answer:
    """Run one call with the sender's rights; problems become a sentence under ``error``."""
    try:
        require(studio, request, action)
        return work()
    except StudioError as error:
        return {"error": str(error)}
    except NONSENSE as error:
        _log.warning("A page sent nonsense: %s", brief(error))
        return {"error": UNREADABLE}
    except Exception:
        _log.exception("A call of a page failed")
        return {"error": OUR_SIDE}
