"""Hide what engines find in a catalogue from whoever may still judge a set of it.

Nothing is compared with the set's queries, because an engine's list tells about a query as soon as
it is near enough, and any measure of "near enough" can be passed by.
"""

from __future__ import annotations

from collections.abc import Collection

import gradio as gr
from fastapi import Request
from gradio.context import LocalContext

from core.app.studio import Studio
from core.domain import OwnPart, Query, Report
from core.errors import AccessDenied, StudioError
from core.people import Action
from ui.rights import signed_in

#: Said to whoever does not lead, whether there is such a report or not.
NOT_SHOWN = (
    "There is no such report, or it is hidden from whoever may still judge a set of its catalogue."
)
_UNTIL = (
    "A judgment set of this catalogue is not finished. Until it is, whoever may still judge it "
    "does not see what the engines find."
)
_ASK_FIRST = (
    "No pair needs you any more. To see what the engines find, end your part on Annotate: after "
    "this your labels can no longer be changed."
)
_WORDS = "Explore lists the items that have your words, without any engine."
_PRODUCT_ONLY = "In photos only the product itself is looked for, not other words."
_NOTHING = f"{_UNTIL} In this studio only those who lead may search until then."


def engines_hidden(
    studio: Studio, request: gr.Request | Request | None, catalog: str | None
) -> bool:
    """Tell whether engines' lists, ranks and scores are hidden from the sender of this request.

    Where they are not, what an annotator has judged so far is final, so an annotator who has
    signed in is asked first (``hides_engines``).

    Those who lead see them, and so do viewers who have signed in: that role can't judge. A visitor
    who has not signed in may be any annotator.
    """
    who = signed_in(request)
    people = studio.people
    if people.may(who, Action.DECIDE):
        return False
    return people.closed or studio.judging.hides_engines(
        _judges(studio, who), catalog or None, _annotator(studio, who)
    )


def own_part(studio: Studio, who: str, catalog: str) -> OwnPart | None:
    """Tell how far an annotator is with a catalogue's sets; ``None`` for those who lead."""
    name = _annotator(studio, who)
    return studio.judging.own_part(name, catalog or None) if name else None


def is_hidden(studio: Studio, request: gr.Request | Request | None, report: Report) -> bool:
    """Tell whether a report is hidden from the sender of this request."""
    return engines_hidden(studio, request, report.catalog)


def require_shown(studio: Studio, request: gr.Request | Request | None, report: Report) -> None:
    """Raise ``AccessDenied`` if a report is hidden from the sender of this request."""
    require_figures_shown(studio, request, report.catalog)


def absence_sentence(
    studio: Studio, request: gr.Request | Request | None, error: StudioError
) -> str:
    """Return why a report is not given; whether one is hidden is told to those who lead only."""
    leads = studio.people.may(signed_in(request), Action.DECIDE)
    return str(error) if leads else NOT_SHOWN


def require_figures_shown(
    studio: Studio, request: gr.Request | Request | None, catalog: str
) -> None:
    """Raise ``AccessDenied`` if figures about engines are hidden from the sender of this request.

    An experiment's rates with one more grade and without it tell at which rank an engine has the
    pair, so the figures over all queries are hidden like those of one.
    """
    sentence = figures_sentence(studio, request, catalog)
    if sentence:
        raise AccessDenied(sentence)


def figures_sentence(studio: Studio, request: gr.Request | Request | None, catalog: str) -> str:
    """Return why figures about engines are hidden from a visitor; empty where they are shown."""
    return _reason(studio, request, catalog) if engines_hidden(studio, request, catalog) else ""


def require_engines_shown(studio: Studio, catalog: str) -> None:
    """Raise ``AccessDenied`` if engines' lists are hidden from the visitor."""
    sentence = hidden_sentence(studio, LocalContext.request.get(None), catalog)
    if sentence:
        raise AccessDenied(sentence)


def fit_sentence(
    studio: Studio, request: gr.Request | Request | None, catalog: str | None = None
) -> str:
    """Return why it is hidden how well a visitor's own words fit a photo; empty where it is shown.

    Engines rank by the same model, so asking for all items of a query gives a list much like
    theirs. Without a catalogue, for a photo that may be of any, all of them count.
    """
    names = (catalog,) if catalog else tuple(info.name for info in studio.catalogs())
    for name in names:
        if engines_hidden(studio, request, name):
            return f"{_reason(studio, request, name)} {_PRODUCT_ONLY}"
    return ""


def require_fit_shown(
    studio: Studio, request: gr.Request | Request | None, catalog: str | None = None
) -> None:
    """Raise ``AccessDenied`` where ``fit_sentence`` says why."""
    sentence = fit_sentence(studio, request, catalog)
    if sentence:
        raise AccessDenied(sentence)


def hidden_sentence(
    studio: Studio, request: gr.Request | Request | None, catalog: str | None
) -> str:
    """Return why a visitor sees no engine's lists in a catalogue; empty where they see them."""
    if not engines_hidden(studio, request, catalog):
        return ""
    return _without_engines(studio, request, catalog)


def require_words(studio: Studio, query: Query, catalog: str) -> str:
    """Return the sentence that goes with a list found by words, in place of an engine's.

    Raises:
        AccessDenied: The query is a picture or an item, which only engines compare; or the
            settings allow no search.
    """
    request = LocalContext.request.get(None)
    by_words = query.image is None and not query.item_id and bool(query.text.strip())
    if not by_words or not studio.settings.search_while_judging:
        raise AccessDenied(_without_engines(studio, request, catalog))
    reason = _reason(studio, request, catalog)
    return f"{reason} These items have your words; no engine was asked."


def _without_engines(
    studio: Studio, request: gr.Request | Request | None, catalog: str | None
) -> str:
    """Return why no engine answers, and what does."""
    allowed = studio.settings.search_while_judging
    return f"{_reason(studio, request, catalog)} {_WORDS}" if allowed else _NOTHING


def _reason(studio: Studio, request: gr.Request | Request | None, catalog: str | None) -> str:
    """Return why engines' lists are hidden from a visitor: pairs, or their word, are wanted."""
    name = _annotator(studio, signed_in(request))
    done = name and studio.judging.own_part(name, catalog or None) is OwnPart.DONE
    return _ASK_FIRST if done else _UNTIL


def _annotator(studio: Studio, who: str | None) -> str:
    """Return the name of an annotator who decides when their part ends; empty for anybody else.

    Where nobody searches while a set is judged, all parts end together.
    """
    people = studio.people
    judges = people.may(who, Action.JUDGE) and not people.may(who, Action.DECIDE)
    return who if who and judges and studio.settings.search_while_judging else ""


def _judges(studio: Studio, who: str | None) -> Collection[str]:
    """Return the annotators whose open sets count for a visitor who does not lead."""
    people = studio.people
    if not who or not studio.settings.search_while_judging:
        return people.annotators()
    return (who,) if people.may(who, Action.JUDGE) else ()
