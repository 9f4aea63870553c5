"""``train``: fine-tune an engine on a catalogue's own items."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from core.evaluation.html import label, verdicts
from core.studio import Studio
from core.training.verbs import DEFAULTS


def train(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of the new engine.")],
    catalog: Annotated[str | None, typer.Option(help="Catalogue to learn from.")] = None,
    base: Annotated[str, typer.Option(help="Engine to start from.")] = "vl-clip",
    epochs: Annotated[int, typer.Option(min=1, max=1000, help="At most.")] = DEFAULTS.epochs,
    seed: Annotated[int, typer.Option(help="Start of all random numbers.")] = DEFAULTS.seed,
    discard: Annotated[
        bool, typer.Option("--discard", help="Throw this trained engine away instead.")
    ] = False,
) -> None:
    """Fine-tune on a catalogue; before and after are measured on titles that were held out."""
    training = Studio(context.obj).training
    if discard:
        training.discard(name)
        print(f"The engine {name} is gone.")
        return
    options = replace(DEFAULTS, epochs=epochs, seed=seed)
    say = typer.echo
    report = training.adapt(name, catalog, base=base, options=options, say=say)
    for entry in report.engines:
        figures = "  ".join(f"{label(m)} {entry.scores[m].value:.3f}" for m in report.measures)
        print(f"{entry.engine:<16} {figures}")
    print(f"{report.queries} held-out titles, {report.items} items. " + " ".join(verdicts(report)))
    print(f"The engine {name} can be chosen now; `train {name} --discard` throws it away.")
