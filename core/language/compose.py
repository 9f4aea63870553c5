"""Compose one short sentence of facts."""

from __future__ import annotations

import re

from core.base.counts import plural
from core.language.facts import Facts
from core.language.listing_reader import SHAPES
from core.language.plain import capitalised

#: Most words of a sentence; CLIP's text tower reads about 50, the paper writes about 10.
MOST_WORDS = 14
_MOST_CHARACTERS = 120


def compose(facts: Facts) -> str:
    """Return the sentence without a full stop; empty if there are no facts."""
    if facts.domain == "art" and facts.phrase and not facts.foreign:
        sentence = _art(facts)
    elif facts.domain == "food" and facts.phrase and not facts.foreign:
        sentence = _food(facts)
    elif facts.noun and facts.descriptive and not facts.foreign:
        sentence = _described(facts)
    elif facts.noun and not facts.foreign:
        sentence = _product(facts)
    else:
        sentence = _title(facts)
    return capitalised(short(sentence))


def short(sentence: str) -> str:
    """Cut a text to ``MOST_WORDS`` whole words."""
    words = sentence.split()
    while len(words) > MOST_WORDS:
        words.pop()
    while len(words) > 1 and len(" ".join(words)) > _MOST_CHARACTERS:
        words.pop()
    while len(words) > 1 and words[-1].lower().strip(",") in {"and", "with", "of", "in", "a", "the",
                                                              "for", "&", "on"}:  # fmt: skip
        words.pop()
    return " ".join(words)[:_MOST_CHARACTERS].strip(" ,;:-")


def _product(facts: Facts) -> str:
    noun = facts.noun
    head, _, tail = noun.partition(" with ")
    colours = [colour for colour in facts.colours if not _said(colour, noun)]
    front = [
        facts.audience,
        *(style for style in facts.styles if style in SHAPES),
        _listing(colours),
        *facts.patterns,
        *facts.materials,
        *(style for style in facts.styles if style not in SHAPES),
    ]
    front = [word for word in front if word and not _said(word, noun)]
    zips = [word for word in front if word.endswith("-zip")]
    front = [word for word in front if word not in zips[1:]]
    said = " ".join([*front, noun])
    parts = [part for part in facts.parts if not _said(part, said) and not _implied(part, said)]
    room = MOST_WORDS - len(" ".join([*front, noun]).split()) - 1
    parts = _fitting(parts, room - (len(tail.split()) + 1 if tail else 0))
    details = [detail for detail in (tail, *parts) if detail]
    text = " ".join([*front, head])
    text = f"{text} with {_listing(details)}" if details else text
    return f"{text}, {facts.motif}" if facts.motif and not _said(facts.motif, text) else text


def _described(facts: Facts) -> str:
    """Return the title's own words, completed by the columns."""
    text = facts.phrase
    if all(_said(word, facts.noun) for word in text.split()):
        text = facts.noun  # "Crate" with the type "wooden crate"
    words = [word for word in facts.noun.split() if len(word) > 2]
    named = any(_said(word, text) for word in words) or not words
    shapes = [style for style in facts.styles if style in SHAPES]
    front = [
        facts.audience, *shapes, _listing(facts.colours), *facts.patterns, *facts.materials
    ]  # fmt: skip
    said = f"{text} {facts.noun}"
    front = [word for word in front if word and not _said(word, said)]
    text = " ".join([*front, _lower_first(text) if front else text])
    parts = [p for p in facts.parts if not _said(p, said) and not _implied(p, said)]
    room = MOST_WORDS - len(text.split()) - (0 if named else len(facts.noun.split()) + 1)
    parts = _fitting(parts, room) if " with " not in text else []
    text = f"{text} with {_listing(parts)}" if parts else text
    if named:
        return text
    head, _, rest = facts.noun.replace("-", " ").partition(" ")
    joined = rest and not parts and text.lower().endswith(head.lower())
    return (
        f"{text} {rest}" if joined else f"{text}, {facts.noun}"
    )  # "Convertible sofa" + "sofa bed"


def _art(facts: Facts) -> str:
    subject = re.sub(r"\s*\([^()]*\)", "", facts.phrase).strip(" ,") or facts.phrase
    subject = subject.replace('"', "")
    kind = facts.noun if facts.noun and "," not in facts.noun else "painting"
    named = re.match(r"(?:self-)?portrait\b|still life\b", subject, re.I) or _said(kind, subject)
    if named or not (facts.noun or facts.medium):
        text = subject
    elif re.match(r"(?:after|at|by|from|in|on|under|near|before|to)\b", subject, re.I):
        text = f"{subject}, {kind}"
    else:  # "horse painting" of "The Horse Fair" is a painting of the Horse Fair
        new = [word for word in kind.split() if not _said(word, subject)]
        text = f"{' '.join(new) or 'painting'} of {_lower_article(subject)}"
    room = MOST_WORDS - len(facts.medium.split())
    text = short(" ".join(text.split()[: max(room, 3)])).rstrip(" ,;")
    shown = [
        subject
        for subject in facts.subjects
        if not any(_said(word, text) for word in _long(subject))
    ]
    shown = _fitting(shown, room - len(text.split()) - 1)
    text = f"{text} showing {_listing(shown)}" if shown else text
    return f"{text}, {facts.medium}" if facts.medium and not _said(facts.medium, text) else text


def _food(facts: Facts) -> str:
    phrase, noun = facts.phrase, facts.noun
    aside = re.search(r"\s*\(([^()]*)\)", phrase)
    if aside and noun and aside.group(1).strip().lower().startswith(noun.lower()[:4]):
        phrase = phrase[: aside.start()] + phrase[aside.end() :]
    if noun and not (_covers(noun, phrase) or _said(plural(noun), phrase) or _ends(phrase, noun)):
        shared = " ".join(word for word in noun.split() if not _said(word, phrase))
        noun = shared or noun  # "Milk" that is a "milk carton" is no "milk milk carton"
        phrase = f"{phrase} {noun}"
    elif noun:
        phrase = re.sub(rf"(?<!\w){re.escape(noun)}(?!\w)", noun, phrase, flags=re.I)
    colours = _listing([colour for colour in facts.colours if not _said(colour, phrase)])
    text = f"{colours} {phrase}".strip()
    details = [] if " with " in text else [d for d in facts.details if not _said(d, text)]
    return f"{text} with {_listing(details)}" if details else text


def _title(facts: Facts) -> str:
    """Return the cleaned title, completed by the columns; for items without a product type."""
    text = facts.phrase or facts.noun
    whole = facts.foreign and (len(text.split()) > 1 or not text.isascii())
    if facts.phrase and facts.noun and not whole and not _said(facts.noun, text):
        text = f"{text}, {facts.noun}"
    if not text:
        return ""
    if text.isupper() and not facts.foreign:
        text = text.lower()
    if facts.foreign:
        return text
    colours = [colour for colour in facts.colours if not _said(colour, text)]
    added = [facts.audience, _listing(colours), *facts.materials]
    added = [word for word in added if word and not _said(word, text)]
    room = MOST_WORDS - len(" ".join(added).split())
    text = " ".join(text.split()[:room])
    text = f"{' '.join(added)} {text}".strip()
    return f"{text}, {facts.tag}" if facts.tag and not _said(facts.tag, text) else text


def _said(word: str, text: str) -> bool:
    """Tell whether a text already has the word, its plural, or its stem before a hyphen."""
    if not word.isascii():
        return word.lower() in text.lower()
    flat = re.sub(r"[\s-]+", " ", text.lower())
    endings = ("es", "s") if len(word) > 3 else ()
    stems = {word.lower(), *(word.lower().removesuffix(ending) for ending in endings)}
    said = "|".join(re.escape(re.sub(r"[ -]+", " ", stem)) for stem in stems)
    return re.search(rf"(?<!\w)(?:{said})(?:'?s|es)?(?!\w)", flat) is not None


def _long(text: str) -> list[str]:
    """Return the words of a text that carry meaning."""
    return [word for word in text.split() if len(word) > 3] or [text]


def _covers(noun: str, text: str) -> bool:
    """Tell whether every word of a noun stands in a text: "cup of coffee" in "coffee cup"."""
    return all(_said(word, text) for word in noun.split() if word not in ("of", "for", "with"))


def _ends(phrase: str, noun: str) -> bool:
    """Tell whether the phrase ends in a compound of the noun: "watermelon" is a melon."""
    return phrase.lower().endswith((noun.lower(), plural(noun.lower())))


def _implied(part: str, said: str) -> bool:
    """Tell whether the words before the noun imply a part: "hooded" implies a hood."""
    flat = re.sub(r"[ -]", "", said.lower())
    return re.sub(r"[ -]", "", part.lower()) in flat or (part == "zip front" and "-zip" in said)


def _listing(words: tuple[str, ...] | list[str]) -> str:
    """Return ``a``, ``a and b``, ``a, b and c``."""
    words = list(words)
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)


def _fitting(parts: list[str], room: int) -> list[str]:
    """Return the parts that fit; each takes its words and one for "and"."""
    kept: list[str] = []
    for part in parts:
        cost = len(part.split()) + 1
        if cost <= room:
            kept.append(part)
            room -= cost
    return kept[:3]


def _lower_first(text: str) -> str:
    """Lower the first letter, unless the word is a name in capitals ("USB")."""
    first, _, rest = text.partition(" ")
    named = first[1:] != first[1:].lower() or re.match(r"[a-z]+[A-Z]", rest)  # "Apple iPhone"
    return text if named else text[:1].lower() + text[1:]


def _lower_article(text: str) -> str:
    return re.sub(r"^(The|An?)\b", lambda match: match.group().lower(), text)
