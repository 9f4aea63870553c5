"""Show an item's description on Inspect: its history, and decisions of people."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from markupsafe import Markup

from core.app.item_rows import ItemRows
from core.app.studio import Studio
from core.domain import RewriteView, Round, WorthALook, Writer
from core.errors import QueryError
from ui.media import photo_url
from ui.render import render

#: Number of rewrites to check that are listed.
LISTED = 24

#: Actions of this panel's buttons.
ACTIONS = frozenset({"text-edit", "text-accept", "text-machine", "text-round"})

_WRITERS = {
    Writer.RULES: "the offline rules",
    Writer.AGENT: "the agent",
    Writer.RECORDING: "a language model elsewhere, shipped with the demo",
    Writer.PERSON: "a person",
}


_COSINE = re.compile(r":? \(?cosine -?\d\.\d+\)?")


@dataclass(frozen=True, slots=True)
class Turn:
    """One round of the trace.

    Attributes:
        words: The draft in pieces, each with whether it is new.
        round: The round.
    """

    words: tuple[tuple[str, bool], ...]
    round: Round


def panel(
    studio: Studio, item_id: str, catalog: str, rows: ItemRows | None = None, *,
    corrects: bool = True,
) -> Markup:  # fmt: skip
    """Return the text with its trace, its records and, for those who may, its actions."""
    view = studio.item_texts.view(item_id, catalog, rows)
    html = render(
        "rewrite_panel.html",
        view=view,
        writer=writer_sentence(view),
        turns=turns(view),
        kept=is_kept(view),
        catalog=catalog,
        corrects=corrects,
    )
    return Markup(html)  # noqa: S704 (escaped by the template)


def worth_a_look_panel(studio: Studio, catalog: str) -> Markup:
    """Return the queue of rewrites that a person should look at, most serious first."""
    entries: tuple[WorthALook, ...] = studio.item_texts.worth_a_look(catalog)
    html = render(
        "rewrite_queue.html",
        entries=[
            replace(entry, reasons=tuple(map(without_figures, entry.reasons)))
            for entry in entries[:LISTED]
        ],
        total=len(entries),
        catalog=catalog,
        url=photo_url,
    )
    return Markup(html)  # noqa: S704 (escaped by the template)


def decide(studio: Studio, item_id: str, catalog: str, action: str, value: str, author: str) -> str:
    """Carry out a person's decision on a text; return a sentence on the outcome.

    Raises:
        QueryError: The request makes no sense.
        StudioError: It could not be done; the text stays as it was.
    """
    texts = studio.item_texts
    actions: dict[str, Callable[[], str]] = {
        "text-edit": lambda: texts.edit(item_id, value, author, catalog),
        "text-accept": lambda: texts.accept(item_id, author, catalog),
        "text-machine": lambda: texts.back_to_machine(item_id, author, catalog),
        "text-round": lambda: texts.another_round(item_id, value, author, catalog),
    }
    if action not in actions:
        raise QueryError("This can't be done here. Load the page again.")
    return actions[action]()


def writer_sentence(view: RewriteView) -> str:
    """Return a sentence on the author of the text, and on whether it is searched with."""
    if view.standing is None:
        return "Not described yet: indexing has not reached this item."
    said = f"Written by {_WRITERS[view.writer]}"
    if view.decision is not None:
        at = view.decision.at
        said = f"Decided by {view.decision.author} on {at.day} {at:%B %Y, %H:%M} UTC"
    elif view.writer in (Writer.AGENT, Writer.RECORDING):
        said += f" ({view.standing.rewriter})"
    if not view.embedded:
        return f"{said}; not searchable with this text yet."
    return f"{said}."


def is_kept(view: RewriteView) -> bool:
    """Tell whether the text in use is the title as it was."""
    return bool(
        view.standing and view.standing.text.rstrip(".").casefold() == view.item.title.casefold()
    )


def turns(view: RewriteView) -> tuple[Turn, ...]:
    """Return the trace, each draft compared with the one before it; the first with the title."""
    before, made = view.item.title, []
    for round_ in view.standing.rounds if view.standing else ():
        said = without_figures(round_.justification)
        made.append(Turn(changed_words(before, round_.draft), replace(round_, justification=said)))
        before = round_.draft
    return tuple(made)


def without_figures(sentence: str) -> str:
    """Return a sentence without the cosines of vectors, which Inspect shows under its details."""
    return _COSINE.sub("", sentence)


def changed_words(before: str, after: str) -> tuple[tuple[str, bool], ...]:
    """Return the later text in pieces, each with whether its words are new."""
    old, new = before.split(), after.split()
    matcher = SequenceMatcher(None, [*map(_key, old)], [*map(_key, new)], autojunk=False)
    return tuple(
        (" ".join(new[start:end]), kind != "equal")
        for kind, _, _, start, end in matcher.get_opcodes()
        if end > start
    )


def _key(word: str) -> str:
    return re.sub(r"\W+", "", word).lower() or word
