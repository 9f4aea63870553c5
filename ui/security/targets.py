"""Check that a request names an existing function of the pages or of a component."""

from __future__ import annotations

import logging
from typing import Any

from gradio import Blocks

from ui.error_sentences import UNREADABLE

_log = logging.getLogger(__name__)
Problem = tuple[int, str]


class Targets:
    """The functions of the running pages; Gradio itself fails on unknown names.

    Args:
        pages: The pages' app.
    """

    def __init__(self, pages: Blocks) -> None:
        self._pages = pages

    def problem(self, route: str, event: Any) -> Problem | None:
        """Return what is wrong with an event's target; ``None`` for what Gradio looks at itself.

        Args:
            route: Path below ``/gradio_api/``.
            event: What was sent, as JSON.
        """
        first, *more = route.split("/")
        if first == "component_server":
            exists = self._has_server_function(event)
        elif first == "call" and more:
            exists = more[-1] in {fn.api_name for fn in self._pages.fns.values()}
        else:
            return None
        if exists:
            return None
        _log.warning("A request to %.100r names what no page has", route)
        return 404, UNREADABLE

    def _has_server_function(self, event: Any) -> bool:
        if not isinstance(event, dict):
            return False
        number, name = event.get("component_id"), event.get("fn_name")
        if not isinstance(number, int) or not isinstance(name, str):
            return False
        if not isinstance(event.get("session_hash"), str):
            return False
        function = getattr(self._pages.blocks.get(number), name, None)
        return getattr(function, "_is_server_fn", False) is True
