"""Indexes a catalogue in a process of its own, slowly enough to be killed anywhere."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from core.catalog.images import ImageStore
from core.pipeline import indexer
from core.pipeline.indexer import run_index
from core.store.catalog_store import CatalogStore
from tests.core.pipeline.small import HashingEncoder, MiddleGrounder, bench, rows_of


def main(root: Path, source: Path) -> None:
    indexer.CHUNK, indexer.GROUNDED_CHUNK = 8, 4
    encode, ground = HashingEncoder.encode_prepared, MiddleGrounder.ground

    def slow_encode(self: HashingEncoder, batch: object) -> object:
        time.sleep(0.02)
        return encode(self, batch)

    def slow_ground(self: MiddleGrounder, *given: object) -> object:
        time.sleep(0.01)
        return ground(self, *given)

    HashingEncoder.encode_prepared, MiddleGrounder.ground = slow_encode, slow_ground
    store = CatalogStore(root)
    photos = ImageStore(root / "images")
    print("started", flush=True)
    run_index(store, photos, bench().models, rows_of(source, photos), title="t", source="s")
    print("finished", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
