"""A small indexed catalogue with the evaluation verbs over it, and previews of shops' files.

Only the models are stand-ins.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from core.app.dry_run import preview_file
from core.app.evaluating import EvaluationService
from core.app.library import Library
from core.domain.file_preview import FilePreview
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


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., FilePreview]:
    """Writes a feed beside a folder of photos, and reads it without indexing."""
    folder = tmp_path / "p"
    folder.mkdir()
    for name in ("a", "b", "c", "d"):
        (folder / f"{name}.jpg").write_bytes(name.encode())

    def preview(text: str | bytes, name: str = "feed.csv", **options: object) -> FilePreview:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return preview_file(path, Settings(data_dir=tmp_path / "data"), **options)

    return preview
