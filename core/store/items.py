"""The table of items: one row per product, with the words that full-text search looks in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import lancedb
import pyarrow as pa
from lancedb.expr import Expr, col, lit
from lancedb.index import FTS, IndexConfig
from lancedb.query import FullTextOperator, MatchQuery
from lancedb.table import Table

from core.base.stop_words import stop_words
from core.domain import Filters, Item, Photo
from core.store.damage import reading
from core.store.database import (
    add_missing_columns,
    count_rows,
    delete_by,
    ensure_table,
    filter_condition,
    folder_of,
    read_by,
    read_rows,
    upsert,
    version_of,
)
from core.store.item_more import more_text, read_more
from core.store.row_decoding import UNDECODABLE, warn

NAME = "items"
#: Tokenizer that splits words by Unicode's rules, and with dictionaries for scripts without blanks
#: (Thai, Chinese, Japanese).
_TOKENIZER: Literal["icu/split"] = "icu/split"

#: Fields of ``Item`` that are stored as they are.
_PLAIN = [
    name
    for name in Item.__slots__
    if name not in ("photo", "attributes", "more_photos", "photo_links", "variants")
]

_ITEM_COLUMNS = [*_PLAIN, "attributes", "photo_sha256", "photo_width", "photo_height", "phash"]
#: Further photos and variants; tables of earlier versions have no such column.
MORE = "more"
_RECORD_COLUMNS = [*_ITEM_COLUMNS, "row_key", "rewrite", "rewrite_key"]

SCHEMA = pa.schema(
    [
        *(pa.field(name, pa.string(), nullable=False) for name in _PLAIN),
        pa.field("attributes", pa.string(), nullable=False),
        pa.field("photo_sha256", pa.string(), nullable=False),
        pa.field("photo_width", pa.int32(), nullable=False),
        pa.field("photo_height", pa.int32(), nullable=False),
        pa.field("phash", pa.string(), nullable=False),
        pa.field("row_key", pa.string(), nullable=False),
        pa.field("rewrite", pa.string(), nullable=False),
        pa.field("rewrite_key", pa.string(), nullable=False),
        pa.field("words", pa.string(), nullable=False),
        pa.field(MORE, pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class ItemRecord:
    """An item with its keys in the pipeline.

    Attributes:
        item: The item.
        row_key: Hash of the row and photo that it was read from.
        rewrite: Its rewritten text, part of its searchable words; empty while there is none.
        rewrite_key: Content key of that rewrite.
    """

    item: Item
    row_key: str
    rewrite: str = ""
    rewrite_key: str = ""


@dataclass(frozen=True, slots=True)
class WordMatch:
    """An item found by its words: id, perceptual hash of its photo, its searchable words."""

    item_id: str
    phash: str
    words: str


@dataclass(frozen=True, slots=True)
class ItemWords:
    """The words of an item, as search compares them with a query's.

    Attributes:
        title: Its title.
        product_type: Its product type.
        named: Title, product type, department, attributes and rewrite.
        description: Its description.
        colour: Its colour column.
        photo: Name (SHA-256) of its photo.
    """

    title: str
    product_type: str
    named: str
    description: str
    colour: str = ""
    photo: str = ""


class ItemTable:
    """The items of one catalogue."""

    def __init__(self, database: lancedb.DBConnection) -> None:
        self._table = ensure_table(database, NAME, SCHEMA)
        self._lock_file = folder_of(database) / f".{NAME}.lock"

    @property
    def table(self) -> Table:
        """The LanceDB table."""
        return self._table

    def upsert(self, records: Sequence[ItemRecord]) -> None:
        """Store records, replacing those with the same item id."""
        add_missing_columns(self._table, SCHEMA, self._lock_file)
        rows = [_row(record) for record in records]
        upsert(self._table, "item_id", pa.Table.from_pylist(rows, schema=SCHEMA))

    def delete(self, item_ids: Iterable[str]) -> None:
        """Remove items."""
        delete_by(self._table, "item_id", item_ids)

    def count(self) -> int:
        """Return the number of items."""
        return count_rows(self._table)

    def get(self, item_ids: Iterable[str]) -> dict[str, Item]:
        """Return items by id; ids that are not there are missing from the answer."""
        rows = read_by(self._table, "item_id", item_ids, self._existing(_ITEM_COLUMNS)).to_pylist()
        return {row["item_id"]: _item(row) for row in rows}

    def records(self, item_ids: Iterable[str] | None = None) -> dict[str, ItemRecord]:
        """Return records by id; ``None`` reads all."""
        if item_ids is None:
            rows = read_rows(self._table, self._existing(_RECORD_COLUMNS))
        else:
            rows = read_by(self._table, "item_id", item_ids, self._existing(_RECORD_COLUMNS))
        return {
            row["item_id"]: ItemRecord(
                _item(row), row["row_key"], row["rewrite"], row["rewrite_key"]
            )
            for row in rows.to_pylist()
        }

    def of_group(self, group: str, limit: int) -> list[Item]:
        """Return items that are variants of one product, sorted by id."""
        condition = col("group") == lit(group)
        rows = read_rows(self._table, self._existing(_ITEM_COLUMNS), condition, limit).to_pylist()
        return sorted((_item(row) for row in rows), key=lambda item: item.item_id)

    def ids(self, filters: Filters | None = None) -> list[str]:
        """Return ids of all items that pass the filters, sorted."""
        condition = filter_condition(filters) if filters else None
        return sorted(read_rows(self._table, ["item_id"], condition)["item_id"].to_pylist())

    def labels(self) -> dict[str, tuple[str, str]]:
        """Return ``(department, product type)`` of every item, by id."""
        rows = read_rows(self._table, ["item_id", "department", "product_type"]).to_pylist()
        return {row["item_id"]: (row["department"], row["product_type"]) for row in rows}

    def match(
        self, text: str, count: int, condition: Expr | None = None, *, every: bool = False
    ) -> list[WordMatch]:
        """Search the full text (BM25), best first; no query syntax is read in ``text``.

        Args:
            text: Any text.
            count: How many at most.
            condition: Only rows that it holds for.
            every: All words must be there, instead of any.
        """
        operator = FullTextOperator.AND if every else FullTextOperator.OR
        match = MatchQuery(text, "words", operator=operator)  # type: ignore[call-arg]
        with reading(self._table):
            search = self._table.search(match, query_type="fts").select(
                ["item_id", "phash", "words", "_score"]
            )
            if condition is not None:
                search = search.where(condition)
            rows = search.limit(count).to_arrow().to_pylist()
        rows.sort(key=lambda row: (-row["_score"], row["item_id"]))
        return [WordMatch(row["item_id"], row["phash"], row["words"]) for row in rows]

    def texts(self, item_ids: Iterable[str]) -> dict[str, ItemWords]:
        """Return the words of items by id."""
        columns = ["item_id", "title", "product_type", "description", "words"]
        columns += ["attributes", "photo_sha256"]
        rows = read_by(self._table, "item_id", item_ids, columns).to_pylist()
        return {
            row["item_id"]: ItemWords(
                row["title"],
                row["product_type"],
                row["words"].removesuffix(row["description"]),
                row["description"],
                _attributes(row).get("colour", ""),
                row["photo_sha256"],
            )
            for row in rows
        }

    def sample_words(self, most: int) -> list[str]:
        """Return the searchable words of up to ``most`` items, evenly chosen."""
        rows = count_rows(self._table)
        if rows <= most:
            return list(read_rows(self._table, ["words"])["words"].to_pylist())
        offsets = [number * rows // most for number in range(most)]
        with reading(self._table):
            taken = self._table.take_offsets(offsets).select(["words"]).to_arrow()
        return list(taken["words"].to_pylist())

    @property
    def version(self) -> int:
        """Version of the table; it grows with every change of any process."""
        return version_of(self._table)

    def _existing(self, columns: list[str]) -> list[str]:
        return [*columns, *({MORE} & set(self._table.schema.names))]

    def index_words(self) -> None:
        """Create the full-text index where it is missing or splits words by earlier rules."""
        if not any(map(_is_current, self._table.list_indices())):
            # Creating two indices at once is harmless: the later commit replaces the earlier.
            self._table.create_index("words", config=_words_index())


def _words_index() -> FTS:
    """Return words as ICU finds them in any script, without the stop words of all languages."""
    return FTS(
        with_position=False, base_tokenizer=_TOKENIZER, custom_stop_words=sorted(stop_words())
    )


def _is_current(index: IndexConfig) -> bool:
    if index.columns != ["words"]:
        return False
    details: Mapping[str, Any] = getattr(index, "index_details", None) or {}
    return details.get("base_tokenizer") == _TOKENIZER and (
        details.get("custom_stop_words") == sorted(stop_words())
    )


def searchable_words(item: Item, rewrite: str) -> str:
    """Return all words of an item that full-text search looks in."""
    parts = [
        item.title,
        item.product_type,
        item.department,
        *item.attributes.values(),
        rewrite,
        item.description,
    ]
    return "\n".join(part for part in parts if part)


def _row(record: ItemRecord) -> dict[str, Any]:
    item = record.item
    return {
        **{name: getattr(item, name) for name in _PLAIN},
        "attributes": json.dumps(dict(item.attributes), ensure_ascii=False, sort_keys=True),
        "photo_sha256": item.photo.sha256,
        "photo_width": item.photo.width,
        "photo_height": item.photo.height,
        "phash": item.photo.phash,
        "row_key": record.row_key,
        "rewrite": record.rewrite,
        "rewrite_key": record.rewrite_key,
        "words": searchable_words(item, record.rewrite),
        MORE: more_text(item),
    }


def _item(row: Mapping[str, Any]) -> Item:
    photo = Photo(row["photo_sha256"], row["photo_width"], row["photo_height"], row["phash"])
    plain = {name: row[name] for name in _PLAIN}
    further = read_more(row.get(MORE), row["item_id"])
    return Item(
        **plain,
        photo=photo,
        attributes=_attributes(row),
        more_photos=further.photos,
        photo_links=further.links,
        variants=further.variants,
    )


def _attributes(row: Mapping[str, Any]) -> dict[str, str]:
    """Return the item's further fields; none where they can't be read, so that the item stays."""
    try:
        return {str(name): str(value) for name, value in json.loads(row["attributes"]).items()}
    except UNDECODABLE as error:
        warn(f"{NAME}.attributes", row["item_id"], error)
        return {}
