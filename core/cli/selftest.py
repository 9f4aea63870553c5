"""``selftest``: try every model of the profile and print a report."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from core.app.models import ModelPool
from core.app.selftest import BATCHES, SelfTest, as_json, as_text


def selftest(
    context: typer.Context,
    batches: Annotated[
        str, typer.Option(help="Pictures per pass whose pace is measured, A,B.")
    ] = ",".join(map(str, BATCHES)),
    json_output: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Load each model of the profile and try it on shipped photos; a report to paste.

    Weights are hashed again, cosines and boxes compared with known ones, time and memory measured.
    """
    sizes = [int(size) for size in batches.split(",") if size.strip().isdecimal() and int(size)]
    test = SelfTest(ModelPool(context.obj), sizes or BATCHES)
    machine, checks = test.machine(), []
    if not json_output:
        print("\n".join(machine))
    for check in test.checks():
        checks.append(check)
        if not json_output:
            print(as_text(check), flush=True)
    if json_output:
        print(json.dumps(as_json(machine, checks)))
    if any(check.ok is False for check in checks):
        raise typer.Exit(1)
