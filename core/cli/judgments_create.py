"""``judgments create`` and ``judgments missing``: judgment sets without the pages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.app.query_sources import QuerySource
from core.app.studio import Studio
from core.base.counts import counted
from core.base.tables import FileReport
from core.domain import Rules
from core.errors import JudgmentError


def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of the set, for people.")],
    query: Annotated[
        list[str] | None, typer.Option(help="Words, or item:ID; may be repeated.")
    ] = None,
    queries: Annotated[
        Path | None, typer.Option(help="CSV with a query column, or a query log.")
    ] = None,
    most: Annotated[int, typer.Option(min=0, help="The file's most frequent ones only.")] = 0,
    items: Annotated[int, typer.Option(min=0, help="So many sampled items as queries.")] = 0,
    picture: Annotated[
        list[Path] | None, typer.Option(help="Query picture; may be repeated.")
    ] = None,
    engines: Annotated[str, typer.Option(help="Engines to pool, with commas.")] = "clip,vl-clip",
    depth: Annotated[int, typer.Option(min=1, max=1000, help="Results of each engine.")] = 10,
    guidelines: Annotated[Path | None, typer.Option(help="Markdown file.")] = None,
    overlap: Annotated[int, typer.Option(min=0, help="People per pair; 0: everybody.")] = 2,
    calibration: Annotated[int, typer.Option(min=0, help="Pairs that everybody judges.")] = 0,
    repeats: Annotated[
        float, typer.Option(min=0, max=50, help="Hidden repeats, percent of the pairs.")
    ] = 5.0,
    catalog: Annotated[str | None, typer.Option(help="Catalogue.")] = None,
) -> None:
    """Make a judgment set: the pool is what the engines find for the queries, engines hidden."""
    judging = Studio(context.obj).judging
    source = QuerySource("\n".join(query or ()), queries, most, items, tuple(picture or ()))
    read = FileReport()
    made = judging.create(
        name,
        judging.queries(source, catalog, read),
        engines=_names(engines),
        depth=depth,
        rules=Rules(guidelines=_text(guidelines), overlap=overlap, repeats=repeats / 100),
        calibration=calibration,
        catalog=catalog,
    )
    print(
        f"{made.set_id}: {counted(len(made.pairs), 'pair')} to judge, of "
        f"{counted(len(made.queries), 'query')}."
    )
    print(*read.notes, sep="\n", end="\n" if read.notes else "")


def missing(
    context: typer.Context,
    set_id: Annotated[str, typer.Argument(help="The set.")],
    engines: Annotated[str, typer.Option(help="Engines, with commas.")] = "clip,vl-clip",
    depth: Annotated[int, typer.Option(min=1, max=1000, help="Results of each engine.")] = 10,
    catalog: Annotated[str | None, typer.Option(help="Catalogue.")] = None,
) -> None:
    """Add what engines find today, and nobody has been asked about, to a set."""
    added = Studio(context.obj).judging.judge_missing(set_id, _names(engines), depth, catalog)
    print(f"{counted(added, 'more pair')} to judge.")


def _names(engines: str) -> list[str]:
    return [name.strip() for name in engines.split(",") if name.strip()]


def _text(path: Path | None) -> str:
    try:
        return path.read_text(encoding="utf-8").strip() if path else ""
    except (OSError, UnicodeDecodeError) as error:
        raise JudgmentError(f"{path} can't be read as UTF-8 text: {error}.") from None
