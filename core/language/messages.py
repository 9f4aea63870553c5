"""One question to the Messages API, one validated answer; every failure is a sentence.

The official client retries by itself (connection errors, 408, 409, 429, 5xx, honouring
``retry-after``); what is raised here is what remained after that.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import anthropic
from pydantic import BaseModel, ValidationError

from core.errors import RewritingFailed
from core.language.usage import Meter, Usage, usage_of

if TYPE_CHECKING:
    from anthropic.types import ImageBlockParam, TextBlockParam

Answer = TypeVar("Answer", bound=BaseModel)

#: Ample for a sentence or a verdict, with room for a model that thinks first.
MAX_TOKENS = 2_048


class BadAnswer(RewritingFailed):
    """The model answered, but not usably: refused, cut off, or not in the agreed form."""


class Refused(BadAnswer):
    """The model declined."""


class Messages:
    """A client of the Messages API that never lets the key or a raw error out.

    Args:
        api_key: Secret; neither kept here nor printed.
        model: Name of the model.
        base_url: Another server that speaks the Messages API; ``None`` is the SDK's default
            (``ANTHROPIC_BASE_URL``, else Anthropic's own).
        timeout: Longest wait for one answer, seconds.
        max_retries: How often the client tries again.
    """

    def __init__(
        self,
        api_key: str,
        model: str,
        *,
        base_url: str | None = None,
        timeout: float = 120.0,
        max_retries: int = 4,
    ) -> None:
        self.model = model
        self.meter = Meter()
        self._client = anthropic.Anthropic(
            api_key=api_key, base_url=base_url, timeout=timeout, max_retries=max_retries
        )

    @property
    def base_url(self) -> str:
        """The server that is asked."""
        return str(self._client.base_url)

    def ask(
        self,
        system: str,
        content: Iterable[ImageBlockParam | TextBlockParam],
        answer: type[Answer],
    ) -> tuple[Answer, Usage]:
        """Ask once (with the client's retries); returns the parsed answer and what it cost.

        Raises:
            BadAnswer: The model refused, was cut off, or did not keep to the form.
            RewritingFailed: No answer was had at all.
        """
        spent: list[Usage] = []
        bodies: list[Any] = []

        def note(request: Any, call_next: Any) -> Any:
            response = call_next(request)
            if response.status_code == 200:
                body = _json(response)
                bodies.append(body)
                spent.append(usage_of(body))
                self.meter.add(spent[-1])
            return response

        problem: RewritingFailed
        try:
            message = self._client.with_middleware(note).messages.parse(
                model=self.model,
                max_tokens=MAX_TOKENS,
                system=system,
                messages=[{"role": "user", "content": list(content)}],
                output_format=answer,
            )
            parsed = message.parsed_output
            if parsed is not None and message.stop_reason not in ("refusal", "max_tokens"):
                return parsed, sum(spent, Usage())
            problem = _unusable(bodies)
        except ValidationError:
            problem = _unusable(bodies)
        except anthropic.APIError as error:
            problem = RewritingFailed(self._sentence(error))
        except (anthropic.AnthropicError, ValueError, TypeError) as error:
            problem = RewritingFailed(
                f"{self.model} could not be asked ({type(error).__name__}). Check the key and the "
                "address of the server."
            )
        # raised outside of the handler: the client's error holds the request, and that the key
        raise problem

    def _sentence(self, error: anthropic.APIError) -> str:
        if isinstance(error, anthropic.APITimeoutError):
            return f"{self.model} did not answer in time. Try again later."
        if isinstance(error, anthropic.APIConnectionError):
            return (
                f"The server of {self.model} can't be reached. Check the network, and "
                "ANTHROPIC_BASE_URL where it is set."
            )
        status = error.status_code if isinstance(error, anthropic.APIStatusError) else 0
        if status in _STATUS:
            return _STATUS[status].format(model=self.model)
        if status >= 500:
            return f"The server of {self.model} has trouble ({status}). Try again later."
        return f"{self.model} did not take the question ({status or 'not a valid answer'})."


_STATUS = {
    400: "{model} did not take the question (400): the model may not know pictures or structured "
    "answers. Choose another one with VLCLIP_REWRITE_MODEL.",
    401: "The key was refused (401). Check ANTHROPIC_API_KEY.",
    402: "The account has no credit left (402).",
    403: "This key may not use {model} (403). Check its permissions or choose another model.",
    404: "There is no model “{model}” there (404). Choose another one with VLCLIP_REWRITE_MODEL.",
    413: "The question to {model} is too large (413).",
    429: "{model} is rate-limited (429) and stayed so. Try again later.",
    529: "{model} is overloaded (529) and stayed so. Try again later.",
}


def _json(response: Any) -> object:
    try:
        return json.loads(response.read())
    except (ValueError, UnicodeDecodeError):
        return None


def _unusable(bodies: list[Any]) -> BadAnswer:
    reason = bodies[-1].get("stop_reason") if bodies and isinstance(bodies[-1], dict) else None
    if reason == "refusal":
        return Refused("The model refused to describe this product.")
    if reason in ("max_tokens", "model_context_window_exceeded"):
        return BadAnswer("The model's answer was cut off.")
    return BadAnswer("The model's answer was not in the agreed form.")
