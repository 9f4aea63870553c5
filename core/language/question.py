"""One question to the Messages API: its request, its key, and the form of its answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from anthropic import transform_schema
from pydantic import BaseModel, ValidationError

from core.domain.usage import Usage
from core.language.failures import BadAnswer, Refused

if TYPE_CHECKING:
    from anthropic.types import ImageBlockParam, TextBlockParam
    from anthropic.types.message_create_params import MessageCreateParamsNonStreaming

Form = TypeVar("Form", bound=BaseModel)

#: Most tokens of an answer by effort ("" is the model's own): a sentence or a verdict, and the
#: model's own reasoning, which grows with the effort.
LONGEST_ANSWERS = {
    "": 2_048, "low": 2_048, "medium": 4_096, "high": 8_192, "xhigh": 16_384, "max": 16_384,
}  # fmt: skip

#: Most tokens of a picture of at most 768 pixels.
_PICTURE_TOKENS = 1_600


@dataclass(frozen=True, slots=True)
class Question(Generic[Form]):
    """A question and the required form of its answer.

    Attributes:
        role: The role that answers: ``summarizer``, ``evaluator``, ``refiner`` or ``judge``.
        system: The rules for every role.
        content: Photo, listing and task as content blocks.
        form: Type that the answer is parsed into.
        asked_form: Type whose schema is sent, where several forms share one; default: ``form``.
        attempt: Asking once more after an unusable answer is another question.
        shared: Others of the same batch begin like it. Where none does, writing the cache would
            only cost: the next question about the item comes a batch later, when it has expired.
    """

    role: str
    system: str
    content: Sequence[ImageBlockParam | TextBlockParam]
    form: type[Form]
    attempt: int = 0
    shared: bool = False
    asked_form: type[BaseModel] | None = None

    @property
    def schema(self) -> dict[str, Any]:
        """JSON schema that is sent."""
        return transform_schema(self.asked_form or self.form)

    def params(
        self, model: str, effort: str = "", *, cached: bool = True
    ) -> MessageCreateParamsNonStreaming:
        """Return the request's body, as a batch takes it.

        Args:
            model: Who is asked.
            effort: Level of effort; empty leaves it to the model.
            cached: Let the server keep what the next question has in common with this one.
        """
        output: Any = {"format": {"type": "json_schema", "schema": self.schema}}
        if effort:
            output["effort"] = effort
        content: list[Any] = [
            {name: part for name, part in block.items() if cached or name != "cache_control"}
            for block in self.content
        ]
        return {
            "model": model,
            "max_tokens": LONGEST_ANSWERS[effort],
            "system": self.system,
            "messages": [{"role": "user", "content": content}],
            "output_config": output,
        }

    def key(self, model: str, base_url: str, effort: str = "") -> str:
        """Return the hash of the request and the model's name; 32 hex digits."""
        asked = json.dumps([self.params(model, effort), base_url, self.attempt], sort_keys=True)
        return hashlib.sha256(asked.encode("utf-8", "surrogatepass")).hexdigest()[:32]

    def most(self, effort: str = "") -> Usage:
        """Return an upper bound of one answer's usage: the whole prompt at the highest rate."""
        texts = [block["text"] for block in self.content if block["type"] == "text"]
        pictures = len(self.content) - len(texts)
        schema = json.dumps(self.schema)
        read = sum(len(text.encode()) for text in (self.system, schema, *texts)) // 2
        return Usage(
            calls=1,
            output_tokens=LONGEST_ANSWERS[effort],
            cache_creation_input_tokens=500 + read + pictures * _PICTURE_TOKENS,
        )


def answer_of(body: Mapping[str, Any] | None, form: type[Form]) -> Form:
    """Read the body of an answer into its form.

    Raises:
        BadAnswer: The model refused, was cut off, or did not keep to the form.
    """
    reason = body.get("stop_reason") if body else None
    if reason == "refusal":
        raise Refused("The model refused to describe this product.")
    if reason in ("max_tokens", "model_context_window_exceeded"):
        raise BadAnswer("The model's answer was cut off.")
    text = next(iter(_texts(body)), "")
    try:
        return form.model_validate_json(text)
    except ValidationError:
        pass
    raise BadAnswer("The model's answer was not in the agreed form.")


def _texts(body: Mapping[str, Any] | None) -> list[str]:
    blocks = body.get("content") if body else None
    if not isinstance(blocks, list):
        return []
    texts = (block.get("text") for block in blocks if isinstance(block, Mapping))
    return [text for text in texts if isinstance(text, str)]
