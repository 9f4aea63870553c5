"""What a catalogue file would become, before it is indexed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.domain.catalog import QuarantinedRow


@dataclass(frozen=True, slots=True)
class SampleItem:
    """One item as it would be indexed.

    Attributes:
        item_id: Its id.
        title: Its title.
        product_type: What it is.
        department: Where the shop keeps it.
        price: As written in the file.
        amount: The price as a number, where it can be read.
        currency: As written in the price, or empty.
        photos: Paths or addresses of its photos, in order; "in the file" for stored bytes.
        group: What joins the variants of one product.
        colour: As the file says it.
        brand: As the file says it.
        prompt: The words that grounding will look for.
        rewrite: What the offline rules write from the fields alone.
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
    """A catalogue file as it is understood.

    Attributes:
        format: ``CSV``, ``JSON lines``, ``Parquet`` …
        encoding: Of a text file; empty for others.
        notes: What was guessed, in sentences.
        columns: The file's columns, in order.
        mapping: Field or attribute → the columns that it comes from.
        rows: Rows in the file.
        items: Items that they would become.
        left_out: Rows that would be left out, in the order of the file.
        samples: The first items, spread over the file's product types.
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
