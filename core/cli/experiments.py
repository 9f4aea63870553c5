"""``experiments``: set up, assign, take logs in, analyse and export online experiments."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from core.app.experimenting import ExperimentService
from core.base.counts import counted
from core.base.percentages import change
from core.cli import experiment_checks, experiment_simulations
from core.cli.event_tokens import add_token, remove_token, snippet, tokens
from core.experiments.behaviour_events import time_of
from core.experiments.experiment_report import title as title_of
from core.experiments.experiment_result import Lift, Result
from core.experiments.import_report import ImportReport
from core.experiments.model import (
    GUARDRAILS,
    SMALLEST_LIFT,
    Experiment,
    ExperimentKind,
    Variant,
)
from core.experiments.typed_values import filters_of, numbers_of, pairs_of, weights_of, words_of

_JSON = typer.Option("--json", help="Print JSON.")
_ID = typer.Argument(help="Id of the experiment; may be left out if there is only one.")


def experiments_app() -> typer.Typer:
    """Return the ``experiments`` command group."""
    app = typer.Typer(
        help="Online experiments: which variant makes visitors click and buy more.",
        no_args_is_help=True,
    )
    commands = (list_experiments, create, start, stop, offer, assign, import_log, analyze, export)
    for command in (*commands, add_token, tokens, remove_token, snippet):
        name = command.__name__.removesuffix("_experiments").removesuffix("_log").replace("_", "-")
        app.command(name)(command)
    experiment_checks.register(app)
    experiment_simulations.register(app)
    return app


def list_experiments(context: typer.Context, as_json: Annotated[bool, _JSON] = False) -> None:
    """List the experiments."""
    experiments = _service(context).all()
    if as_json:
        _print([experiment.as_dict() for experiment in experiments])
        return
    for experiment in experiments:
        names = " against ".join(experiment.variant_names)
        print(f"{experiment.id} ({experiment.status.value}): {experiment.name}, {names}")
    if not experiments:
        print("No experiment was set up or imported.")


def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Its name for people.")],
    variant: Annotated[
        list[str],
        typer.Option(help="NAME or NAME=ENGINE; repeat it, the baseline first."),
    ],
    weights: Annotated[str, typer.Option(help="Shares of traffic: NAME=3,NAME=1.")] = "",
    kind: Annotated[ExperimentKind, typer.Option(help="How variants are compared.")] = (
        ExperimentKind.AB
    ),
    catalog: Annotated[str, typer.Option(help="Catalogue of the engines.")] = "",
    traffic: Annotated[float, typer.Option(help="Share of visitors who take part.")] = 1.0,
    holdout: Annotated[float, typer.Option(help="Share that is in no experiment.")] = 0.0,
    group: Annotated[str, typer.Option(help="Experiments of a group exclude each other.")] = "",
    group_share: Annotated[float, typer.Option(help="Its share of the group's visitors.")] = 1.0,
    only: Annotated[
        list[str] | None, typer.Option(help="COLUMN=VALUE: only such visitors; may be repeated.")
    ] = None,
    metrics: Annotated[str, typer.Option(help="Metrics with commas; empty: all.")] = "",
    primary: Annotated[str, typer.Option(help="Metric that decides.")] = "",
    guardrails: Annotated[
        str, typer.Option(help="Metrics that must not get worse, with commas.")
    ] = ",".join(GUARDRAILS),
    sequential: Annotated[
        bool, typer.Option(help="Intervals hold for people who look every day.")
    ] = False,
    smallest_lift: Annotated[
        float, typer.Option(help="Lift that should be seen soonest, with --sequential.")
    ] = SMALLEST_LIFT,
    cap: Annotated[float, typer.Option(help="Cut money above this share of buyers.")] = 1.0,
    begin: Annotated[bool, typer.Option("--start", help="Start it at once.")] = False,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Set an experiment up."""
    service = _service(context)
    experiment_id = service.store.free_id(name)
    pairs = [tuple(part.strip() for part in text.partition("=")) for text in variant]
    shares = weights_of(weights, [label for label, _, _ in pairs])
    experiment = Experiment(
        experiment_id,
        name,
        catalog=catalog,
        kind=kind,
        variants=tuple(Variant(label, engine, shares[label]) for label, _, engine in pairs),
        salt=experiment_id,
        traffic=traffic,
        holdout=holdout,
        group=group,
        filters=filters_of(only or ()),
        metrics=words_of(metrics),
        primary=primary,
        guardrails=words_of(guardrails),
        sequential=sequential,
        smallest_lift=smallest_lift,
        cap=cap,
    )
    made = service.create(experiment, group_share)
    made = service.start(made.id) if begin else made
    if as_json:
        _print(made.as_dict())
    else:
        print(f"{made.id}: {' against '.join(made.variant_names)}, {made.status.value}.")


def start(context: typer.Context, experiment_id: Annotated[str, _ID] = "") -> None:
    """Start an experiment."""
    service = _service(context)
    print(f"{service.start(service.get(experiment_id).id).id} runs.")


def stop(context: typer.Context, experiment_id: Annotated[str, _ID] = "") -> None:
    """Stop an experiment; later events don't count."""
    service = _service(context)
    print(f"{service.stop(service.get(experiment_id).id).id} is stopped.")


def offer(
    context: typer.Context,
    experiment_id: Annotated[str, _ID] = "",
    off: Annotated[bool, typer.Option("--off", help="Stop asking.")] = False,
) -> None:
    """Ask visitors of Explore to help: who agrees gets both engines' results, mixed."""
    service = _service(context)
    offered = service.offer(service.get(experiment_id).id, not off)
    asks = "does not ask its visitors" if off else "asks its visitors to help, while this runs"
    print(f"{offered.id}: Explore {asks}.")


def assign(
    context: typer.Context,
    experiment_id: Annotated[str, typer.Argument(help="Id of the experiment.")],
    units: Annotated[list[str], typer.Argument(help="Ids of visitors.")],
    attribute: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE, for the filters; may be repeated.")
    ] = None,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Tell which variant visitors get; the same visitor always gets the same."""
    service = _service(context)
    attributes = dict(pairs_of(attribute or ()))
    rows: list[dict[str, str | None]] = []
    for unit in units:
        assigned = service.assign(experiment_id, unit, attributes)
        name = assigned.variant.name if assigned.variant else None
        rows.append({"unit": unit, "variant": name, "reason": assigned.reason})
    if as_json:
        _print({"experiment": experiment_id, "assignments": rows})
        return
    for row in rows:
        print(f"{row['unit']}: {row['variant'] or 'takes no part (' + str(row['reason']) + ')'}")


def import_log(
    context: typer.Context,
    files: Annotated[
        list[Path],
        typer.Argument(help="CSV, JSON lines or Parquet; GA4 and UBI exports, too."),
    ],
    experiment: Annotated[
        str, typer.Option(help="Experiment of the log; by default as the log names it.")
    ] = "",
    column: Annotated[
        list[str] | None, typer.Option(help="FIELD=COLUMN, where a name is not recognised.")
    ] = None,
    weights: Annotated[str, typer.Option(help="Planned shares: NAME=9,NAME=1.")] = "",
    baseline: Annotated[str, typer.Option(help="Name of the baseline variant.")] = "",
    started: Annotated[str, typer.Option(help="When it began; earlier is the past.")] = "",
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Take a log of visitors' behaviour in; experiments that it names are made."""
    report = _service(context).import_log(
        files,
        experiment,
        columns=dict(pairs_of(column or ())),
        weights=numbers_of(weights),
        baseline=baseline,
        started=_time(started),
    )
    if as_json:
        _print(report.as_json())
    else:
        _show_import(report)


def analyze(
    context: typer.Context,
    experiment_id: Annotated[str, _ID] = "",
    metrics: Annotated[str, typer.Option(help="Metrics with commas; empty: as set up.")] = "",
    primary: Annotated[str, typer.Option(help="Metric that decides; empty: as set up.")] = "",
    cap: Annotated[float | None, typer.Option(help="Cut money above this share of buyers.")] = None,
    sequential: Annotated[
        bool | None, typer.Option(help="Intervals for people who look every day.")
    ] = None,
    weights: Annotated[str, typer.Option(help="Planned shares: NAME=9,NAME=1.")] = "",
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Analyse an experiment: lifts with intervals, and what is proven."""
    service = _service(context)
    changes: dict[str, Any] = {
        "metrics": words_of(metrics) or None,
        "primary": primary or None,
        "cap": cap,
        "sequential": sequential,
    }
    if shares := numbers_of(weights):
        stored = service.get(experiment_id)
        weights_of(weights, stored.variant_names)
        changes["variants"] = tuple(
            Variant(v.name, v.engine, shares.get(v.name, v.weight)) for v in stored.variants
        )
    given = {name: value for name, value in changes.items() if value is not None}
    result = service.analyze(experiment_id, **given)
    if as_json:
        _print(result.as_json())
    else:
        _show_result(result)


def export(
    context: typer.Context,
    experiment_id: Annotated[str, typer.Argument(help="Id of the experiment.")],
    output: Annotated[Path, typer.Argument(help="File to write: .csv, .jsonl or .parquet.")],
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Write the events of an experiment to a file."""
    count = _service(context).export(experiment_id, output)
    if as_json:
        _print({"experiment": experiment_id, "file": str(output), "events": count})
    else:
        print(f"Wrote {counted(count, 'event')} to {output}.")


# ── inside ───────────────────────────────────────────────────────────────────────────────────────
def _service(context: typer.Context) -> ExperimentService:
    return ExperimentService.from_settings(context.obj)


def _print(value: object) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def _time(text: str) -> datetime | None:
    return time_of(text) if text else None


def _show_import(report: ImportReport) -> None:
    print(*report.files, sep="\n")
    kinds = ", ".join(f"{kind} {count:,}" for kind, count in report.kinds.items())
    print(f"{report.rows:,} rows, {report.events:,} events ({kinds}); {report.stored:,} are new.")
    columns = ", ".join(f"{field} from {name}" for field, name in report.columns.items())
    print(f"Columns: {columns}.")
    if report.unused:
        print(f"Not used: {', '.join(report.unused)}.")
    for reason in report.left_out:
        print(f"Left out, {reason.rows:,} rows: {reason.reason} (first: {reason.first})")
    for experiment in report.experiments:
        counts = ", ".join(f"{name} {count:,}" for name, count in experiment.variants.items())
        made = "was made" if experiment.made else "has more events"
        print(f"Experiment {experiment.id} {made}: {counts} events. {experiment.note}".rstrip())
    print(*report.notes, sep="\n", end="\n" if report.notes else "")


def _show_result(result: Result) -> None:
    print(result.decision)
    units = ", ".join(f"{name} {count:,}" for name, count in result.units.items())
    print(f"Units: {units} (p of the planned split {result.srm_p:.3g}).")
    if not result.verdict:
        print("These figures may come from what is wrong with the log; their p prove nothing:")
    for lift in result.metrics:
        print(_line(lift))
    for rule in result.left_out:
        what = "unit" if rule.unit else "event"
        print(f"Left out, {counted(rule.count, what)}: {rule.rule}. {rule.about}")
    print(*result.notes, sep="\n", end="\n" if result.notes else "")


def _line(lift: Lift) -> str:
    title = title_of(lift.metric)
    if lift.lift is None:
        return f"{title}, {lift.variant}: too few events."
    values: Mapping[str, float | None] = {
        lift.baseline: lift.baseline_value, lift.variant: lift.value
    }  # fmt: skip
    shown = ", ".join(f"{name} {value:,.4g}" for name, value in values.items())
    return (
        f"{title}: {change(lift.lift)} ({change(lift.lift_low)} to {change(lift.lift_high)}), "
        f"p {lift.p:.3g}, corrected {lift.p_corrected:.3g}; {shown}"
    )
