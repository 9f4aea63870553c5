"""``experiments add-token``, ``tokens``, ``remove-token``: who may send events over HTTP."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from core.access.event_tokens import EventTokens, TokenKind
from core.app.taking_events import tokens_of

_NAME = typer.Argument(help="Name of the token, such as that of the shop.")
_JSON = typer.Option("--json", help="Print JSON.")


def add_token(
    context: typer.Context,
    name: Annotated[str, _NAME],
    page: Annotated[
        bool, typer.Option("--page", help="For a shop's pages, where everybody can read it.")
    ] = False,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Make a token with which a shop sends events; it is shown this once."""
    kind = TokenKind.PAGE if page else TokenKind.SERVER
    token = _tokens(context).add(name, kind)
    if as_json:
        print(json.dumps({"name": name, "kind": kind.value, "token": token}, indent=2))
    elif page:
        print(token)
        print("Anybody can read it in a page. VLCLIP_EVENT_ORIGINS says which pages may use it.")
    else:
        print(token)
        print("Keep it secret. Send it as: Authorization: Bearer TOKEN. It is not shown again.")


def tokens(context: typer.Context, as_json: Annotated[bool, _JSON] = False) -> None:
    """List the tokens with which shops send events."""
    stored = _tokens(context).all()
    if as_json:
        print(json.dumps([asdict(token) for token in stored], indent=2))
        return
    for token in stored:
        print(f"{token.name}: for a shop's {token.kind.value}, made on {token.made}")
    if not stored:
        print("There are no tokens. Make one: experiments add-token NAME.")


def remove_token(context: typer.Context, name: Annotated[str, _NAME]) -> None:
    """Remove a token; who sends with it is refused from now on."""
    _tokens(context).remove(name)
    print(f"The token “{name}” is removed.")


def _tokens(context: typer.Context) -> EventTokens:
    return tokens_of(context.obj)
