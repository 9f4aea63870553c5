"""``experiments aa``, ``bias``, ``replay`` and ``grades``: what a log says beyond its verdict."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from core.app.experiment_checks import ExperimentChecks
from core.app.experimenting import ExperimentService
from core.app.studio import Studio
from core.base.counts import counted
from core.base.percentages import percent
from core.cli.bar import ProgressBar
from core.domain import Progress
from core.errors import ExperimentError
from core.experiments.behaviour_metrics import metric_of
from core.experiments.click_labels import CUTS, FEWEST_LOOKS
from core.experiments.list_file import read_lists

_JSON = typer.Option("--json", help="Print JSON.")
_METHODS = {
    "ips": "inverse propensity (IPS)",
    "snips": "self-normalised IPS (SNIPS)",
    "dr": "the doubly robust estimate (DR)",
}
_ID = typer.Argument(help="Id of the experiment; may be left out if there is only one.")


def register(app: typer.Typer) -> None:
    """Add the commands to the group ``experiments``."""
    for name, command in (("aa", aa_tests), ("bias", bias), ("replay", replay), ("grades", grades)):
        app.command(name)(command)


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
            f"{metric_of(alarms.metric).title}: p < 0.05 in {percent(alarms.share, 1)} of the "
            f"splits ({percent(alarms.low, 1)} to {percent(alarms.high, 1)})"
            f"{', too ' + alarms.off if alarms.off else ''}"
        )


def bias(
    context: typer.Context,
    experiment_id: Annotated[str, _ID] = "",
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Estimate how often visitors look at each place, compared with the first."""
    estimated = Studio(context.obj).clicks.bias(experiment_id)
    if as_json:
        print(json.dumps(estimated.as_json(), ensure_ascii=False, indent=2))
        return
    print(f"{counted(estimated.pairs, 'item')} of queries stood at several places.")
    for place in estimated.places:
        if place.looks is None:
            continue
        print(
            f"Place {place.place}: looked at {place.looks:.2f} times as often as the first "
            f"({place.low:.2f} to {place.high:.2f}); by interventions {place.by_interventions:.2f}"
        )
    print(*estimated.notes, sep="\n", end="\n" if estimated.notes else "")


def replay(
    context: typer.Context,
    experiment_id: Annotated[str, _ID] = "",
    engine: Annotated[str, typer.Option(help="Engine whose lists are replayed.")] = "",
    variant: Annotated[str, typer.Option(help="Or a variant, with the lists it showed.")] = "",
    lists: Annotated[
        Path | None, typer.Option(help="Or a table of lists: query, item_id, position.")
    ] = None,
    logged: Annotated[str, typer.Option(help="Only the log of this variant.")] = "",
    bias_from: Annotated[str, typer.Option(help="Experiment that tells the position bias.")] = "",
    depth: Annotated[int, typer.Option(help="k of CTR@k.")] = 5,
    catalog: Annotated[str | None, typer.Option(help="Catalogue of the engine.")] = None,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Estimate the click rate of an engine from the clicks on other engines' lists."""
    estimated = Studio(context.obj).clicks.replay(
        experiment_id, engine=engine, catalog=catalog, variant=variant,
        lists=read_lists(lists) if lists else None, logged=logged, bias_from=bias_from, depth=depth,
    )  # fmt: skip
    if as_json:
        print(json.dumps(estimated.as_json(), ensure_ascii=False, indent=2))
        return
    print(*estimated.notes, sep="\n")
    for rate in estimated.estimates:
        print(
            f"CTR@{estimated.depth} of {estimated.engine} by {_METHODS[rate.method]}: "
            f"{rate.ctr:.4f} ({rate.low:.4f} to {rate.high:.4f})"
        )
    print(f"The lists of the log got {estimated.logged_ctr:.4f}.")


def grades(
    context: typer.Context,
    experiment_id: Annotated[str, _ID] = "",
    catalog: Annotated[str | None, typer.Option(help="Catalogue that gets the set.")] = None,
    cuts: Annotated[str, typer.Option(help="Chances of a click where grades 1, 2 … begin.")] = (
        ",".join(map(str, CUTS))
    ),
    looks: Annotated[float, typer.Option(help="Fewest looks at an item.")] = FEWEST_LOOKS,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Store grades from debiased clicks in a judgment set of their own, apart from people's."""
    try:
        steps = [float(cut) for cut in cuts.split(",")]
    except ValueError:
        raise ExperimentError("The cuts are numbers with commas: 0.04,0.1,0.23.") from None
    made = Studio(context.obj).clicks.to_judgments(
        experiment_id, catalog=catalog, cuts=steps, fewest_looks=looks
    )
    if as_json:
        print(json.dumps(asdict(made), ensure_ascii=False, indent=2))
    else:
        print(made.sentence)


def _progress(number: int, total: int) -> Progress:
    return Progress(stage="random splits", total=total, done=number)
