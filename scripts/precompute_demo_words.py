"""Make the words' vectors in ``data/demo/precomputed`` anew; those of pictures stay.

Run it when the compact encoder's words change and its image tower does not: it takes seconds, where
``precompute_demo.py`` takes a quarter of an hour.

    python scripts/precompute_demo_words.py DIR

``DIR`` is a data directory in which the demo was indexed before the words changed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import typer

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from core.app.indexing import PRECOMPUTED  # noqa: E402
from core.app.library import DEMO, Library  # noqa: E402
from core.app.models import ModelPool  # noqa: E402
from core.pipeline.stages import text_view  # noqa: E402
from core.settings import SHIPPED, load_settings  # noqa: E402

TARGET = SHIPPED / "demo" / PRECOMPUTED


def main(data_dir: Path) -> None:
    """Embed titles and rewrites, and write the vectors' keys and fingerprints as they are now."""
    settings = load_settings(data_dir=data_dir)
    models, store = ModelPool(settings).for_indexing(), Library(settings).get(DEMO).store
    for model in models.engines:
        path = TARGET / f"vectors_{model.name}.parquet"
        rows = pq.read_table(path)
        facts = {key.decode(): value.decode() for key, value in rows.schema.metadata.items()}
        names = rows["item_id"].to_pylist()
        items = {name: record.item for name, record in store.items.records(set(names)).items()}
        rewrites = store.rewrites.get(set(rows["rewrite_key"].to_pylist()) - {""})
        texts = [
            text_view(items[name], rewrites.get(key), model.engine.text_view)
            for name, key in zip(names, rows["rewrite_key"].to_pylist(), strict=True)
        ]
        vectors = model.encoder.encode_texts(texts).astype(np.float16)
        column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
        keys = pa.array([models.vector_key(model, items[name]) for name in names])
        for name, values in (("text_vector", column), ("key", keys)):
            at = rows.schema.get_field_index(name)
            rows = rows.set_column(at, rows.schema.field(name), values)
        facts["engine_fingerprint"] = model.fingerprint
        pq.write_table(rows.replace_schema_metadata(facts), path, compression="zstd")
        print(f"{path.relative_to(ROOT)}: {len(rows)} rows")


if __name__ == "__main__":
    typer.run(main)
