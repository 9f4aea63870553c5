"""``users``: who may sign in, and as what."""

from __future__ import annotations

from typing import Annotated

import typer

from core.app.studio import Studio
from core.people import Role


def users_app() -> typer.Typer:
    """The ``users`` command group."""
    app = typer.Typer(help="People who may sign in; without any, nobody needs to.",
                      no_args_is_help=True)  # fmt: skip
    app.command("add")(add)
    app.command("list")(list_users)
    app.command("remove")(remove)
    return app


def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Name to sign in with.")],
    role: Annotated[
        Role,
        typer.Option(
            help="viewer looks; annotator also judges; merchandiser also makes sets, adjudicates "
            "and corrects; admin also indexes, trains and deletes."
        ),
    ] = Role.ANNOTATOR,
    password: Annotated[
        str,
        typer.Option(
            prompt=True, hide_input=True, confirmation_prompt=True, envvar="VLCLIP_NEW_PASSWORD",
            help="Asked for when it is not given.",
        ),
    ] = "",
) -> None:  # fmt: skip
    """Add a person, or give them a new role and password."""
    people = Studio(context.obj).people
    first = not people.sign_in
    people.add(name, role, password)
    print(f"{name} may sign in as {role.value}.")
    if first:
        print("From the next start on, everybody has to sign in.")


def list_users(context: typer.Context) -> None:
    """List names and roles."""
    for person in Studio(context.obj).people.all():
        print(f"{person.name}: {person.role.value}")


def remove(
    context: typer.Context, name: Annotated[str, typer.Argument(help="Whose sign-in to remove.")]
) -> None:
    """Take a person's sign-in away; their labels stay."""
    Studio(context.obj).people.remove(name)
    print(f"{name} can't sign in any more.")
