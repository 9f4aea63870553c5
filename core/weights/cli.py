"""``weights``: list, fetch and verify model weights."""

from __future__ import annotations

from typing import Annotated, NoReturn

import typer
from tqdm import tqdm

from core.domain.job import Progress
from core.weights.registry import REGISTRY, WeightSpec
from core.weights.sources import LocalSource
from core.weights.store import READY, WeightStatus, WeightStore


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
    """Download missing models, check and convert them."""
    with _Bar() as bar:
        store = WeightStore.from_settings(context.obj, bar.show)
        chosen = (
            [store.spec(role) for role in roles]
            if roles
            else _fetchable(context.obj.recipe.engines)
        )
        for spec in chosen:
            if force:
                store.remove(spec.role)
            path = store.path(spec.role)
            bar.write(f"{spec.role}: {path}")


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
        print(f"{role}: {len(hashes)} file{'s' * (len(hashes) != 1)} as fetched")
    if not roles and not ready:
        print("No weights are on this machine yet; fetch them with `python app.py weights fetch`.")


def _fetchable(profile: str) -> list[WeightSpec]:
    """Return the profile's models without those that only the user can provide."""
    return [
        spec
        for spec in REGISTRY.values()
        if profile in spec.profiles and not isinstance(spec.source, LocalSource)
    ]


def _line(status: WeightStatus) -> str:
    spec = status.spec
    profiles = "+".join(spec.profiles) or "training"
    size = f"{status.bytes / 1e6:.0f} MB" if status.bytes else f"{spec.size_mb} MB"
    return (
        f"{spec.role:<15} {status.state:<8} {profiles:<9} {size:>8}  {spec.title}; "
        f"{spec.licence}; {spec.source}"
    )


class _Bar:
    """Show a progress bar in bytes, one per model."""

    def __init__(self) -> None:
        self._bar: tqdm[NoReturn] | None = None
        self._title = ""

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def show(self, progress: Progress) -> None:
        """Draw one snapshot."""
        title = progress.message.partition(":")[0]
        if self._bar is None or title != self._title:
            self._close()
            self._bar = tqdm(total=progress.total, desc=title, unit="B", unit_scale=True)
            self._title = title
        self._bar.set_postfix_str(
            progress.message.partition(": ")[2].partition(" (")[0], refresh=False
        )
        self._bar.update(progress.done - self._bar.n)
        if progress.stage == READY:
            self._close()

    def write(self, line: str) -> None:
        """Print a line below the bars."""
        self._close()
        print(line)

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
