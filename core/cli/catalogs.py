"""``catalogs``: list, rename, remove and restore catalogues, and choose the default one."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from core.app.studio import Studio
from core.base.counts import counted
from core.errors import NO_CATALOG_YET, StudioError

_Name = Annotated[str, typer.Argument(help="Name of the catalogue, as `catalogs list` shows it.")]


def catalogs_app() -> typer.Typer:
    """Build the group of commands."""
    app = typer.Typer(help="Catalogues: list, default, rename, columns, remove, restore.")
    for command in (list_catalogs, default, rename, columns, remove, restore):
        app.command(command.__name__.removesuffix("_catalogs"))(command)
    return app


def list_catalogs(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the catalogues, and those that were removed and can be restored."""
    studio = Studio(context.obj)
    catalogs = studio.catalogs()
    usual = studio.catalog().name if catalogs else ""
    if as_json:
        entries = [asdict(catalog) | {"default": catalog.name == usual} for catalog in catalogs]
        print(json.dumps(entries, ensure_ascii=False, indent=2))
        return
    for catalog in catalogs:
        note = " (default)" if catalog.name == usual else ""
        print(f"{catalog.name}{note}: {catalog.title}, {counted(catalog.items, 'item')}")
        if catalog.problem:
            print(f"  Damaged: {catalog.problem}")
    for entry in studio.managing.removed():
        print(f"removed {entry.removed:%Y-%m-%d %H:%M} UTC: {entry.key}")
    if not catalogs:
        print(NO_CATALOG_YET)


def default(context: typer.Context, name: _Name) -> None:
    """Make a catalogue the default, used where a command, page or link names none."""
    Studio(context.obj).managing.choose_default(name)
    print(f"“{name}” is the default catalogue now.")


def columns(
    context: typer.Context,
    name: _Name,
    forget: Annotated[
        bool, typer.Option("--forget", help="Forget them: columns are guessed by name again.")
    ] = False,
) -> None:
    """Show the columns that were chosen with --column or on the page, which its updates use."""
    studio = Studio(context.obj)
    if forget:
        studio.indexing.chosen.forget(name)
    chosen = studio.catalog(name).columns
    for kind, column in chosen.items():
        print(f"{kind}: {column or '(left empty)'}")
    if not chosen:
        print(f"Columns of “{name}” are guessed by their names.")


def rename(
    context: typer.Context,
    name: _Name,
    title: Annotated[str, typer.Argument(help="The new title, as pages show it.")],
) -> None:
    """Give a catalogue another title; its name in links and commands stays."""
    print(f"“{name}” is shown as “{Studio(context.obj).managing.rename(name, title)}” now.")


def remove(
    context: typer.Context,
    name: _Name,
    for_good: Annotated[
        bool, typer.Option("--for-good", help="Delete one that was removed; it can't come back.")
    ] = False,
) -> None:
    """Remove a catalogue with its judgments and corrections; `catalogs restore` brings it back."""
    manager = Studio(context.obj).managing
    if for_good:
        if not typer.confirm(f"Delete the removed catalogue “{name}” for good?"):
            raise StudioError("Nothing was deleted.")
        print(f"“{manager.delete(name)}” is deleted.")
        return
    key = manager.remove(name).key
    print(f"“{name}” is removed. `python app.py catalogs restore {key}` brings it back.")


def restore(
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="As `catalogs list` shows it, or the name alone.")],
) -> None:
    """Bring a removed catalogue back."""
    print(f"“{Studio(context.obj).managing.restore(key)}” is back.")
