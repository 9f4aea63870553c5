"""``judgments import`` and ``judgments export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.app.studio import Studio
from core.base.counts import counted
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


def newest_set(studio: Studio, catalog: str | None) -> str:
    """Return the id of a catalogue's newest set.

    Raises:
        JudgmentError: It has none.
    """
    sets = studio.judging.queue(catalog).sets.all()
    if not sets:
        raise JudgmentError(NO_SET_YET)
    return sets[0].set_id


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
    """Export judgments and print what was written."""
    chosen = format or label_export.format_of(output)
    written = studio.labels.export(
        set_id or newest_set(studio, catalog), output, chosen, rule=rule, history=history,
        catalog=catalog,
    )  # fmt: skip
    print(f"Wrote {written}.")
    print(label_export.sentence_on(written, chosen, rule))
    if not format:
        others = [name for name in label_export.FORMATS if name != chosen]
        print(f"For another format: --format {', '.join(others[:-1])} or {others[-1]}.")


def take_in(
    context: typer.Context,
    source: Annotated[
        Path,
        typer.Argument(
            help="TREC qrels, CSV, JSON, Excel or Parquet: our exports, Quepid's, OpenSearch's, "
            "RRE's, learning to rank, ESCI, WANDS, BEIR, MS MARCO. With --set also the queries' "
            "words alone."
        ),
    ],
    set_id: Annotated[
        str | None, typer.Option("--set", help="Take them into this set (default: a new one).")
    ] = None,
    name: Annotated[
        str, typer.Option(help="Name of the new set (default: the file's own, else its name).")
    ] = "",
    annotator: Annotated[
        str, typer.Option(help="Who gave the labels, where the file does not say.")
    ] = "imported",
    queries: Annotated[
        Path | None,
        typer.Option(
            "--queries",
            "--topics",
            help="For qrels and CSV: the .json that an export wrote beside them, or the queries' "
            "words: query id and text per line, JSON lines, TREC topics, Excel, Parquet (default: "
            "the file's name with .json, if it is there).",
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
    print(f"{source.name} is {plan.format}: {plan.summary()}")
    if plan.mapping is not None:
        print(f"  Mapping (change it with --map): {plan.mapping}")
        for grade, amount in plan.by_grade().items():
            print(f"    {grade} {plan.judgment_set.grades.get(grade, '')}: "
                  f"{counted(amount, 'label')}")  # fmt: skip
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
    print(plan.outcome(taken))
