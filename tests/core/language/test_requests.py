"""The requests themselves: the part that a server can cache, effort, the box, and the prices."""

from __future__ import annotations

import json
from typing import Any, get_args, get_type_hints

import anthropic.types
import pytest
from PIL import Image

from core.domain import Box, Detection, Grounding, Item, Photo
from core.domain.detection import SALIENT
from core.domain.usage import Spent, Usage
from core.errors import SettingsError
from core.language.budget import Budget
from core.language.claude import ClaudeRewriter
from core.language.messages import Messages
from core.language.model_prices import load_prices
from core.language.prompts import load_prompts
from core.language.question import LONGEST_ANSWERS
from core.settings import SHIPPED, Settings
from tests.core.language.messages_server import MessagesServer, draft, problem_of, verdict

PHOTO = Image.new("RGB", (1600, 800), "orange")
ITEM = Item("dress-1", "Acme T-Shirt", Photo("0" * 64, 1, 1, "0" * 16), "", "T-shirt")
#: All models that the SDK names.
NAMED = get_args(get_args(anthropic.types.Model)[0])


def agent(server: MessagesServer, effort: str = "") -> ClaudeRewriter:
    messages = Messages("sk-ant-x", "claude-test", base_url=server.url, effort=effort)
    return ClaudeRewriter(messages, load_prompts(SHIPPED / "prompts"), 3)


def grounding(box: Box, phrase: str = "t-shirt") -> Grounding:
    return Grounding("t-shirt", 1600, 800, (Detection(phrase, 0.9, box),), 0.3, "g", "f")


def prefix(request: dict[str, Any]) -> bytes:
    """All that a server puts before the block whose end is marked, and that block."""
    blocks = request["messages"][0]["content"]
    end = next(n for n, block in enumerate(blocks) if "cache_control" in block)
    rest = {name: value for name, value in request.items() if name != "messages"}
    return json.dumps([rest, blocks[: end + 1]]).encode()


def test_all_roles_begin_with_the_same_bytes(server: MessagesServer) -> None:
    server.script = [draft("Orange shirt"), verdict(2, "More."), draft("Orange t-shirt"),
                     verdict(5, stop=True)]  # fmt: skip
    rewriter = agent(server)
    rewriter.rewrite(ITEM, PHOTO, grounding(Box(0, 0, 400, 400)))
    assert len(server.questions) == 4
    assert len({prefix(request) for request in server.questions}) == 1
    last = [request["messages"][0]["content"][-1]["text"] for request in server.questions]
    assert ["summarizer" in last[0], "evaluator" in last[1], "refiner" in last[2]] == [True] * 3


def test_the_answer_of_another_role_is_not_taken(server: MessagesServer) -> None:
    server.script = [verdict(5, stop=True), draft("Orange shirt"), draft("Blue shirt")]
    rewrite = agent(server).rewrite(ITEM, PHOTO)
    assert rewrite.text == "Orange shirt"
    assert "not in the agreed form" in rewrite.rounds[-1].justification


def test_the_box_is_told_in_pixels_of_the_photo_that_is_sent(server: MessagesServer) -> None:
    server.script = [draft("Orange shirt"), verdict(5, stop=True)]
    agent(server).rewrite(ITEM, PHOTO, grounding(Box(400, 200, 800, 600)))
    assert "768 × 384 pixels" in server.texts(0)
    assert "from (192, 96) to (384, 288)" in server.texts(0)
    assert server.texts(0).index("pixels") < server.texts(0).index("<listing>")


@pytest.mark.parametrize(
    "shown",
    [
        None,
        grounding(Box(0, 0, 1600, 700)),
        grounding(Box(400, 200, 800, 600), SALIENT),
        Grounding("t-shirt", 1600, 800, (), 0.3, "g", "f"),
    ],
)
def test_no_box_is_told_where_the_photo_shows_little_else(
    server: MessagesServer, shown: Grounding | None
) -> None:
    server.script = [draft("Orange shirt"), verdict(5, stop=True)]
    agent(server).rewrite(ITEM, PHOTO, shown)
    assert "pixels" not in server.texts(0)


def test_effort_is_sent_and_leaves_room_to_think(server: MessagesServer) -> None:
    server.script = [draft("Orange shirt"), verdict(5, stop=True)] * 2
    agent(server, "high").rewrite(ITEM, None)
    agent(server).rewrite(ITEM, None)
    high, plain = server.questions[0], server.questions[-1]
    assert high["output_config"]["effort"] == "high"
    assert "effort" not in plain["output_config"]
    assert high["max_tokens"] > plain["max_tokens"]
    assert agent(server, "high").fingerprint != agent(server).fingerprint


def test_effort_is_one_of_those_that_the_sdk_knows() -> None:
    effort = get_type_hints(anthropic.types.OutputConfigParam)["effort"]
    assert {*LONGEST_ANSWERS} == {"", *get_args(get_args(effort)[0])}
    with pytest.raises(ValueError, match="rewrite_effort"):
        Settings(rewrite_effort="huge")  # type: ignore[arg-type]


def test_the_local_server_refuses_what_the_sdk_does_not_know() -> None:
    request: dict[str, Any] = {
        "model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "x"}],
    }  # fmt: skip
    assert problem_of(request) == ""
    assert problem_of({**request, "temper": 1})
    assert problem_of({**request, "output_config": {"effort": "huge"}})
    assert problem_of({**request, "messages": [{"role": "boss", "content": "x"}]})
    assert problem_of({**request, "output_config": {"form": {}}})


def test_every_model_of_the_sdk_has_a_price_or_is_told_to_have_none() -> None:
    prices = load_prices(SHIPPED / "prices.toml")
    assert len(NAMED) > 10
    unsaid = [name for name in NAMED if not prices.knows(name) and name not in prices.unknown]
    assert not unsaid
    assert not [name for name in prices.unknown if prices.knows(name)]


def test_a_model_without_a_price_is_said_to_have_none() -> None:
    prices = load_prices(SHIPPED / "prices.toml")
    spent = prices.spent("claude-fable-5-2", Usage(1, 10, 10))
    assert str(spent).endswith("price unknown")
    with pytest.raises(SettingsError, match="no price"):
        Budget("claude-fable-5-2", prices, dollars=1.0)


def test_cache_reads_and_writes_are_told() -> None:
    spent = Spent(Usage(2, 100, 20, 1_300, 2_600), 0.0123)
    assert str(spent) == (
        "2 answers, 4,020 tokens (2,600 read from the cache, 1,300 written to it), $0.0123"
    )
    assert str(Spent(Usage(1, 5, 5), 0.0)) == "1 answer, 10 tokens, $0.0000"
