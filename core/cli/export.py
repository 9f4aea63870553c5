"""``export``: judgments, groundings and training pairs as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.app.studio import Studio
from core.base.counts import counted
from core.cli.judgment_files import write_judgments


def export_app() -> typer.Typer:
    """Return the ``export`` command group."""
    app = typer.Typer(help="Write what the studio holds to files.", no_args_is_help=True)

    @app.callback()
    def group() -> None:
        """Write what the studio holds to files."""

    @app.command("judgments")
    def judgments(
        context: typer.Context,
        output: Annotated[Path, typer.Argument(help="File to write.")],
        set_id: Annotated[
            str | None, typer.Option("--set", help="Judgment set (default: the newest).")
        ] = None,
        format: Annotated[
            str | None,
            typer.Option(
                help="qrels, csv, jsonl, parquet, opensearch, rre or ltr (default: from the "
                "file's ending)."
            ),
        ] = None,
        catalog: Annotated[str | None, typer.Option(help="Catalogue.")] = None,
    ) -> None:
        """Export human relevance judgments (the same as `judgments export`)."""
        write_judgments(Studio(context.obj), output, set_id, format, catalog=catalog)

    @app.command("grounding")
    def grounding(
        context: typer.Context,
        output: Annotated[Path, typer.Argument(help="COCO JSON file to write.")],
        catalog: Annotated[str | None, typer.Option(help="Catalogue.")] = None,
    ) -> None:
        """Export all boxes and masks as COCO JSON (masks as RLE, for pycocotools)."""
        photos, regions = Studio(context.obj).grounding.export_coco(output, catalog)
        print(f"Wrote {counted(regions, 'region')} of {counted(photos, 'photo')} to {output}.")

    @app.command("pairs")
    def pairs(
        context: typer.Context,
        output: Annotated[
            str, typer.Argument(help="File to write: NAME.parquet, or the Lance table NAME.lance.")
        ],
        catalog: Annotated[str | None, typer.Option(help="Catalogue.")] = None,
        base: Annotated[
            str, typer.Option(help="Engine whose models are loaded; one that runs here.")
        ] = "vl-clip",
        views: Annotated[
            str, typer.Option(help="Pictures: crop (the paper), photo or cutout.")
        ] = "crop",
    ) -> None:
        """Export training pairs: crop, rewrite, group and split (`train --pairs` reads them)."""
        written = Studio(context.obj).training.export_pairs(
            output, catalog, base=base, views=views, say=print
        )
        print(f"Wrote {counted(written, 'pair')} to {output}.")

    return app
