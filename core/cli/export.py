"""``export``: judgments and groundings as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.errors import JudgmentError
from core.studio import Studio


def export_app() -> typer.Typer:
    """The ``export`` command group."""
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
            str | None, typer.Option(help="qrels or csv (default: from the file's ending).")
        ] = None,
        catalog: Annotated[str | None, typer.Option(help="Catalogue.")] = None,
    ) -> None:
        """Export human relevance judgments as TREC qrels or CSV."""
        studio = Studio(context.obj)
        sets = studio.judgment_sets(catalog)
        if not sets:
            raise JudgmentError(
                "There is no judgment set yet; make one on the Annotate page first."
            )
        chosen = format or ("csv" if output.suffix.lower() == ".csv" else "qrels")
        written = studio.export_judgments(set_id or sets[0].set_id, output, chosen, catalog)
        print(f"Wrote {written}.")

    @app.command("grounding")
    def grounding(
        context: typer.Context,
        output: Annotated[Path, typer.Argument(help="COCO JSON file to write.")],
        catalog: Annotated[str | None, typer.Option(help="Catalogue.")] = None,
    ) -> None:
        """Export all boxes and masks as COCO JSON (masks as RLE, for pycocotools)."""
        photos, regions = Studio(context.obj).grounding.export_coco(output, catalog)
        print(f"Wrote {regions} regions of {photos} photos to {output}.")

    return app
