"""``experiments simulate`` and ``experiments plan``: visitors that a computer plays."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated

import typer

from core.app.simulating import EXAMPLE, PILOT_VISITORS, WEEK, SimulationService, last_week
from core.app.studio import Studio
from core.base.counts import counted

if TYPE_CHECKING:
    from core.experiments.planning import Plan

_JSON = typer.Option("--json", help="Print JSON.")
_SET = typer.Option("--set", help="Judgment set; empty: the one with the most queries in words.")
_MODEL = typer.Option(help="How they click: cascade or position.")
_SEED = typer.Option(help="Of the random numbers; the same seed plays the same visitors.")


def register(app: typer.Typer) -> None:
    """Add the commands to ``experiments``."""
    app.command("simulate")(simulate)
    app.command("plan")(plan)


def simulate(
    context: typer.Context,
    experiment_id: Annotated[
        str, typer.Argument(help="Id of the experiment; may be left out if there is only one.")
    ] = "",
    visitors: Annotated[int, typer.Option(help="Number of visitors.")] = 5_000,
    days: Annotated[float, typer.Option(help="Days over which they come.")] = WEEK,
    model: Annotated[str, _MODEL] = "cascade",
    seed: Annotated[int, _SEED] = 1,
    set_id: Annotated[str, _SET] = "",
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Send simulated visitors through an experiment that has no events; it has ended then.

    They click by the grades of a judgment set. Real visitors never take part in it afterwards.
    """
    studio = Studio(context.obj)
    experiment = studio.experiments.get(experiment_id)
    visits = replace(last_week(visitors), days=days, model=model)
    count = studio.simulating.run(experiment.id, visits, seed, set_id)
    if as_json:
        print(json.dumps({"experiment": experiment.id, "visitors": visitors, "events": count}))
    else:
        print(
            f"{experiment.id}: {counted(visitors, 'simulated visitor')} came over {days:g} days, "
            f"{counted(count, 'event')}. `experiments analyze {experiment.id}` says what they show."
        )


def plan(
    context: typer.Context,
    lift: Annotated[float, typer.Argument(help="Lift to see: 0.02 is +2 %.")],
    visitors_per_day: Annotated[float, typer.Argument(help="New visitors of a day.")],
    metric: Annotated[str, typer.Option(help="ctr, atc_rate or purchases.")] = "ctr",
    engine: Annotated[
        list[str] | None, typer.Option(help="Engine; repeat it, the baseline first.")
    ] = None,
    catalog: Annotated[str, typer.Option(help="Catalogue of the engines.")] = "",
    traffic: Annotated[float, typer.Option(help="Share of visitors who take part.")] = 1.0,
    model: Annotated[str, _MODEL] = "cascade",
    seed: Annotated[int, _SEED] = 1,
    set_id: Annotated[str, _SET] = "",
    pilot_visitors: Annotated[
        int, typer.Option(help="Simulated visitors of the pilot.")
    ] = PILOT_VISITORS,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Tell how long an experiment takes to see a lift: an A/B test, and interleaving.

    How much visitors differ is taken from simulated visitors of your judged queries.
    """
    simulating: SimulationService = Studio(context.obj).simulating
    made: Plan = simulating.plan(
        lift, visitors_per_day, metric=metric, engines=engine or EXAMPLE, catalog=catalog,
        set_id=set_id, traffic=traffic, model=model, seed=seed, pilot_visitors=pilot_visitors,
    )  # fmt: skip
    print(json.dumps(asdict(made) | {"sentence": made.sentence}) if as_json else made.sentence)
