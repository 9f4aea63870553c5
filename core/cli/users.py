"""``users``: add, list and remove people who may sign in."""

from __future__ import annotations

from typing import Annotated

import typer

from core.access.actions import summary
from core.people import People, Role

_LEAVE = typer.Option("--leave-no-admin", help="Also where nobody is an admin then.")


def users_app() -> typer.Typer:
    """Return the ``users`` command group."""
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
        Role, typer.Option(help=f"Each may do what the ones before it may. {summary()}")
    ] = Role.ANNOTATOR,
    password: Annotated[
        str,
        typer.Option(
            prompt=True, hide_input=True, confirmation_prompt=True, envvar="VLCLIP_NEW_PASSWORD",
            help="Asked for when it is not given.",
        ),
    ] = "",
    leave_no_admin: Annotated[bool, _LEAVE] = False,
) -> None:  # fmt: skip
    """Add a person, or give them a new role and password, which ends their sign-ins."""
    people = People.from_settings(context.obj)
    first = not people.sign_in
    people.add(name, role, password, leave_no_admin=leave_no_admin)
    print(f"{name} may sign in as {role.value}.")
    if first:
        print("From now on everybody has to sign in.")
    if not any(person.role is Role.ADMIN for person in people.all()):
        print("Nobody is an admin: only commands can index, train and delete.")


def list_users(context: typer.Context) -> None:
    """List names and roles."""
    for person in People.from_settings(context.obj).all():
        print(f"{person.name}: {person.role.value}")


def remove(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Whose sign-in to remove.")],
    leave_no_admin: Annotated[bool, _LEAVE] = False,
) -> None:
    """Remove a person; their sign-in ends at once, their labels stay."""
    people = People.from_settings(context.obj)
    people.remove(name, leave_no_admin=leave_no_admin)
    print(f"{name} can't sign in any more.")
    if not people.sign_in:
        print("Nobody has to sign in any more: whoever reaches the studio may do everything.")
