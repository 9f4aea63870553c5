"""Preview of a catalogue file: the items that indexing it would give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.domain.catalog_info import QuarantinedRow


@dataclass(frozen=True, slots=True)
class SampleItem:
    """One item as it would be indexed.

    Attributes:
        item_id: Its id.
        title: Its title.
        product_type: Its product type.
        department: Its department.
        price: As written in the file.
        amount: The price as a number, or ``None`` if it can't be read.
        currency: As written in the price, or empty.
        photos: Paths or addresses of its photos, in order; "in the file" for stored bytes.
        group: Key shared by the variants of one product.
        colour: As written in the file.
        brand: As written in the file.
        prompt: The text that grounding will look for.
        rewrite: The text that the offline rules write from the fields alone.
    """

    item_id: str
    title: str
    product_type: str
    department: str
    price: str
    amount: float | None
    currency: str
    photos: tuple[str, ...]
    group: str
    colour: str
    brand: str
    prompt: str
    rewrite: str


@dataclass(frozen=True, slots=True)
class FilePreview:
    """A catalogue file as indexing will read it.

    Attributes:
        format: ``CSV``, ``JSON lines``, ``Parquet`` …
        encoding: Encoding of a text file; empty for other files.
        notes: Sentences on what was guessed.
        columns: The file's columns, in order.
        mapping: Field or attribute → the columns that it is read from.
        attributes: Columns that are kept as attributes under their own names.
        unused: Columns that are not used.
        rows: Number of rows in the file.
        items: Number of items that they would give.
        left_out: Rows that would be left out, in the order of the file.
        remembered: Fields whose column a person chose at an earlier time.
        samples: Some of the first items, spread over the file's product types.
        why: Field or attribute → why it is read from its columns.
    """

    format: str
    encoding: str
    notes: tuple[str, ...]
    columns: tuple[str, ...]
    mapping: Mapping[str, tuple[str, ...]]
    rows: int
    items: int
    left_out: tuple[QuarantinedRow, ...]
    samples: tuple[SampleItem, ...]
    remembered: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    why: Mapping[str, str] = field(default_factory=dict)
