"""Select the rewrites that a person should check, with reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.base.percentages import percent
from core.domain import Item, Rewrite, RewriteRun, WorthALook, Writer
from core.language.vocabulary import Vocabulary

#: A last score below this is low.
LOW_SCORE = 4.0

#: More words than this are very long: the paper writes about ten.
LONG = 18

#: Photo and text agree little if their cosine is in this share of the catalogue's lowest.
LOWEST = 0.02


@dataclass(frozen=True, slots=True)
class Reviewed:
    """One item as the review sees it.

    Attributes:
        item: The item.
        rewrite: Its standing text.
        writer: Its author.
        run: The agent's latest run over it, if any.
        agreement: Cosine of photo and text, where embedded.
    """

    item: Item
    rewrite: Rewrite
    writer: Writer
    run: RewriteRun | None = None
    agreement: float | None = None


def worth_a_look(words: Vocabulary, entries: Sequence[Reviewed]) -> list[WorthALook]:
    """Return the rewrites with a reason to check them, most serious first, except people's own."""
    agreements = [e.agreement for e in entries if e.agreement is not None]
    floor = float(np.quantile(agreements, LOWEST)) if len(agreements) >= 1 / LOWEST else None
    doubtful = []
    for entry in entries:
        if entry.writer is Writer.PERSON:
            continue
        concerns = sorted(_concerns(words, entry, floor), reverse=True)
        if concerns:
            reasons = tuple(reason for _, reason in concerns)
            severity = sum(weight for weight, _ in concerns)
            who = entry.rewrite.rewriter
            doubtful.append(WorthALook(entry.item, entry.rewrite.text, who, reasons, severity))
    return sorted(doubtful, key=lambda entry: (-entry.severity, entry.item.item_id))


def _concerns(words: Vocabulary, entry: Reviewed, floor: float | None) -> list[tuple[float, str]]:
    rewrite, concerns = entry.rewrite, []
    if entry.run is not None and entry.run.rewrite is None:
        concerns.append((5.0, f"The agent wrote nothing usable: {entry.run.problem}"))
    elif entry.run is not None and entry.run.problem:
        concerns.append((3.0, f"The loop ended early: {entry.run.problem}."))
    last = rewrite.rounds[-1] if rewrite.rounds else None
    if last is not None and last.score is not None and last.score < LOW_SCORE:
        concerns.append((5.0 - last.score, f"Its last score is {last.score:.1f} of 5."))
    contradiction = contradicts(words, entry.item.title, rewrite.text)
    if contradiction:
        concerns.append((3.0, contradiction))
    if len(rewrite.text.split()) > LONG:
        concerns.append((1.0, f"It is very long: {len(rewrite.text.split())} words."))
    if floor is not None and entry.agreement is not None and entry.agreement <= floor:
        low = f"Photo and text agree little (cosine {entry.agreement:.2f})"
        concerns.append((2.0, f"{low}, among the lowest {percent(LOWEST)} of the catalogue."))
    return concerns


def contradicts(words: Vocabulary, title: str, text: str) -> str:
    """Return a sentence on a colour, audience or garment in which title and text differ."""
    in_title, in_text = words.colours.names(title), words.colours.names(text)
    if (
        in_title
        and in_text
        and not any(words.same_family(first, second) for first in in_title for second in in_text)
    ):
        return f"The title says {' and '.join(in_title)}, the text {' and '.join(in_text)}."
    for kind, table in (("is for", words.audiences), ("names a", words.nouns["fashion"])):
        first, second = _last(table.names(title)), _last(table.names(text))
        if first in table.names(text):
            continue  # "Booties, ankle boots" says both
        if (
            first
            and second
            and first.lower() not in second.lower()
            and second.lower() not in first.lower()
        ):
            return f"The title {kind} {first}, the text {kind} {second}."
    return ""


def _last(names: Sequence[str]) -> str:
    return names[-1] if names else ""
