"""The answers of the agent's roles, and the checks that an answer must pass."""

from __future__ import annotations

import re
import unicodedata

from pydantic import BaseModel, Field

from core.language.plain import has_words

#: Longest description, characters; the text tower's context is about 50 words.
MOST_WORDS = 30
_MOST_CHARACTERS = 300
_MARKUP = re.compile(r"[<>{}\[\]`|\\#*_^~]|&\w+;|https?:|www\.|\w@\w")
_SENTENCE_END = re.compile(r"[.!?。！？]\s+\S")
#: The joiners U+200C and U+200D are left: Persian and Indic words are spelled with them.
_JOINERS = "\u200c\u200d"
#: Categories of characters that nobody sees and a model may read or write text in.
_HIDDEN = {"Cc", "Cf", "Co", "Cs"}
#: Variation selectors beyond those of symbols; a byte each can be hidden in them.
_SELECTORS = range(0xE0100, 0xE01F0)


class Draft(BaseModel):
    """A description, of the summarizer or the refiner."""

    description: str = Field(description="The one-sentence visual description.")


class Verdict(BaseModel):
    """A verdict, of the evaluator."""

    score: float = Field(ge=0, le=5, description="0 to 5; 5 when nothing needs to change.")
    justification: str = Field(description="Why, in one or two sentences.")
    suggestions: list[str] = Field(description="What to change, most important first.")
    stop: bool = Field(description="True exactly when nothing needs to change.")


# All roles are asked for this one form: a server caches what requests begin with, and the form is
# part of that. (The docstring is sent with it.)
class Reply(BaseModel):
    """A description or a verdict, as the role has to give."""

    answer: Draft | Verdict = Field(
        description="The summarizer and the refiner give a description, the evaluator a verdict."
    )


class DraftReply(BaseModel):
    """What is taken of a summarizer or refiner."""

    answer: Draft


class VerdictReply(BaseModel):
    """What is taken of an evaluator."""

    answer: Verdict


class Unusable(ValueError):
    """An answer breaks the rules; the message names the rule and never quotes the answer."""


def usable(description: str) -> str:
    """Return the description, tidied, if it is one plain sentence.

    Raises:
        Unusable: It is empty, too long, several sentences, or has markup or an address in it.
    """
    text = " ".join(description.split()).strip(" \"'“”«»")
    text = text.rstrip(".。 ")
    if not has_words(text):
        raise Unusable("the description is empty")
    if any(map(_is_hidden, text)):
        raise Unusable("the description has control characters in it")
    if _MARKUP.search(text):
        raise Unusable("the description has markup or an address in it")
    if len(text.split()) > MOST_WORDS or len(text) > _MOST_CHARACTERS:
        raise Unusable(f"the description has more than {MOST_WORDS} words")
    if _SENTENCE_END.search(text):
        raise Unusable("the description has more than one sentence")
    return text


def short_lines(texts: list[str], most: int = 5, length: int = 300) -> tuple[str, ...]:
    """Return the evaluator's suggestions as bounded single lines, without empty ones."""
    shown = ("".join(" " if _is_hidden(c) else c for c in text) for text in texts)
    lines = (" ".join(text.split())[:length] for text in shown)
    return tuple(line for line in lines if line)[:most]


def _is_hidden(character: str) -> bool:
    hidden = unicodedata.category(character) in _HIDDEN or ord(character) in _SELECTORS
    return hidden and character not in _JOINERS
