"""``judgments``: sets, agreement, figures; making sets and files have modules of their own."""

from __future__ import annotations

from typing import Annotated

import typer

from core.app.studio import Studio
from core.base.counts import counted
from core.base.percentages import percent
from core.cli.evaluate import as_text
from core.cli.judgment_files import export, newest_set, take_in
from core.cli.judgments_create import create, missing
from core.domain import Ranking
from core.errors import JudgmentError
from core.judging.aggregation import DEFAULT_RULE, RULES

_SetOption = Annotated[
    str | None, typer.Option("--set", help="Judgment set (default: the newest).")
]
_SetArgument = Annotated[str, typer.Argument(help="The set, as `judgments list` shows it.")]
_CatalogOption = Annotated[str | None, typer.Option(help="Catalogue.")]
_RuleOption = Annotated[
    str, typer.Option(help=f"How several grades become one: {', '.join(RULES)}.")
]


def judgments_app() -> typer.Typer:
    """Return the ``judgments`` command group."""
    app = typer.Typer(help="Human relevance judgments.", no_args_is_help=True)
    app.command("create")(create)
    app.command("missing")(missing)
    app.command("list")(list_sets)
    app.command("rename")(rename)
    app.command("remove")(remove)
    app.command("export")(export)
    app.command("import")(take_in)
    app.command("agreement")(agreement)
    app.command("evaluate")(evaluate)
    app.command("preferences")(preferences)
    return app


def list_sets(context: typer.Context, catalog: _CatalogOption = None) -> None:
    """List the judgment sets of a catalogue."""
    studio = Studio(context.obj)
    for made in studio.judging.queue(catalog).sets.all():
        labelled = len(studio.labels.labels(made.set_id, catalog=catalog))
        print(
            f"{made.set_id}: {made.name}, {counted(len(made.queries), 'query')}, {labelled} of "
            f"{counted(len(made.pairs), 'pair')} judged, {made.created:%Y-%m-%d}"
        )


def rename(
    context: typer.Context,
    set_id: _SetArgument,
    name: Annotated[str, typer.Argument(help="The new name.")],
    catalog: _CatalogOption = None,
) -> None:
    """Give a set another name; its id stays."""
    renamed = Studio(context.obj).judging.queue(catalog).sets.rename(set_id, name)
    print(f"{set_id} is “{renamed.name}” now.")


def remove(
    context: typer.Context,
    set_id: _SetArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    catalog: _CatalogOption = None,
) -> None:
    """Remove a set with its labels; only an export of it, made before, brings them back."""
    queue = Studio(context.obj).judging.queue(catalog)
    made = queue.sets.get(set_id)
    labels = counted(len(queue.current(set_id)), "label")
    if not yes and not typer.confirm(f"Remove “{made.name}” with {labels}?"):
        raise JudgmentError("Nothing was removed.")
    queue.remove(set_id, "command line")
    print(f"“{made.name}” ({set_id}) is removed.")


def agreement(
    context: typer.Context, set_id: _SetOption = None, catalog: _CatalogOption = None
) -> None:
    """Show how far annotators agree: percent, κ, α, per person and per query."""
    studio = Studio(context.obj)
    chosen = _chosen(studio, set_id, catalog)
    made = studio.judging.queue(catalog).sets.get(chosen)
    report = studio.labels.report(chosen, catalog)
    stats, texts = report.agreement, {q.query_id: q for q in made.queries}
    print(f"{made.name} ({made.set_id})")
    print(
        f"{stats.judged} of {counted(len(made.pairs), 'pair')} judged by "
        f"{counted(len(stats.annotators), 'person')}, "
        f"{stats.overlapping} of them by two or more."
    )
    interval = (
        f" (95 % interval {stats.interval[0]:.3f} to {stats.interval[1]:.3f})"
        if stats.interval
        else ""
    )
    print(f"Same grade: {_share(stats.percent)}; Krippendorff's α (ordinal): "
          f"{_number(stats.alpha)}{interval}")  # fmt: skip
    rates = ", ".join(
        f"{grade} {made.grades.get(grade, '?')} {percent(share)}"
        for grade, share in stats.base_rates.items()
    )
    print(f"Base rates: {rates or 'none'}")
    for couple in stats.couples:
        print(
            f"  {couple.first} / {couple.second}: {counted(couple.pairs, 'pair')}, same "
            f"{_share(couple.percent)}, weighted κ {_number(couple.kappa)}"
        )
    for person in report.annotators:
        pace = f"{person.seconds:.1f} s a pair" if person.seconds else "no times"
        print(
            f"{person.name}: {person.grades} grades, {pace}, same as others "
            f"{_share(person.percent)}, κ {_number(person.kappa)}, with themselves "
            f"{_share(person.self_percent)} of {person.repeats} repeats"
        )
        for concern in person.concerns:
            print(f"  ! {concern}")
    for entry in [query for query in stats.queries if query.percent is not None][:10]:
        query = texts.get(entry.query_id)
        print(
            f"  {query.text or query.item_id or 'picture' if query else entry.query_id}: same "
            f"{_share(entry.percent)} over {counted(entry.overlapping, 'pair')}, "
            f"α {_number(entry.alpha)}"
        )
    print(f"Open disagreements: {report.open_disagreements}; flagged: {len(report.flags)}")


def _chosen(studio: Studio, set_id: str | None, catalog: str | None) -> str:
    return set_id or newest_set(studio, catalog)


def _share(value: float | None) -> str:
    return "not defined" if value is None else percent(value, 1)


def _number(value: float | None) -> str:
    return "not defined" if value is None else f"{value:.3f}"


def evaluate(
    context: typer.Context,
    engines: Annotated[list[str], typer.Argument(help="Engines; the first is the baseline.")],
    set_id: _SetOption = None,
    rule: _RuleOption = DEFAULT_RULE,
    relevant_from: Annotated[
        int | None,
        typer.Option(
            help="Smallest grade that counts as relevant (default: the scale's upper half)."
        ),
    ] = None,
    words: Annotated[
        bool, typer.Option(help="Rank as the pages do: vectors and full text; else vectors alone.")
    ] = True,
    catalog: _CatalogOption = None,
) -> None:
    """Measure engines on a judgment set, with intervals and paired tests."""
    studio = Studio(context.obj)
    report = studio.judging.evaluate(
        _chosen(studio, set_id, catalog), engines, rule=rule, relevant_from=relevant_from,
        ranking=Ranking.WORDS if words else Ranking.VECTOR, catalog=catalog,
    )  # fmt: skip
    print(as_text(report))


def preferences(
    context: typer.Context,
    first: Annotated[str, typer.Argument(help="An engine.")],
    second: Annotated[str, typer.Argument(help="Another engine.")],
    catalog: _CatalogOption = None,
) -> None:
    """Show the sign test of the blind votes on two engines."""
    report = Studio(context.obj).preferences.report(first, second, catalog)
    print(
        f"{first} preferred on {counted(report.wins, 'query')}, {second} on {report.losses}, "
        f"no difference on {report.same}; {counted(report.votes, 'vote')} by "
        f"{counted(report.people, 'person')}."
    )
    if report.p is not None and report.share is not None:
        share, low, high = report.share
        print(
            f"Share of {first}: {share:.3f} [{low:.3f}, {high:.3f}], two-sided sign test p = "
            f"{report.p:.4f}."
        )
