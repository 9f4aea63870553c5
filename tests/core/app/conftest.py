"""A small indexed catalogue and the evaluation verbs over it; only the models are stand-ins."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from core.app.evaluating import EvaluationService
from core.app.library import Library
from core.pipeline.indexer import run_index
from core.settings import Settings
from tests.core.pipeline.small import bench, rows_of, write_catalog


@pytest.fixture(scope="package")
def shop(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """60 items with colour and group columns; ``verbs`` evaluates over them."""
    root: Path = tmp_path_factory.mktemp("evaluation")
    settings = Settings(data_dir=root / "data", threads=1)
    source = write_catalog(root / "source", 60)
    head, *rows = source.read_text().splitlines()
    lines = [f"{head},colour,group"]
    for number, row in enumerate(rows):
        colour = row.split(",")[1].split()[0]
        lines.append(f"{row},{colour},{'g' + str(number // 2) if number < 20 else ''}")
    source.write_text("\n".join(lines) + "\n")
    library = Library(settings)
    catalog = library.create("shop")
    small = bench()
    run_index(catalog.store, catalog.images, small.models, rows_of(source, catalog.images))
    models = {model.name: model for model in small.models.engines}
    room = SimpleNamespace(engine=models.__getitem__)
    verbs = EvaluationService(library, room, settings)  # type: ignore[arg-type]
    return SimpleNamespace(verbs=verbs, catalog=catalog, models=models, settings=settings)
