"""``index``: read a catalogue file and make it searchable."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from core.base.counts import counted
from core.base.ray_cluster import workers_on
from core.catalog.feed_parts import is_there
from core.catalog.readers import look
from core.cli.bar import ProgressBar
from core.cli.preview import preview_json, preview_text
from core.domain import IndexReport, Progress
from core.errors import CatalogError
from core.pipeline.pace import first_progress
from core.settings import Settings


def index(
    context: typer.Context,
    source: Annotated[
        Path | None,
        typer.Argument(
            help="CSV, Excel, JSON, Parquet or XML file of products; several are one feed: a "
            "folder of them, or a pattern in quotes, 'feed/*.parquet'."
        ),
    ] = None,
    images: Annotated[
        Path | None,
        typer.Option(help="Folder that image paths are relative to (default: the file's own)."),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            help="Map a column: title=product_name; image= means that there are no photos. "
            "May be given several times."
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Name of the catalogue (default: the file's name).")
    ] = None,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove items that the file no longer has.")
    ] = False,
    engines: Annotated[
        str | None, typer.Option(help="Engines to index for, A,B (default: all that can run).")
    ] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Index the shipped demo catalogue.")] = False,
    on: Annotated[
        str,
        typer.Option(
            help="Where the work runs: local, in this process; ray, in workers on this machine; "
            "or ray://HOST, in workers of a Ray that runs there (pip install 'ray[client]')."
        ),
    ] = "local",
    workers: Annotated[
        int, typer.Option(min=0, help="With Ray: number of workers (default: one per core).")
    ] = 0,
    gpus_per_worker: Annotated[
        float, typer.Option(min=0, help="With Ray: GPUs that each worker holds, such as 0.5.")
    ] = 0.0,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show what the file would become; nothing is indexed."),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="With --dry-run: print it as JSON.")
    ] = False,
) -> None:
    """Index a catalogue. Running it again redoes only what changed; it goes on where it stopped."""
    if dry_run:
        _preview(context.obj, source, images, _parse_columns(column or []), name, as_json=as_json)
        return
    if as_json:
        raise CatalogError("--json goes with --dry-run.")
    if demo and on != "local":
        raise CatalogError("The demo is indexed on this machine: leave out --on.")
    with ProgressBar() as bar, workers_on(on, workers, gpus_per_worker) as connected:
        if connected is not None and connected.dashboard:
            bar.say(f"Ray's own page: {connected.dashboard}")
        if connected is not None and connected.warning:
            bar.say(connected.warning)
        if source is not None and not demo:
            bar.show(_first_progress(source, context.obj, name))
        from core.app.studio import Studio  # slow to import

        studio = Studio(context.obj)
        if demo:
            report = studio.indexing.index_demo(bar.show, named(engines))
        elif source is None:
            raise CatalogError("Name a catalogue file to index, or say --demo.")
        else:
            report = studio.indexing.index(
                source,
                name=name,
                images=images,
                columns=_parse_columns(column or []),
                prune=prune,
                engines=named(engines),
                on_progress=bar.show,
                workers=connected,
            )
    _print_report(report)
    usual = studio.catalog().name
    if usual != report.catalog:
        print(
            f"Search it with --catalog {report.catalog}, or make it the default instead of "
            f"{usual}: python app.py catalogs default {report.catalog}"
        )


def named(engines: str | None) -> tuple[str, ...] | None:
    """Return the names of a list with commas; ``None`` where none was given."""
    names = tuple(name.strip() for name in (engines or "").split(",") if name.strip())
    return names or None


def _first_progress(source: Path, settings: Settings, name: str | None) -> Progress:
    """Say how much there is to do before the libraries that do it are loaded.

    Raises:
        CatalogError: The file can't be used.
    """
    if not is_there(source):
        raise CatalogError(f"There is no file {source}.")
    catalogs = settings.data_dir / "catalogs"
    is_new = not any((catalogs / folder).exists() for folder in (name, source.stem) if folder)
    return first_progress(look(source).rows, is_new=is_new)


def _preview(
    settings: Settings,
    source: Path | None,
    images: Path | None,
    columns: dict[str, str],
    name: str | None,
    *,
    as_json: bool,
) -> None:
    if source is None:
        raise CatalogError("Name a catalogue file to look at.")
    from core.app.studio import Studio  # slow to import

    preview = Studio(settings).indexing.preview(source, images=images, columns=columns, name=name)
    print(preview_json(preview) if as_json else preview_text(preview))
    if as_json and preview.notes:
        print("\n".join(preview.notes), file=sys.stderr)


def _parse_columns(pairs: list[str]) -> dict[str, str]:
    columns: dict[str, str] = {}
    for pair in pairs:
        field, equals, column = pair.partition("=")
        if not equals or not field:
            raise CatalogError(
                f"--column takes FIELD=COLUMN, for example title=name; got {pair!r}."
            )
        columns[field.strip()] = column.strip()
    return columns


def _print_report(report: IndexReport) -> None:
    print(
        f"Catalogue {report.catalog!r}: {counted(report.items, 'item')} ({report.added} new, "
        f"{report.changed} changed, {report.unchanged} unchanged, {report.removed} removed), "
        f"{counted(len(report.quarantined), 'row')} left out, {report.seconds:.1f} s."
    )
    for note in report.notes:
        print(note)
    if report.per_stage:
        print("Work done: " + ", ".join(f"{k} {v}" for k, v in report.per_stage.items()) + ".")
    for row in report.quarantined[:20]:
        place = f"row {row.row}" + (f" ({row.item_id})" if row.item_id else "")
        print(f"  left out: {place}{', ' + row.field if row.field else ''}: {row.reason}")
    if len(report.quarantined) > 20:
        print(f"  … and {len(report.quarantined) - 20} more; the Catalog page lists all of them.")
