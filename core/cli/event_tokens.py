"""``experiments add-token``, ``tokens``, ``remove-token``, ``snippet``: events over HTTP."""

from __future__ import annotations

import json
from dataclasses import asdict
from html import escape
from typing import Annotated
from urllib.parse import quote, urlsplit

import typer

from core.access.event_tokens import EventTokens, TokenKind
from core.app.experimenting import ExperimentService
from core.app.taking_events import tokens_of
from core.errors import SettingsError
from core.experiments.shop_script import shop_script

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


def snippet(
    context: typer.Context,
    url: Annotated[str, typer.Option(help="Public address of this studio.")],
    token: Annotated[str, typer.Option(help="Token of `experiments add-token NAME --page`.")],
    inline: Annotated[
        bool, typer.Option("--inline", help="The whole script, with what runs now.")
    ] = False,
) -> None:
    """Print what a shop's pages need: a script element that assigns visitors and sends events."""
    address = urlsplit(url)
    if address.scheme not in ("http", "https") or not address.netloc:
        raise SettingsError(f"“{url[:60]}” is no address such as https://studio.example.")
    stored = _tokens(context).check(token)
    if stored is None or stored.kind is not TokenKind.PAGE:
        raise SettingsError("This is no page's token here: experiments add-token NAME --page.")
    api = f"{url.rstrip('/')}/api/v1"
    key = f"?key={quote(token)}"
    if inline:
        running = ExperimentService.from_settings(context.obj).running()
        print(f"<script>\n{shop_script(running, f'{api}/events{key}')}</script>")
    else:
        print(f'<script src="{escape(f"{api}/shop.js{key}")}"></script>')


def _tokens(context: typer.Context) -> EventTokens:
    return tokens_of(context.obj)
