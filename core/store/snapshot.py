"""Export and import stage results as Parquet files, so that a catalogue can ship with them.

A snapshot is a cache: all its results have content keys, so a result of another photo, other words
or other weights is not used, and the indexer computes it again.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from lancedb.table import Table

from core.base.unit_rows import unit_rows
from core.store import stage_results, vectors
from core.store.catalog_store import CatalogStore
from core.store.database import insert_new, metadata_of, read_rows

_STAGES = ("groundings", "rewrites")
_VECTORS = "vectors_"


def export(store: CatalogStore, target: Path) -> tuple[Path, ...]:
    """Write groundings, rewrites and vectors of a catalogue to ``target/*.parquet``.

    Only results that stored vectors depend on are written. Vectors become float16 and the
    blended vector is left out: it follows from the other two.
    """
    target.mkdir(parents=True, exist_ok=True)
    written = [_export_vectors(store, engine, target) for engine in store.engines()]
    used = pa.concat_tables([pq.read_table(path, columns=["grounding_key", "rewrite_key"])
                             for path in written]) if written else None  # fmt: skip
    for name in _STAGES:
        keys = set(used[f"{name.removesuffix('s')}_key"].to_pylist()) if used else set()
        table: Table = getattr(store, name).table
        rows = read_rows(table, stage_results.SCHEMA.names).sort_by("key")
        rows = rows.filter(pa.array([key in keys for key in rows["key"].to_pylist()], pa.bool_()))
        path = target / f"{name}.parquet"
        pq.write_table(rows, path, compression="zstd")
        written.append(path)
    return tuple(written)


def seed(store: CatalogStore, source: Path) -> None:
    """Put a snapshot's results into a catalogue; what is there already stays as it is.

    Vectors go in only where the engine has no vectors yet, or has them from the very same engine
    fingerprint. Call it before indexing: the indexer keeps what it would have computed itself and
    replaces or removes the rest.
    """
    for name in _STAGES:
        path = source / f"{name}.parquet"
        if path.is_file():
            rows = pq.read_table(path).cast(stage_results.SCHEMA)
            insert_new(getattr(store, name).table, "key", rows)
    for path in sorted(source.glob(f"{_VECTORS}*.parquet")):
        _seed_vectors(store, path)


def _export_vectors(store: CatalogStore, engine: str, target: Path) -> Path:
    table = store.vectors(engine).table
    if table is None:
        raise ValueError(f"engine {engine} has no vectors")
    facts = dict(sorted(metadata_of(table).items()))  # the same bytes each time
    half = pa.list_(pa.float16(), int(facts["dim"]))
    names = [name for name in table.schema.names if name != "vector"]
    rows = read_rows(table, names).sort_by("item_id").combine_chunks()
    for name in ("image_vector", "text_vector"):
        flat = rows[name].combine_chunks().flatten().to_numpy(zero_copy_only=False)
        packed = pa.FixedSizeListArray.from_arrays(
            pa.array(flat.astype(np.float16)), half.list_size
        )
        rows = rows.set_column(rows.schema.get_field_index(name), pa.field(name, half), packed)
    path = target / f"{table.name}.parquet"
    pq.write_table(rows.replace_schema_metadata(facts), path, compression="zstd")
    return path


def _seed_vectors(store: CatalogStore, path: Path) -> None:
    rows = pq.read_table(path)
    facts = {key.decode(): value.decode() for key, value in (rows.schema.metadata or {}).items()}
    dim, fingerprint = int(facts["dim"]), facts["engine_fingerprint"]
    target = store.vectors(path.stem.removeprefix(_VECTORS))
    if target.table is not None and target.fingerprint != fingerprint:
        return
    image, text = (_restored(rows[name], dim) for name in ("image_vector", "text_vector"))
    blended = vectors.blend(image, text, float(facts["text_weight"]))
    columns = {name: rows[name] for name in rows.schema.names}
    columns |= {
        "image_vector": vectors.list_array(image),
        "text_vector": vectors.list_array(text),
        "vector": vectors.list_array(blended),
    }
    target.prepare(fingerprint, dim, float(facts["text_weight"]))
    schema = vectors.vector_schema(dim)
    target.insert_new(
        pa.Table.from_arrays([_plain(columns[n]) for n in schema.names], schema=schema)
    )


def _plain(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _restored(column: pa.ChunkedArray, dim: int) -> vectors.Vectors:
    flat = column.combine_chunks().flatten().to_numpy(zero_copy_only=False).astype(np.float32)
    return unit_rows(flat.reshape(-1, dim))
