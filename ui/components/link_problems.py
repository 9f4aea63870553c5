"""Say what of a link could not be used: engines that are not here, values that mean nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from core.domain import Box, Sort
from core.errors import no_engine
from ui.components.page_view import PageView
from ui.components.query import SearchForm, price_limit, read_language, read_number
from ui.render import render

#: Parameters with few possible values, and how a wrong one is told.
_READ: Mapping[str, Callable[[str], object]] = {
    "sort": lambda value: value in set(Sort),
    "language": read_language,
    "example": lambda value: read_number(value) is not None,
    "k": lambda value: read_number(value) is not None,
    "region": Box.read,
    "from": lambda value: price_limit(value) is not None,
    "to": lambda value: price_limit(value) is not None,
}
#: Longest value that is quoted.
_QUOTED = 60


def said_html(sentences: Iterable[str]) -> str:
    """Return sentences as one escaped paragraph; empty if there are none."""
    listed = list(sentences)
    return render("said.html", sentences=listed) if listed else ""


def engines_gone(form: SearchForm, view: PageView) -> dict[str, str]:
    """Return the engines of a search that can't answer here, each with a sentence."""
    statuses = {status.engine.name: status for status in view.statuses}
    gone: dict[str, str] = {}
    for name in form.engines:
        status = statuses.get(name)
        if status is None:
            gone[name] = str(no_engine(name[:_QUOTED], ()))
        elif not status.available:
            gone[name] = f"{status.engine.title} can't answer here: {status.reason}"
    return gone


def unread_of(pairs: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Return a sentence for each parameter of a link whose value was left out."""
    return tuple(
        f"The link’s “{name}” has a value that means nothing, “{value[:_QUOTED]}”; it was left out."
        for name, value in pairs
        if value.strip() and name in _READ and not _READ[name](value.strip())
    )
