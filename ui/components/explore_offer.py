"""The switch on Experiments: are visitors of Explore asked to help with the shown experiment?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from core.app.studio import Studio
from core.experiments.model import Experiment, ExperimentKind, ExperimentStatus
from core.people import Action
from ui.error_sentences import sentences
from ui.rights import allowed, may

#: Labels of the button.
ASK, STOP_ASKING = "Ask visitors on Explore", "Stop asking on Explore"
_PRIVATE: dict[str, Any] = {"api_visibility": "private"}


@dataclass(frozen=True, slots=True)
class Offer:
    """The button, and the function that returns its update for the shown experiment."""

    button: gr.Button
    update: Callable[[gr.Request | None, Experiment | None], Any]


def explore_offer(studio: Studio, current: gr.State) -> Offer:
    """Lay out the button; it shows for an interleaving of engines that is not over.

    Args:
        studio: The façade.
        current: Id of the experiment that is shown; empty for none.
    """
    button = gr.Button(ASK, elem_id="experiments-offer", visible=False, scale=0, min_width=270)

    def update(request: gr.Request | None, experiment: Experiment | None) -> Any:
        if experiment is None or not _can_ask(experiment):
            return gr.update(visible=False)
        label = STOP_ASKING if experiment.on_explore else ASK
        return gr.update(visible=may(studio, request, Action.EXPERIMENT), value=label)

    @sentences
    @allowed(studio, Action.EXPERIMENT)
    def switch_offer(experiment_id: str, request: gr.Request) -> Any:
        experiment = studio.experiments.get(experiment_id)
        offered = studio.experiments.offer(experiment_id, not experiment.on_explore)
        if offered.on_explore:
            gr.Info(_asks(offered))
        return update(request, offered)

    button.click(switch_offer, current, button, show_progress="hidden", **_PRIVATE)
    return Offer(button, update)


def _can_ask(experiment: Experiment) -> bool:
    mixes = experiment.kind is ExperimentKind.INTERLEAVING and bool(experiment.catalog)
    engines = all(variant.engine for variant in experiment.variants)
    over = experiment.simulated or experiment.status is ExperimentStatus.STOPPED
    return mixes and engines and not over


def _asks(experiment: Experiment) -> str:
    when = "now" if experiment.status is ExperimentStatus.RUNNING else "once it is started"
    return f"Explore asks its visitors {when}. Who agrees gets both engines' results, mixed."
