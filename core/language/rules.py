"""The offline rewriter: vocabularies and rules, in the agent's three roles.

It states only what the listing's fields state. The summarizer looks at title and product type, the
evaluator checks the draft against the facts of all fields, the refiner writes again with all of
them: the paper's loop, with rules for a model.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from PIL import Image

from core.domain.item import Item
from core.domain.rewrite import Rewrite, Round
from core.language.compose import compose, short
from core.language.facts import FactFinder, Facts
from core.language.plain import TITLE_LIMIT, capitalised, has_words, plain
from core.language.vocabulary import Vocabulary

#: Raise this when the rules change what they write: stored rewrites are then made again.
RULES_VERSION = 2


class RuleRewriter:
    """Writes from the listing's fields alone; the photo is not looked at.

    Args:
        folder: Folder of the vocabularies (``data/vocabularies``).

    Raises:
        SettingsError: A vocabulary is missing or broken.
    """

    name = "rules"

    def __init__(self, folder: Path) -> None:
        vocabulary = Vocabulary(folder)
        self._facts = FactFinder(vocabulary)
        seed = f"rules-{RULES_VERSION}-{vocabulary.digest}"
        self.fingerprint = hashlib.sha256(seed.encode()).hexdigest()[:16]

    def rewrite(self, item: Item, photo: Image.Image | None = None) -> Rewrite:
        """Describe an item in one sentence; falls back to its type, then to ``Product``."""
        facts = self._facts.find(item)
        last_resort = _last_resort(item)
        draft = compose(self._facts.find(item, title_only=True)) or last_resort
        refined = compose(facts) or last_resort
        rounds = [_evaluate(draft, facts, refined)]
        if not rounds[0].stop:
            rounds.append(_evaluate(refined, facts, refined))
        return Rewrite(rounds[-1].draft, tuple(rounds), self.name, self.fingerprint)


def _last_resort(item: Item) -> str:
    kind = short(plain(item.product_type, 120))
    if has_words(kind):
        return capitalised(kind)
    title = short(plain(item.title, TITLE_LIMIT))
    return capitalised(title) if has_words(title) else "Product"


def _evaluate(draft: str, facts: Facts, refined: str) -> Round:
    """Check a draft's coverage of the facts; ``refined`` is what could be written with all."""
    statements = _statements(facts, refined)
    missing = [f"{kind}: {word}" for kind, word in statements if word.lower() not in draft.lower()]
    said = len(statements) - len(missing)
    score = round(1 + 4 * said / len(statements), 1) if statements else 5.0
    words = len(draft.split())
    justification = (
        f"States {said} of {len(statements)} facts of the listing that fit, in {words} words."
        if statements
        else f"The listing states nothing more that can be seen; {words} words."
    )
    suggestions = [f"Say the {one}." for one in missing]
    if not suggestions and draft != refined:
        suggestions.append("Leave out the words that say nothing of the look.")
    return Round(
        draft=draft,
        score=score,
        justification=" ".join([justification, *facts.conflicts]),
        suggestions=tuple(suggestions),
        stop=not suggestions,
    )


def _statements(facts: Facts, refined: str) -> list[tuple[str, str]]:
    """The facts that the sentence has room for: kind and word."""
    every = [
        ("product", facts.noun),
        ("audience", facts.audience),
        ("medium", facts.medium),
        *(("colour", colour) for colour in facts.colours),
        *(("material", material) for material in facts.materials),
        *(("pattern", pattern) for pattern in facts.patterns),
        *(("style", style) for style in facts.styles),
        *(("part", part) for part in facts.parts),
        *(("subject", subject) for subject in facts.subjects),
    ]
    return [(kind, word) for kind, word in every if word and word.lower() in refined.lower()]
