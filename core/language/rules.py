"""The offline rewriter: vocabularies and rules, in the agent's three roles.

It states what the listing's fields state, and what they leave open (a colour, a material, for whom)
where the photo shows it for sure. The summarizer looks at title and product type, the evaluator
checks the draft against the facts of all fields and against the photo, the refiner writes again
with all of them: the paper's loop, with rules for a model.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from PIL import Image

from core.base.lazy import lazy
from core.base.percentages import percent
from core.base.title_nouns import TitleNouns
from core.domain.detection import Grounding
from core.domain.item import Item
from core.domain.rewrite import Rewrite, Round
from core.language.compose import compose, short
from core.language.facts import FactFinder, Facts
from core.language.photo_reader import PhotoFeatures, PhotoReader, Seen
from core.language.plain import TITLE_LIMIT, capitalised, has_words, plain
from core.language.vocabulary import Vocabulary
from core.ports.encoder import Vectors

#: Raise this when the rules change what they write: stored rewrites are then made again.
RULES_VERSION = 7

#: Deduction from the score if the photo shows another colour than the listing states.
_DISAGREES = 1.5


class RuleRewriter:
    """Writes from the listing's fields and, with ``photo_reader``, from the photo.

    Args:
        folder: Folder of the vocabularies (``data/vocabularies``).
        photo_reader: Reads attributes from the photo; ``None`` uses the fields alone.

    Raises:
        SettingsError: A vocabulary is missing or broken.
    """

    name = "rules"

    def __init__(self, folder: Path, photo_reader: PhotoReader | None = None) -> None:
        self._words = Vocabulary(folder)
        self._nouns = TitleNouns(folder)
        self._facts = FactFinder(self._words, self._nouns)
        self._photo_reader = photo_reader

    @lazy
    def fingerprint(self) -> str:
        """Hash of rules, vocabularies and, where it looks at photos, the towers."""
        seed = f"rules-{RULES_VERSION}-{self._words.digest}-{self._nouns.digest}"
        seed += f"-{self._photo_reader.fingerprint}" if self._photo_reader else ""
        return hashlib.sha256(seed.encode()).hexdigest()[:16]

    @property
    def towers(self) -> str:
        """Fingerprint of the towers that look at the crop; empty when it sees no photos."""
        return self._photo_reader.towers if self._photo_reader else ""

    def rewrite(
        self,
        item: Item,
        photo: Image.Image | None = None,
        grounding: Grounding | None = None,
        vector: Vectors | None = None,
    ) -> Rewrite:
        """Describe an item in one sentence; falls back to its type, then to ``Product``."""
        facts = self._facts.find(item)
        last_resort = _last_resort(item)
        draft = compose(self._facts.find(item, title_only=True)) or last_resort
        findings = self._read_photo(item, facts, photo, grounding, vector)
        facts = _with(facts, findings.adds)
        refined = compose(facts) or last_resort
        rounds = [self._evaluate(draft, facts, refined, findings)]
        if not rounds[0].stop:
            rounds.append(self._evaluate(refined, facts, refined, findings))
        return Rewrite(rounds[-1].draft, tuple(rounds), self.name, self.fingerprint)

    def _read_photo(
        self,
        item: Item,
        facts: Facts,
        photo: Image.Image | None,
        grounding: Grounding | None,
        vector: Vectors | None,
    ) -> _PhotoFindings:
        """Return what the photo adds to the fields or contradicts in them."""
        if self._photo_reader is None or photo is None:
            return _PhotoFindings()
        features = self._photo_reader.features(photo, grounding, vector)
        # a painting has many colours, whatever its vector is nearest to
        if facts.foreign or facts.domain == "art":
            return _PhotoFindings(features)
        seen = self._photo_reader.read(features, facts.domain)
        said = " ; ".join((facts.phrase, facts.noun, *facts.details, *facts.patterns))
        text = f"{said} ; {plain(item.description, 2000)}"
        adds = {}
        if "material" in seen and not facts.materials and not self._words.materials.find(text):
            adds["material"] = seen["material"]
        if "audience" in seen and facts.noun and not self._words.audiences.find(text):
            adds["audience"] = seen["audience"]
        colour = seen.get("colour")
        if colour is None:
            return _PhotoFindings(features, adds)
        stated = (*facts.colours, *self._words.colours.names(said))
        if not stated and not self._words.colours.find(text):
            return _PhotoFindings(features, adds | {"colour": colour})
        is_stated = bool(stated) and len(facts.colours) <= 1 and "multicoloured" not in stated
        if is_stated and not any(
            self._words.same_family(colour.name, colour_name) for colour_name in stated
        ):
            return _PhotoFindings(features, adds, against=colour, stated=stated[0])
        return _PhotoFindings(features, adds)

    def _evaluate(self, draft: str, facts: Facts, refined: str, findings: _PhotoFindings) -> Round:
        """Check a draft's coverage of the facts and its agreement with the photo."""
        statements = _statements(facts, refined)
        missing = [
            f"{kind}: {word}" for kind, word in statements if word.lower() not in draft.lower()
        ]
        said = len(statements) - len(missing)
        score = 1 + 4 * said / len(statements) if statements else 5.0
        words = len(draft.split())
        notes = [
            f"States {said} of {len(statements)} facts that fit, in {words} words."
            if statements
            else f"The listing states nothing more that can be seen; {words} words."
        ]
        if findings.features is not None and self._photo_reader is not None:
            cosine = self._photo_reader.agreement(findings.features, draft)
            notes.append(f"Photo and text agree: cosine {cosine:.2f}.")
        for kind, seen in findings.adds.items():
            notes.append(f"The photo shows {_sure(seen)}; the listing names no {kind}.")
        if findings.against:
            score = max(1.0, score - _DISAGREES)
            notes.append(
                f"The photo looks {_sure(findings.against)}, the listing says {findings.stated}: "
                "the listing was believed."
            )
        suggestions = [f"Say the {name}." for name in missing]
        if not suggestions and draft != refined:
            suggestions.append("Leave out the words that say nothing of the look.")
        return Round(
            draft=draft,
            score=round(score, 1),
            justification=" ".join([*notes, *facts.conflicts]),
            suggestions=tuple(suggestions),
            stop=not suggestions,
        )


@dataclass(frozen=True, slots=True)
class _PhotoFindings:
    """Result of reading the photo: values to add by attribute, or a contradicting colour."""

    features: PhotoFeatures | None = None
    adds: Mapping[str, Seen] = field(default_factory=dict)
    against: Seen | None = None
    stated: str = ""


def _with(facts: Facts, seen: Mapping[str, Seen]) -> Facts:
    """Return the facts, completed by what the photo shows."""
    if "colour" in seen:
        facts = replace(facts, colours=(seen["colour"].name,))
    if "material" in seen:
        facts = replace(facts, materials=(seen["material"].name,))
    if "audience" in seen:
        facts = replace(facts, audience=seen["audience"].name)
    return facts


def _sure(seen: Seen) -> str:
    return f"{seen.name} ({percent(seen.probability)} sure)"


def _last_resort(item: Item) -> str:
    kind = short(plain(item.product_type, 120))
    if has_words(kind):
        return capitalised(kind)
    title = short(plain(item.title, TITLE_LIMIT))
    return capitalised(title) if has_words(title) else "Product"


def _statements(facts: Facts, refined: str) -> list[tuple[str, str]]:
    """Return the facts that the sentence has room for: kind and word."""
    every = [
        ("product", facts.noun),
        ("audience", facts.audience),
        ("medium", facts.medium),
        *(("colour", colour) for colour in facts.colours),
        *(("material", material) for material in facts.materials),
        *(("pattern", pattern) for pattern in facts.patterns),
        *(("style", style) for style in facts.styles),
        *(("part", part) for part in facts.parts),
        *(("detail", detail) for detail in facts.details),
        *(("subject", subject) for subject in facts.subjects),
        ("motif", facts.motif),
    ]
    return [(kind, word) for kind, word in every if word and word.lower() in refined.lower()]
