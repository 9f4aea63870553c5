"""``experiments aa``: checks of an experiment's log."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from core.app.experiment_checks import ExperimentChecks
from core.app.experimenting import ExperimentService
from core.base.counts import counted
from core.cli.bar import ProgressBar
from core.domain import Progress
from core.experiments.behaviour_metrics import metric_of

_JSON = typer.Option("--json", help="Print JSON.")
_ID = typer.Argument(help="Id of the experiment; may be left out if there is only one.")


def register(app: typer.Typer) -> None:
    """Add the commands to the group ``experiments``."""
    app.command("aa")(aa_tests)


def aa_tests(
    context: typer.Context,
    experiment_id: Annotated[str, _ID] = "",
    splits: Annotated[int, typer.Option(help="Number of random splits.")] = 1000,
    metrics: Annotated[str, typer.Option(help="Metrics with commas; empty: all.")] = "",
    cap: Annotated[float | None, typer.Option(help="Cut money above this share of buyers.")] = None,
    seed: Annotated[int, typer.Option(help="Of the random numbers.")] = 1,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Split a log's visitors at random, many times: is p < 0.05 in 5 % of the splits?"""
    checks = ExperimentChecks(ExperimentService.from_settings(context.obj))
    changes: dict[str, object] = {} if cap is None else {"cap": cap}
    if metrics:
        changes["metrics"] = tuple(name.strip() for name in metrics.split(",") if name.strip())
    with ProgressBar("splits") as bar:
        tested = checks.aa_tests(
            experiment_id, splits, seed=seed, on_split=lambda n: bar.show(_progress(n, splits)),
            **changes,
        )  # fmt: skip
    if as_json:
        print(json.dumps(tested.as_json(), ensure_ascii=False, indent=2))
        return
    print(tested.sentence)
    print(f"{counted(tested.units, 'visitor')}, {counted(tested.splits, 'random split')}.")
    for alarms in tested.metrics:
        print(
            f"{metric_of(alarms.metric).title}: p < 0.05 in {alarms.share:.1%} of the splits "
            f"({alarms.low:.1%} to {alarms.high:.1%}){', too ' + alarms.off if alarms.off else ''}"
        )


def _progress(number: int, total: int) -> Progress:
    return Progress(stage="random splits", total=total, done=number)
