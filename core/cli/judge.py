"""``judge``: a vision-language model grades what engines find."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from core.app.judging_by_model import Assessment
from core.app.query_sources import QuerySource
from core.app.studio import Studio
from core.base.counts import counted
from core.base.percentages import percent
from core.cli.bar import ProgressBar
from core.errors import JudgmentError


def judge(
    context: typer.Context,
    query: Annotated[
        list[str] | None, typer.Option(help="Words, or item:ID; may be repeated.")
    ] = None,
    queries: Annotated[Path | None, typer.Option(help="CSV or text file of queries.")] = None,
    items: Annotated[int, typer.Option(min=0, help="So many items as queries, too.")] = 0,
    set_id: Annotated[
        str, typer.Option("--set", help="Judgment set: its queries, and agreement with its labels.")
    ] = "",
    engines: Annotated[str, typer.Option(help="Engines, with commas.")] = "clip,vl-clip",
    catalog: Annotated[str | None, typer.Option(help="Catalogue.")] = None,
    budget: Annotated[float | None, typer.Option(min=0.0, help="Most dollars.")] = None,
    max_tokens: Annotated[int | None, typer.Option(min=1, help="Most tokens.")] = None,
    concurrency: Annotated[
        int | None, typer.Option(min=1, max=64, help="Questions under way at once.")
    ] = None,
    batch: Annotated[
        bool, typer.Option("--batch", help="Message Batches API: half price.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="With --batch: until it is done.")] = False,
) -> None:
    """Let a vision-language model grade the first five results of engines: Precision@1/3/5.

    Needs VLCLIP_REWRITER=claude and ANTHROPIC_API_KEY. What was graded once costs nothing again.
    """
    studio = Studio(context.obj)
    asked = bool(query or queries or items)
    if asked == bool(set_id):
        raise JudgmentError("Give either --set, or queries (--query, --queries, --items).")
    source = QuerySource(lines="\n".join(query or ()), file=queries, sampled_items=items)
    given = {"dollars": budget, "tokens": max_tokens, "concurrency": concurrency}
    limits = replace(
        studio.rewriting.limits(),
        batch=batch,
        wait=wait,
        **{name: value for name, value in given.items() if value is not None},  # type: ignore[arg-type]
    )
    names = [name.strip() for name in engines.split(",") if name.strip()]
    with ProgressBar("results") as bar:
        made = studio.assessing.assess(
            names,
            limits,
            source=source if asked else None,
            set_id=set_id,
            catalog=catalog,
            on_progress=bar.show,
        )
    show(made)


def show(assessment: Assessment) -> None:
    """Print the figures, every grade with its reason, and what went wrong."""
    for (query_id, item_id), grade in assessment.report.grades.items():
        print(f"{_pair(assessment, query_id, item_id)}: {grade.grade} of 3. {grade.reason}")
    for engine, figures in assessment.precision.items():
        text = ", ".join(
            f"P@{k} {'not graded' if value is None else f'{value:.3f}'}"
            for k, value in figures.items()
        )
        print(f"{engine}: {text} ({counted(assessment.queries, 'query')})")
    if assessment.compared:
        kappa = "undefined" if assessment.kappa is None else f"{assessment.kappa:.2f}"
        print(
            f"People judged {assessment.compared} of these pairs: the same grade in "
            f"{percent(assessment.same)}, weighted kappa {kappa}."
        )
    for name, reason in list(assessment.report.problems.items())[:20]:
        query_id, _, item_id = name.partition(" → ")
        print(f"  {_pair(assessment, query_id, item_id)}: {reason}")
    print(f"Paid now: {assessment.report.spent}.")
    if assessment.report.stopped:
        print(f"Stopped early: {assessment.report.stopped}")


def _pair(assessment: Assessment, query_id: str, item_id: str) -> str:
    """Return a query and a result in words: “wooden chair” → Oak chair (id-7)."""
    title = assessment.titles.get(item_id, "")[:70]
    result = f"{title} ({item_id})" if title else item_id
    return f"{assessment.asked.get(query_id, query_id)} → {result}"
