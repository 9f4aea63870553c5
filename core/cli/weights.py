"""``weights``: list, fetch and verify model weights."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Annotated

import typer

from core.base.counts import counted
from core.cli.bar import ProgressBar
from core.domain.job import Progress
from core.domain.profile import ProfileRecipe
from core.errors import WeightsUnavailable
from core.weights.derived import damaged
from core.weights.registry import REGISTRY, WeightSpec, used_by
from core.weights.sources import LocalSource
from core.weights.store import WeightStatus, WeightStore


def weights_app() -> typer.Typer:
    """Build the sub-command; it expects ``Settings`` in the context's ``obj``.

    It does not catch ``WeightsUnavailable``: the root command prints it and exits with 2.
    """
    app = typer.Typer(help="List, fetch and verify model weights.", no_args_is_help=False)
    app.callback(invoke_without_command=True)(_default)
    app.command("list")(list_weights)
    app.command("fetch")(fetch)
    app.command("verify")(verify)
    return app


def _default(context: typer.Context) -> None:
    """List, fetch and verify model weights; list them if no command is given."""
    if context.invoked_subcommand is None:
        list_weights(context)


def list_weights(context: typer.Context) -> None:
    """Show every model: role, state, size, licence, source."""
    store = WeightStore.from_settings(context.obj)
    for status in store.status():
        print(_line(status))
    print(f"Cache: {store.root}")


def fetch(
    context: typer.Context,
    roles: Annotated[
        list[str] | None, typer.Argument(help="Roles; default: those of the profile.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Fetch existing files again.")] = False,
) -> None:
    """Download missing models, check and convert them; one that can't be had stops no other."""
    problems: list[str] = []
    with ProgressBar("B", scaled=True) as bar:
        store = WeightStore.from_settings(context.obj, partial(_show, bar))
        chosen = [store.spec(role) for role in roles] if roles else _fetchable(context.obj.recipe)
        for spec in chosen:
            if force:
                store.remove(spec.role)
            try:
                bar.say(f"{spec.role}: {store.path(spec.role)}")
            except WeightsUnavailable as problem:
                problems.append(str(problem))
    if problems:
        raise WeightsUnavailable("\n".join(problems))


def verify(
    context: typer.Context,
    roles: Annotated[
        list[str] | None, typer.Argument(help="Roles; default: all on this machine.")
    ] = None,
) -> None:
    """Hash the files again and compare them with the fetched ones."""
    store = WeightStore.from_settings(context.obj)
    ready = [status.spec.role for status in store.status() if status.state == "ready"]
    for role in roles or ready:
        hashes = store.verify(role)
        print(f"{role}: {counted(len(hashes), 'file')} as fetched")
    if not roles and not ready:
        print("No weights are on this machine yet; fetch them with `python app.py weights fetch`.")
    for name in damaged(store):
        print(f"{name}: has changed since it was converted; its next use converts it anew")


def _fetchable(recipe: ProfileRecipe) -> list[WeightSpec]:
    """Return the profile's models without those that only the user can provide."""
    return [
        spec
        for spec in REGISTRY.values()
        if used_by(spec, recipe) and not isinstance(spec.source, LocalSource)
    ]


def _line(status: WeightStatus) -> str:
    spec = status.spec
    profiles = "+".join(spec.profiles) or "optional"
    size = f"{status.bytes / 1e6:.0f} MB" if status.bytes else f"{spec.size_mb} MB"
    return (
        f"{spec.role:<15} {status.state:<8} {profiles:<9} {size:>8}  {spec.title}; "
        f"{spec.licence}; {spec.source}"
    )


def _show(bar: ProgressBar, progress: Progress) -> None:
    """Draw a download: one bar per model, with the name of the present file."""
    title, _, file = progress.message.partition(": ")
    bar.show(replace(progress, stage=title), note=file.partition(" (")[0])
