from types import SimpleNamespace

import pytest

from core.pipeline.indexer import run_index
from core.search.searcher import Searcher
from core.store.catalog_store import CatalogStore
from core.store.image_store import ImageStore
from tests.core.pipeline.small import bench, rows_of, write_catalog


@pytest.fixture(scope="session")
def shop(tmp_path_factory):
    """An indexed catalogue of 120 items; read only."""
    root = tmp_path_factory.mktemp("shop")
    source = write_catalog(root / "source", 120)
    # Two more photos of the same thing, one of them smaller: near-duplicates of id-042.
    lines = source.read_text().splitlines()
    twin = (source.parent / "042.png").read_bytes()
    for name in ("twin-1", "twin-2"):
        (source.parent / f"{name}.png").write_bytes(twin)
        lines.append(f"{name},blue mug again,mug,home,The same mug.,{name}.png")
    source.write_text("\n".join(lines) + "\n")
    store = CatalogStore(root / "shop")
    photos = ImageStore(store.root / "images")
    small = bench()
    run_index(store, photos, small.models, rows_of(source, photos))
    clip, vl_clip = small.models.engines
    return SimpleNamespace(store=store, photos=photos, clip=clip, vl_clip=vl_clip,
                           searcher=Searcher(store, photos))  # fmt: skip
