"""Problems are shown as sentences, and what they quote is no markup."""

from __future__ import annotations

import gradio as gr
import pytest

from core.errors import StudioError
from ui.error_sentences import sentences


def test_what_a_sentence_quotes_is_no_markup() -> None:
    @sentences
    def handler(item: str) -> None:
        raise StudioError(f"There is no item “{item}” & that's it.")

    with pytest.raises(gr.Error) as raised:
        handler("<a href=//evil.example>here</a>")
    sentence = "“&lt;a href=//evil.example&gt;here&lt;/a&gt;” &amp; that's it."
    assert raised.value.message == f"There is no item {sentence}"
