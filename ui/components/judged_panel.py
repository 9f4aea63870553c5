"""Evaluate on people's judgments: which set, which rule, measure, judge what is missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from core.judging.aggregation import DEFAULT_RULE, RULES
from core.studio import Studio
from ui.messages import sentences


@dataclass(frozen=True, slots=True)
class JudgedPanel:
    """The panel's fields; ``refresh`` gives the sets of a catalogue."""

    sets: gr.Dropdown
    rule: gr.Dropdown
    go: gr.Button
    missing: gr.Button
    refresh: Callable[[str | None], Any]


def judged_panel(studio: Studio) -> JudgedPanel:
    """Lay out the fields; the page wires them."""
    with gr.Accordion("A judgment set", open=False, elem_id="evaluate-judged"):
        with gr.Row():
            sets = gr.Dropdown(label="Set", choices=[], elem_id="evaluate-set", scale=3)
            rule = gr.Dropdown(
                list(RULES), value=DEFAULT_RULE, label="Several grades become one by", scale=1
            )
        with gr.Row():
            go = gr.Button("Evaluate on the set", elem_id="evaluate-judged-go")
            missing = gr.Button("Judge what is missing", elem_id="evaluate-missing")

    @sentences
    def refresh(name: str | None) -> Any:
        known = studio.judging.sets(name) if name else ()
        choices = [(f"{one.name} ({len(one.pairs)} pairs)", one.set_id) for one in known]
        return gr.update(choices=choices, value=choices[0][1] if choices else None)

    return JudgedPanel(sets, rule, go, missing, refresh)
