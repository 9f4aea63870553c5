"""``rewrite``: the agent over a catalogue; ``rewrites``: the queue of those worth a look."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from core.app.studio import Studio
from core.base.counts import counted
from core.cli.bar import ProgressBar
from core.domain import RewriteReport
from core.errors import SettingsError


def rewrite(
    context: typer.Context,
    catalog: Annotated[str | None, typer.Option(help="Catalogue to describe.")] = None,
    item: Annotated[
        list[str] | None, typer.Option(help="Only this item (may be repeated).")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="So many items at most.")] = None,
    budget: Annotated[
        float | None, typer.Option(min=0.0, help="Most dollars that this run may spend.")
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option(min=1, help="Most tokens that this run may use.")
    ] = None,
    concurrency: Annotated[
        int | None, typer.Option(min=1, max=64, help="Questions under way at once.")
    ] = None,
    batch: Annotated[
        bool, typer.Option("--batch", help="Use the Message Batches API: half the price, slower.")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="With --batch: stay until all is done.")
    ] = False,
    poll: Annotated[
        float, typer.Option(min=0.01, help="With --wait: seconds between two looks.")
    ] = 60.0,
    retry: Annotated[
        bool, typer.Option("--retry", help="Also items that it found no usable words for.")
    ] = False,
    shards: Annotated[
        int | None,
        typer.Option(min=1, max=9999, help="With --batch: describe in so many shards."),
    ] = None,
    shard: Annotated[
        list[int] | None,
        typer.Option(help="Only this shard, from 0 (may be repeated)."),
    ] = None,
    merge: Annotated[
        bool, typer.Option("--merge", help="End the shards: take in their ledgers.")
    ] = False,
) -> None:
    """Let the agent describe what it has not described yet. Stopped or killed, it goes on.

    Needs VLCLIP_REWRITER=claude and ANTHROPIC_API_KEY. What was answered once is never paid for
    again. With --shards, several processes or machines may do this at once: the budget is one for
    all of them.
    """
    studio = Studio(context.obj)
    if merge:
        added, spent = studio.rewriting.merge_shards(catalog)
        print(f"{counted(added, 'answer')} taken in. The shards have cost: {spent}.")
        return
    given = {"dollars": budget, "tokens": max_tokens, "concurrency": concurrency}
    limits = replace(
        studio.rewriting.limits(),
        batch=batch,
        wait=wait,
        poll=poll,
        **{name: value for name, value in given.items() if value is not None},  # type: ignore[arg-type]
    )
    if shards or shard:
        if not batch or item or limit or retry:
            raise SettingsError(
                "Shards are described with --batch, and without --item, --limit and --retry."
            )
        with ProgressBar() as bar:
            report = studio.rewriting.rewrite_shards(
                catalog,
                shards=shards,
                only=shard or (),
                limits=replace(limits, dollars=budget),  # an open plan keeps its own
                on_progress=bar.show,
            )
        _print_report(report)
        return
    with ProgressBar() as bar:
        report = studio.rewriting.rewrite(
            catalog,
            item_ids=item or (),
            limit=limit,
            limits=limits,
            retry=retry,
            on_progress=bar.show,
        )
    _print_report(report)


def rewrites(
    context: typer.Context,
    catalog: Annotated[str | None, typer.Option(help="Catalogue to look at.")] = None,
    limit: Annotated[int, typer.Option("-k", min=1, max=10_000, help="How many.")] = 20,
) -> None:
    """List the rewrites that a person should look at, most serious first."""
    entries = Studio(context.obj).item_texts.worth_a_look(catalog, limit)
    for entry in entries:
        print(f"{entry.item.item_id}  “{entry.text}”  ({entry.writer})")
        print(f"    title: {entry.item.title[:100]}")
        for reason in entry.reasons:
            print(f"    {reason}")
    print(f"{len(entries)} descriptions to check." if entries else "No description needs a check.")


def _print_report(report: RewriteReport) -> None:
    state = report.progress
    print(
        f"{state.done} of {counted(state.total, 'item')} described, {state.failed} failed"
        + (f", {state.waiting} wait for a batch" if state.waiting else "")
        + f"; {report.embedded} vectors made. Paid now: {state.spent}."
    )
    for name, reason in list(report.problems.items())[:20]:
        print(f"  {name}: {reason}")
    if len(report.problems) > 20:
        print(f"  … and {len(report.problems) - 20} more; `rewrites` lists them.")
    if report.stopped:
        print(f"Stopped early: {report.stopped}")
