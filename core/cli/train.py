"""``train``: fine-tune an engine on a catalogue, or on pairs of pictures and texts."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import typer

from core.app.adapter_training import DEFAULTS
from core.app.studio import Studio
from core.app.training import TrainingService
from core.base.counts import counted
from core.cli.bar import ProgressBar
from core.errors import TrainingError
from core.evaluation.report_html import label, verdicts


def train(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of the new engine.")],
    catalog: Annotated[str | None, typer.Option(help="Catalogue to learn from.")] = None,
    pairs: Annotated[
        str | None,
        typer.Option(
            help="Parquet, or Lance table NAME.lance, to learn from: image, text, group, split."
        ),
    ] = None,
    shards: Annotated[
        int,
        typer.Option(min=0, help="Parts of a Lance table of pairs (default: one per process)."),
    ] = 0,
    base: Annotated[
        str, typer.Option(help="Engine to start from, or local-dir:FOLDER.")
    ] = "vl-clip",
    views: Annotated[
        str | None,
        typer.Option(help="Picture that the new engine gets: photo, crop or cutout."),
    ] = None,
    texts: Annotated[
        str | None,
        typer.Option(help="Texts to learn from: title, rewrite or mixed (default: the base's)."),
    ] = None,
    unlock_image: Annotated[
        str | None, typer.Option(help="Last blocks of the image tower to train: a number, or all.")
    ] = None,
    unlock_text: Annotated[
        str | None, typer.Option(help="Last blocks of the text tower to train: a number, or all.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, max=1000, help="At most.")] = None,
    batch: Annotated[int | None, typer.Option(min=2, help="Pairs per step.")] = None,
    accumulate: Annotated[
        int, typer.Option(min=1, help="Pieces that a batch is embedded in, to save memory.")
    ] = 1,
    lr: Annotated[float | None, typer.Option(min=0, help="Peak rate of the text tower.")] = None,
    lr_image: Annotated[
        float | None, typer.Option(min=0, help="Peak rate of the image tower.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Start of all random numbers.")] = DEFAULTS.seed,
    resume: Annotated[
        bool, typer.Option("--resume/--restart", help="Go on with a killed run, or forget it.")
    ] = True,
    discard: Annotated[
        bool, typer.Option("--discard", help="Throw this trained engine away instead.")
    ] = False,
) -> None:
    """Fine-tune; before and after are measured on what was held out.

    On a catalogue alone, an adapter and the text tower are trained behind the frozen image tower,
    in minutes. With --pairs, --views or an --unlock option the towers themselves are trained.
    The paper's VL-CLIP from a CLIP: --base clip --views crop --texts rewrite.
    """
    training = Studio(context.obj).training
    if discard:
        training.discard(name)
        print(f"The engine {name} is gone.")
        return
    given: dict[str, Any] = {
        "epochs": epochs,
        "batch": batch,
        "lr": lr,
        "lr_image": lr_image,
        "seed": seed,
        "accumulate": accumulate,
        "texts": texts,
    }
    chosen = {key: value for key, value in given.items() if value is not None}
    if pairs is None and unlock_image is None and unlock_text is None and views is None:
        _adapt(training, name, catalog, base, chosen, not resume)
    else:
        if pairs is not None and catalog is not None:
            raise TrainingError("Name a catalogue or a file of pairs, not both.")
        if pairs is None and shards:
            raise TrainingError("--shards is for --pairs NAME.lance.")
        with ProgressBar("steps") as bar:
            outcome = training.tune(
                name, pairs=pairs, shards=shards, catalog=catalog, base=base,
                restart=not resume, say=bar.say,
                unlock_image=blocks(unlock_image or "0"), unlock_text=blocks(unlock_text or "all"),
                views=views or "", options=chosen, on_progress=bar.show,
            )  # fmt: skip
        if outcome is None:
            return
        print("\n".join(outcome.lines()))
    print(f"The engine {name} can be chosen now; `train {name} --discard` throws it away.")


def blocks(text: str) -> int | None:
    """Parse a number of blocks to unlock; ``None`` means all; raises ``TrainingError``."""
    if text.strip().lower() == "all":
        return None
    if not text.strip().isdecimal():
        raise TrainingError(f"Unlock a number of blocks, or “all”; got “{text[:40]}”.")
    return int(text)


def _adapt(
    training: TrainingService, name: str, catalog: str | None, base: str, chosen: dict[str, Any],
    restart: bool,
) -> None:  # fmt: skip
    texts = chosen.pop("texts", "")
    options = replace(DEFAULTS, **chosen)
    with ProgressBar("steps") as bar:
        report = training.adapt(
            name, catalog, base=base, texts=texts, options=options, say=bar.say, restart=restart,
            on_progress=bar.show,
        )  # fmt: skip
    for entry in report.engines:
        figures = "  ".join(f"{label(m)} {entry.scores[m].value:.3f}" for m in report.measures)
        print(f"{entry.engine:<16} {figures}")
    print(
        f"{counted(report.queries, 'held-out title')}, {counted(report.items, 'item')}. "
        + " ".join(verdicts(report))
    )
