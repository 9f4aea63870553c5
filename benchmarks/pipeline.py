"""Measure the pipeline's embedding rate relative to the bare encoder's on the same pictures.

The pipeline reads a catalogue file, checks rows, decodes and stores pictures, embeds pictures and
titles and writes to LanceDB; the bare rate is ``encode_prepared`` alone on pictures that are
decoded and resized already. Two cores that do nothing else are assumed.

    python -m benchmarks.pipeline CATALOG_FILE [--images DIR] [--rows 256]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

import numpy as np

from core.catalog.ingest import ingest
from core.domain import Ingested
from core.domain.catalog_info import KnownRow
from core.embedding.loaders import EncoderPool, load_engines
from core.pipeline.indexer import run_index
from core.ports.engines import EngineModel, IndexingModels
from core.settings import load_settings
from core.store.catalog_store import CatalogStore
from core.store.image_store import ImageStore
from core.weights import WeightStore

#: Pictures per pass of the bare encoder.
BATCH = 64


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("--images", type=Path)
    parser.add_argument("--rows", type=int, default=256)
    given = parser.parse_args()

    settings = load_settings()
    engine = load_engines(settings.shipped / "engines")["clip"]
    encoder = EncoderPool(settings, WeightStore.from_settings(settings)).encoder(engine)
    models = IndexingModels([EngineModel(engine, encoder)])

    with tempfile.TemporaryDirectory() as folder:
        store = CatalogStore(Path(folder) / "bench")
        photos = ImageStore(store.root / "images")

        def rows(known_rows: Mapping[str, KnownRow]) -> Iterator[Ingested]:
            read = ingest(
                given.source,
                images=given.images,
                store=photos,
                settings=settings,
                known_rows=known_rows,
            )
            taken = (outcome for outcome in read if isinstance(outcome, Ingested))
            return islice(taken, given.rows)

        warm = [outcome.item for outcome in islice(rows({}), BATCH)]
        encoder.encode_images([photos.open(item.photo.sha256) for item in warm])
        encoder.encode_texts([item.title for item in warm])

        report = run_index(store, photos, models, rows)
        items = list(store.items.get(store.items.ids()).values())
        batches = [
            encoder.prepare([photos.open(i.photo.sha256) for i in items[n : n + BATCH]])
            for n in range(0, len(items), BATCH)
        ]
        started = time.perf_counter()
        bare = np.concatenate([encoder.encode_prepared(batch) for batch in batches])
        seconds = time.perf_counter() - started
        stored = store.vectors("clip").get(item.item_id for item in items)
        agree = min(
            float(stored[i.item_id].image_vector @ v) for i, v in zip(items, bare, strict=True)
        )

    pipeline, alone = len(items) / report.seconds, len(items) / seconds
    print(f"pictures           {len(items)}")
    print(f"pipeline           {pipeline:.2f} pictures/s ({report.seconds:.1f} s, rows to index)")
    print(f"encode_prepared    {alone:.2f} pictures/s ({seconds:.1f} s)")
    print(f"ratio              {pipeline / alone:.2f}   goal: at least 0.85")
    print(f"smallest cosine    {agree:.5f}   goal: at least 0.999")


if __name__ == "__main__":
    main()
