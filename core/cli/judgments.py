"""``judgments``: import, export, agreement (sets are made in ``core.cli.judgments_create``)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.app.studio import Studio
from core.base.counts import counted, verb
from core.base.percentages import percent
from core.cli.evaluate import as_text
from core.cli.judgments_create import create, missing
from core.errors import NO_SET_YET, JudgmentError
from core.judging import importing, label_export
from core.judging.aggregation import DEFAULT_RULE, RULES

_SetOption = Annotated[
    str | None, typer.Option("--set", help="Judgment set (default: the newest).")
]
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


def export(
    context: typer.Context,
    output: Annotated[Path, typer.Argument(help="File to write.")],
    set_id: _SetOption = None,
    format: Annotated[
        str | None,
        typer.Option(
            help="qrels, csv, jsonl, parquet, opensearch, rre or ltr (default: from the file's "
            "ending)."
        ),
    ] = None,
    rule: _RuleOption = DEFAULT_RULE,
    history: Annotated[
        bool, typer.Option("--history", help="Every event, also undone and corrected ones.")
    ] = False,
    catalog: _CatalogOption = None,
) -> None:
    """Write a set's labels; csv, jsonl and parquet hold every label, others a grade a pair."""
    write_judgments(
        Studio(context.obj), output, set_id, format, rule=rule, history=history, catalog=catalog
    )


def write_judgments(
    studio: Studio,
    output: Path,
    set_id: str | None,
    format: str | None,
    *,
    rule: str = DEFAULT_RULE,
    history: bool = False,
    catalog: str | None = None,
) -> None:
    """Export judgments and print the number of rows."""
    chosen = format or label_export.format_of(output)
    written = studio.labels.export(
        _chosen(studio, set_id, catalog), output, chosen, rule=rule, history=history,
        catalog=catalog,
    )  # fmt: skip
    print(f"Wrote {written} (rule: {rule}).")


def take_in(
    context: typer.Context,
    source: Annotated[
        Path,
        typer.Argument(
            help="TREC qrels, CSV, JSON, Excel or Parquet: our exports, Quepid's, OpenSearch's, "
            "RRE's, learning to rank, ESCI, WANDS, BEIR, MS MARCO."
        ),
    ],
    set_id: Annotated[
        str | None, typer.Option("--set", help="Take them into this set (default: a new one).")
    ] = None,
    name: Annotated[str, typer.Option(help="Name of the new set.")] = "",
    annotator: Annotated[
        str, typer.Option(help="Who gave the labels, where the file does not say.")
    ] = "imported",
    queries: Annotated[
        Path | None,
        typer.Option(
            help="For qrels and CSV: the .json that an export wrote beside them, or the queries' "
            "words: query id and text per line, JSON lines, TREC topics (default: the file's name "
            "with .json, if it is there)."
        ),
    ] = None,
    mapping: Annotated[
        str,
        typer.Option(
            "--map",
            help="How labels become grades: E=3,S=2,C=1,I=0, or ranges: 0..0.5=0,0.5..1=1.",
        ),
    ] = "",
    people: Annotated[
        str, typer.Option(help="The people's columns, with commas, of a table that has them.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    catalog: _CatalogOption = None,
) -> None:
    """Take judgments in from a file; rows that don't fit are listed and left out."""
    studio = Studio(context.obj)
    plan = studio.labels.plan_import(
        source, set_id=set_id, name=name, annotator=annotator, beside=queries, mapping=mapping,
        people=[column.strip() for column in people.split(",") if column.strip()],
        catalog=catalog,
    )  # fmt: skip
    print(
        f"{source.name} is {plan.format}: {counted(len(plan.events), 'label')} "
        f"{verb(len(plan.events), 'fits', 'fit')}, {counted(len(plan.rejected), 'row')} "
        f"{verb(len(plan.rejected), 'does', 'do')} not; {counted(plan.new_pairs, 'pair')} "
        f"{verb(plan.new_pairs, 'is', 'are')} new to the "
        f"{'new set' if plan.is_new else 'set'} “{plan.judgment_set.name}”."
    )
    if plan.mapping is not None:
        print(f"  Mapping (change it with --map): {plan.mapping}")
        for grade, amount in plan.by_grade().items():
            shown = plan.judgment_set.grades.get(grade, "") if grade is not None else ""
            print(f"    {'no grade' if grade is None else f'{grade} {shown}'}: "
                  f"{counted(amount, 'row')}")  # fmt: skip
    for note in plan.notes:
        print(f"  {note}")
    for row in plan.rejected[:20]:
        print(f"  line {row.line}: {row.reason}")
    if len(plan.rejected) > 20:
        print(f"  … and {len(plan.rejected) - 20} more.")
    if dry_run:
        print("Nothing was stored (dry run).")
        return
    taken = importing.carry_out(studio.judging.queue(catalog), plan)
    print(f"Took in {counted(taken, 'label')} into {plan.judgment_set.set_id}.")


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
    if set_id:
        return set_id
    sets = studio.judging.queue(catalog).sets.all()
    if not sets:
        raise JudgmentError(NO_SET_YET)
    return sets[0].set_id


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
    catalog: _CatalogOption = None,
) -> None:
    """Measure engines on a judgment set, with intervals and paired tests."""
    judging = Studio(context.obj).judging
    sets = judging.queue(catalog).sets.all()
    if not set_id and not sets:
        raise JudgmentError(NO_SET_YET)
    report = judging.evaluate(
        set_id or sets[0].set_id, engines, rule=rule, relevant_from=relevant_from, catalog=catalog
    )
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
