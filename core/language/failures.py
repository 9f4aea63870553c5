"""Errors of the Messages API, with a sentence for the person who can act on them."""

from __future__ import annotations

import json

import anthropic

from core.errors import RewritingFailed


class BadAnswer(RewritingFailed):
    """The model's answer is not usable: refused, cut off, or not in the agreed form."""


class Refused(BadAnswer):
    """The model declined."""


class Troubled(RewritingFailed):
    """The server can't answer now; the same question may be answered later."""


class Unclear(Troubled):
    """It is unknown whether the server has taken a batch; the next look at its list tells."""


class Rejected(RewritingFailed):
    """The server refuses all questions: key, permission, credit or model is wrong."""


_REJECTED = {
    401: "The key was refused (401). Check ANTHROPIC_API_KEY.",
    402: "The account has no credit left (402).",
    403: "This key may not use {model} (403). Check its permissions or choose another model.",
    404: "There is no model “{model}” there (404). Choose another one with VLCLIP_REWRITE_MODEL.",
}
_TROUBLED = {
    429: "{model} is rate-limited (429) and stayed so. Try again later.",
    529: "{model} is overloaded (529) and stayed so. Try again later.",
}
_OTHER = {
    400: "{model} did not take the question (400): the model may not know pictures, structured "
    "answers or the effort. Choose another one with VLCLIP_REWRITE_MODEL, or leave "
    "VLCLIP_REWRITE_EFFORT empty.",
    413: "The question to {model} is too large (413).",
}


def failure_of(error: Exception, model: str) -> RewritingFailed:
    """Return the failure that an error of the client means; nothing of its request is in it."""
    if isinstance(error, anthropic.APITimeoutError):
        return Troubled(f"{model} did not answer in time. Try again later.")
    if isinstance(error, anthropic.APIConnectionError):
        return Troubled(
            f"The server of {model} can't be reached. Check the network, and ANTHROPIC_BASE_URL "
            "where it is set."
        )
    if isinstance(error, anthropic.APIStatusError):
        return failure_of_status(error.status_code, model)
    if isinstance(error, anthropic.APIError):
        return RewritingFailed(f"{model} did not take the question (not a valid answer).")
    if not isinstance(error, (anthropic.AnthropicError, TypeError, ValueError)) or isinstance(
        error, json.JSONDecodeError
    ):
        return Troubled(f"The answer of {model} broke off. Try again later.")
    return Rejected(
        f"{model} could not be asked ({type(error).__name__}). Check the key and the address of "
        "the server."
    )


def failure_of_status(status: int, model: str) -> RewritingFailed:
    """Return the failure that an HTTP status means."""
    if status in _REJECTED:
        return Rejected(_REJECTED[status].format(model=model))
    if status in _TROUBLED:
        return Troubled(_TROUBLED[status].format(model=model))
    if status in (408, 409) or status >= 500:
        return Troubled(f"The server of {model} has trouble ({status}). Try again later.")
    sentence = _OTHER.get(status, f"{{model}} did not take the question ({status}).")
    return RewritingFailed(sentence.format(model=model))
