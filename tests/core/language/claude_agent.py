"""An agent that asks the local server about one item, for tests of what it makes of answers."""

from __future__ import annotations

import traceback

import pytest
from PIL import Image

from core.domain import Item, Photo
from core.errors import RewritingFailed
from core.language.claude import ClaudeRewriter
from core.language.messages import Messages
from core.language.prompts import load_prompts
from core.settings import SHIPPED
from tests.core.language.messages_server import MessagesServer

KEY = "sk-ant-api03-very-secret-0123456789"
PHOTO = Image.new("RGB", (1600, 900), "orange")
ITEM = Item(
    "dress-1", "Acme T-Shirt", Photo("0" * 64, 1, 1, "0" * 16), "Soft & nice", "T-shirt", "Women",
    attributes={"colour": "orange"},
)  # fmt: skip


def agent(
    server: MessagesServer, *, rounds: int = 5, retries: int = 0, timeout: float = 20.0
) -> ClaudeRewriter:
    messages = Messages(
        KEY, "claude-test", base_url=server.url, timeout=timeout, max_retries=retries
    )
    return ClaudeRewriter(messages, load_prompts(SHIPPED / "prompts"), rounds)


def failure(rewriter: ClaudeRewriter, item: Item = ITEM) -> str:
    with pytest.raises(RewritingFailed) as caught:
        rewriter.rewrite(item, PHOTO)
    everything = "".join(traceback.format_exception(caught.value))
    assert KEY not in everything + repr(caught.value) + repr(rewriter)
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None
    return str(caught.value)
