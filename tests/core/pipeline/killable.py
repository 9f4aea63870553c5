"""Index a catalogue in a separate process that prints a line at every step of its models."""

from __future__ import annotations

import sys
from pathlib import Path

from core.pipeline import indexer
from core.pipeline.indexer import run_index
from core.store.catalog_store import CatalogStore
from core.store.image_store import ImageStore
from tests.core.pipeline.small import HashingEncoder, MiddleGrounder, bench, rows_of


def main(root: Path, source: Path) -> None:
    indexer.CHUNK, indexer.GROUNDED_CHUNK = 8, 4
    encode, ground = HashingEncoder.encode_prepared, MiddleGrounder.ground

    def told_encode(self: HashingEncoder, batch: object) -> object:
        print("step", flush=True)
        return encode(self, batch)

    def told_ground(self: MiddleGrounder, *given: object) -> object:
        print("step", flush=True)
        return ground(self, *given)

    HashingEncoder.encode_prepared, MiddleGrounder.ground = told_encode, told_ground
    store = CatalogStore(root)
    photos = ImageStore(root / "images")
    print("started", flush=True)
    run_index(store, photos, bench().models, rows_of(source, photos), title="t", source="s")
    print("finished", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
