"""The vectors of one engine, and the statistics that its cut-off needs."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

import lancedb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from lancedb.expr import Expr
from lancedb.query import LanceVectorQueryBuilder
from lancedb.table import Table

from core.domain.search_index import SearchIndex
from core.store import vector_index
from core.store.damage import reading
from core.store.database import (
    count_rows,
    delete_by,
    find_table,
    insert_new,
    metadata_of,
    read_by,
    read_rows,
    upsert,
    version_of,
    with_metadata,
)
from core.store.frozen_rows import Freezer, FrozenRows
from core.store.index_kinds import filtered, unmeasured, widened

Vectors = npt.NDArray[np.float32]

_TEXT_COLUMNS = ("item_id", "key", "grounding_key", "rewrite_key", "department", "product_type")
_VECTOR_COLUMNS = ("image_vector", "text_vector", "vector")


@dataclass(frozen=True, slots=True)
class VectorRow:
    """The stored embedding of one item.

    Attributes:
        item_id: The item.
        key: Content key of everything that the vectors depend on.
        grounding_key: The grounding that the picture was cut by; empty for whole photos.
        rewrite_key: The rewrite that the words come from; empty for titles.
        department: For filters.
        product_type: For filters.
        phash: Perceptual hash of the photo, for folding near-duplicates; empty without a photo.
        image_vector: ``[d] float32, L2-normalised``; without a photo, the same as the text's.
        text_vector: ``[d] float32, L2-normalised``.
        vector: What is searched: ``[d] float32, L2-normalised``.
    """

    item_id: str
    key: str
    grounding_key: str
    rewrite_key: str
    department: str
    product_type: str
    phash: str
    image_vector: Vectors
    text_vector: Vectors
    vector: Vectors


@dataclass(frozen=True, slots=True)
class StoredState:
    """The keys of a stored row, which the indexer compares with those of the item."""

    key: str
    department: str
    product_type: str


def blend(image: Vectors, text: Vectors, text_weight: float) -> Vectors:
    """Return the searched vectors, ``normalise((1 - w) * image + w * text)``."""
    mixed = (1 - text_weight) * image + text_weight * text
    unit: Vectors = (mixed / np.linalg.norm(mixed, axis=1, keepdims=True)).astype(np.float32)
    return unit


def vector_schema(dim: int) -> pa.Schema:
    """Return the schema for vectors of ``dim`` numbers."""
    return pa.schema(
        [
            *(pa.field(name, pa.string(), nullable=False) for name in (*_TEXT_COLUMNS, "phash")),
            *(pa.field(name, pa.list_(pa.float32(), dim), nullable=False)
              for name in _VECTOR_COLUMNS),
        ]
    )  # fmt: skip


class VectorTable:
    """The vectors that one engine has for the items of one catalogue.

    The table is created by the first :meth:`prepare`; before that it reads as empty. Its metadata
    say which engine fingerprint made it, the dimension and that vectors are normalised.

    Args:
        database: The catalogue's tables.
        engine: Name of the engine.
        age: How long a missing table is not looked for again.
        index_bytes: Most memory of an index with full vectors; ``None`` is any.
    """

    def __init__(
        self,
        database: lancedb.DBConnection,
        engine: str,
        age: timedelta = timedelta(0),
        index_bytes: int | None = None,
    ) -> None:
        self._database, self._age = database, age.total_seconds()
        self._index_bytes = index_bytes
        self._table: Table | None = None
        self._looked = float("-inf")
        self.engine = engine
        self.name = f"vectors_{engine}"
        self._freezer = Freezer(lambda: FrozenRows.of(database, self.name))

    @property
    def table(self) -> Table | None:
        """The LanceDB table, or ``None`` before the first indexing."""
        if self._table is None and time.monotonic() - self._looked >= self._age:
            looked = time.monotonic()
            self._table = find_table(self._database, self.name)
            self._looked = looked
        return self._table

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the engine that made these vectors; empty when there are none."""
        table = self.table
        return metadata_of(table).get("engine_fingerprint", "") if table is not None else ""

    def prepare(self, fingerprint: str, dim: int, text_weight: float) -> None:
        """Make the table ready for an engine; vectors of any other fingerprint are dropped."""
        table = self.table
        if table is not None and self.fingerprint == fingerprint:
            return
        schema = with_metadata(
            vector_schema(dim),
            engine_fingerprint=fingerprint,
            dim=dim,
            text_weight=text_weight,
            normalised="l2",
        )
        if table is None:
            self._database.create_table(self.name, schema=schema)
            self._looked = float("-inf")
        else:
            self._database.create_table(self.name, schema=schema, mode="overwrite")

    def drop(self) -> None:
        """Remove the table, where there is one."""
        if self.table is not None:
            self._database.drop_table(self.name)
            self._table = None

    def upsert(self, rows: Sequence[VectorRow]) -> None:
        """Store rows, replacing those of the same items."""
        if rows:
            upsert(self._existing(), "item_id", to_arrow(rows))

    def insert_new(self, rows: pa.Table) -> None:
        """Store rows (in the table's schema) of items that have none yet."""
        insert_new(self._existing(), "item_id", rows)

    def relabel(self, labels: Mapping[str, tuple[str, str]]) -> None:
        """Give items a new ``(department, product_type)`` without touching their vectors."""
        table = self._existing()
        rows = read_by(table, "item_id", labels, table.schema.names)
        ids = rows["item_id"].to_pylist()
        for position, column in enumerate(("department", "product_type")):
            values = pa.array([labels[item_id][position] for item_id in ids], pa.string())
            index = rows.schema.get_field_index(column)
            rows = rows.set_column(index, rows.schema.field(column), values)
        upsert(table, "item_id", rows)

    def delete(self, item_ids: Iterable[str]) -> None:
        """Remove items."""
        table = self.table
        if table is not None:
            delete_by(table, "item_id", item_ids)

    def count(self) -> int:
        """Return the number of items that have vectors."""
        table = self.table
        return count_rows(table) if table is not None else 0

    def counted(self) -> tuple[int, SearchIndex | None]:
        """Return how many items have vectors, and what was measured of their index."""
        return self.count(), self.index

    def state(self) -> dict[str, StoredState]:
        """Return the keys of the stored rows by item id."""
        table = self.table
        if table is None:
            return {}
        rows = read_rows(table, ["item_id", "key", "department", "product_type"]).to_pylist()
        return {
            row["item_id"]: StoredState(row["key"], row["department"], row["product_type"])
            for row in rows
        }

    def get(self, item_ids: Iterable[str]) -> dict[str, VectorRow]:
        """Return rows by item id; items without vectors are missing from the answer."""
        names = list(VectorRow.__slots__)
        rows = self._read(item_ids, names)
        if rows is None:
            return {}
        vectors = {name: _numpy(rows[name]) for name in _VECTOR_COLUMNS}
        plain = rows.drop_columns(list(_VECTOR_COLUMNS)).to_pylist()
        return {
            row["item_id"]: VectorRow(**row, **{name: vectors[name][i] for name in vectors})
            for i, row in enumerate(plain)
        }

    def image_vector(self, item_id: str) -> Vectors | None:
        """Return the picture vector of one item, ``[d] float32``; ``None`` when it has none."""
        rows = self._read([item_id], ["image_vector"])
        return _numpy(rows["image_vector"])[0] if rows is not None else None

    def cosines(self, item_ids: Iterable[str], query: Vectors) -> dict[str, float]:
        """Return each item's cosine to a query ``[d] float32, L2-normalised``."""
        both = self.cosines_of(item_ids, query, ["vector"])
        return {item_id: cosine for item_id, (cosine,) in both.items()}

    def cosines_of(
        self, item_ids: Iterable[str], query: Vectors, columns: Sequence[str]
    ) -> dict[str, tuple[float, ...]]:
        """Return each item's cosines to a query ``[d] float32, L2-normalised``, one per column."""
        rows = self._read(item_ids, ["item_id", *columns])
        if rows is None:
            return {}
        cosines = [(_numpy(rows[column]) @ query).tolist() for column in columns]
        ids = rows["item_id"].to_pylist()
        return dict(zip(ids, zip(*cosines, strict=True), strict=True))

    def agreements(self) -> dict[str, float]:
        """Return the cosine of picture and words of every item."""
        table = self.table
        if table is None:
            return {}
        rows = read_rows(table, ["item_id", "image_vector", "text_vector"])
        image, text = _numpy(rows["image_vector"]), _numpy(rows["text_vector"])
        cosines = np.einsum("ij,ij->i", image, text).tolist()
        return dict(zip(rows["item_id"].to_pylist(), cosines, strict=True))

    def _read(self, item_ids: Iterable[str], columns: list[str]) -> pa.Table | None:
        """Return columns of some items; ``None`` when there is no row of them."""
        wanted, table = list(item_ids), self.table
        if table is None or not wanted:
            return None
        rows = read_by(table, "item_id", wanted, columns)
        return rows if rows.num_rows else None

    def matrix(self, limit: int | None = None) -> Vectors:
        """Return searched vectors in the order of item ids, ``[n, d] float32``.

        Args:
            limit: Most items; of more, evenly spread ones are taken.
        """
        table = self.table
        if table is None:
            return np.zeros((0, 0), np.float32)
        ids = sorted(read_rows(table, ["item_id"])["item_id"].to_pylist())
        if limit is not None and len(ids) > limit:
            ids = [ids[index * len(ids) // limit] for index in range(limit)]
            rows = read_by(table, "item_id", ids, ["item_id", "vector"])
        else:
            rows = read_rows(table, ["item_id", "vector"])
        rows = rows.sort_by("item_id").combine_chunks()
        return _numpy(rows["vector"])

    def columns(self, *names: str) -> tuple[list[str], list[Vectors]]:
        """Return all item ids, sorted, and vector columns in that order, ``[n, d] float32``."""
        table = self.table
        if table is None:
            return [], [np.zeros((0, 0), np.float32) for _ in names]
        rows = (
            read_rows(table, ["item_id", *dict.fromkeys(names)]).sort_by("item_id").combine_chunks()
        )
        return rows["item_id"].to_pylist(), [_numpy(rows[name]) for name in names]

    def nearest(
        self, query: Vectors, count: int, condition: Expr | None = None
    ) -> list[tuple[str, str, float]]:
        """Return ``(item id, phash, cosine)`` of the items closest to a query, best first.

        Args:
            query: ``[d] float32, L2-normalised``.
            count: How many at most.
            condition: Only rows that it holds for; applied before the search, so the answer is
                full.
        """
        table = self.table
        if table is None:
            return []
        index = vector_index.read_index(table)
        breadth = index.breadth(count) if index is not None else None
        if breadth is None:
            breadth = unmeasured(count)
        elif condition is not None:
            breadth = filtered(breadth, count)
        elif (frozen := self._freezer.at(version_of(table))) is not None:
            return frozen.nearest(query, count, breadth)
        with reading(table):
            search = (
                cast("LanceVectorQueryBuilder", table.search(query, vector_column_name="vector"))
                .distance_type("cosine")
                .select(["item_id", "phash", "_distance"])
                .limit(count)
            )
            search = widened(search, breadth, count)
            if condition is not None:
                search = search.where(condition, prefilter=True)
            rows = search.to_arrow().to_pylist()
        return [(row["item_id"], row["phash"], 1 - row["_distance"]) for row in rows]

    @property
    def index(self) -> SearchIndex | None:
        """The measurement of the index; ``None`` if searches read every row."""
        table = self.table
        return vector_index.read_index(table) if table is not None else None

    @property
    def index_is_due(self) -> bool:
        """Whether the index is missing, not measured or not up to date."""
        table = self.table
        return table is not None and vector_index.is_due(table, self._index_bytes)

    def build_index(self, trainer: vector_index.Trainer | None = None) -> SearchIndex | None:
        """Build or update the index, and measure it; a small table gets none.

        Args:
            trainer: Builds the index over the vectors; without one this process does it.
        """
        table = self.table
        if table is None:
            return None
        return vector_index.build(table, self._freezer.now, self._index_bytes, trainer)

    def _existing(self) -> Table:
        table = self.table
        if table is None:
            raise RuntimeError(f"{self.name}: prepare() comes first")
        return table


def to_arrow(rows: Sequence[VectorRow]) -> pa.Table:
    """Return rows as an Arrow table in the schema of vector tables."""
    schema = vector_schema(len(rows[0].vector))
    columns: list[pa.Array] = []
    for field in schema:
        values = [getattr(row, field.name) for row in rows]
        columns.append(
            list_array(np.stack(values))
            if field.name in _VECTOR_COLUMNS
            else pa.array(values, pa.string())
        )
    return pa.Table.from_arrays(columns, schema=schema)


def list_array(vectors: Vectors) -> pa.FixedSizeListArray:
    """Return ``[n, d] float32`` as an Arrow array of fixed-size lists."""
    flat = pa.array(np.ascontiguousarray(vectors, np.float32).ravel())
    return pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1])


def _numpy(column: pa.ChunkedArray) -> Vectors:
    """Return a column of fixed-size lists as ``[n, d] float32``."""
    flat = column.combine_chunks().flatten().to_numpy(zero_copy_only=False)
    rows: Vectors = flat.reshape(len(column), column.type.list_size).astype(np.float32)
    return rows
