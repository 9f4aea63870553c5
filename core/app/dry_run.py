"""Preview a catalogue file before indexing it, without storing or fetching photos."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from core.catalog.column_reasons import why_columns
from core.catalog.columns import ATTRIBUTES, FIELDS, ColumnMap
from core.catalog.feed_parts import folder_of
from core.catalog.ingest import check_source, start_drafts
from core.catalog.photo_check import check_photos
from core.catalog.photos import forget_folders
from core.catalog.prices import amount, currency
from core.catalog.products import products
from core.catalog.readers import open_catalog
from core.catalog.rows import Draft, Rejected
from core.domain import QuarantinedRow
from core.domain.file_preview import FilePreview, SampleItem
from core.language.rewriters import build_rewriter
from core.ports.rewriter import Rewriter
from core.settings import Settings

_log = logging.getLogger(__name__)

#: Number of sample items in a preview.
SAMPLES = 8


def preview_file(
    source: Path,
    settings: Settings,
    *,
    images: Path | None = None,
    columns: Mapping[str, str] | None = None,
) -> FilePreview:
    """Read a catalogue file as indexing would, without its photos.

    Args:
        source: The file.
        settings: Settings with the folder of vocabularies.
        images: Folder that the photos' paths are relative to; default: the file's folder.
        columns: Field → column, instead of the guess.

    Raises:
        CatalogError: The file, its columns or the images folder can't be used.
    """
    mapping = check_source(source, images=images, columns=columns)
    forget_folders()
    table = open_catalog(source)
    drafts = start_drafts(
        table, (images or folder_of(source)).resolve(), mapping, settings, salt=""
    )
    rows, left_out, taken = 0, [], _Spread()
    for product in products(table.rows(), mapping):
        row = product.row
        rows += product.rows
        try:
            draft = drafts.of(product)
            if draft is not None:
                check_photos(draft, mapping.image)
                taken.add(draft)
        except Rejected as error:
            left_out.append(QuarantinedRow(row.number, error.item_id, error.field, str(error)))
        except Exception as error:  # a fault of ours leaves out this row only
            _log.exception("Row %d could not be read", row.number)
            reason = f"This row could not be read ({type(error).__name__})."
            left_out.append(QuarantinedRow(row.number, "", "", reason))
    rules = build_rewriter(settings)
    return FilePreview(
        format=table.format_name,
        encoding=table.encoding,
        notes=table.notes + drafts.notes(),
        columns=table.columns,
        mapping=_mapping(mapping),
        rows=rows,
        items=taken.count,
        left_out=tuple(left_out),
        samples=tuple(_sample(draft, rules) for draft in taken.samples()),
        attributes=mapping.kept,
        unused=tuple(name for name in table.columns if name not in mapping.used),
        why={kind: why_columns(kind, mapping) for kind in _mapping(mapping)},
    )


class _Spread:
    """Keeps the first draft of each product type, and the first drafts to fill up with."""

    def __init__(self) -> None:
        self.count = 0
        self._first: dict[str, Draft] = {}
        self._more: list[Draft] = []

    def add(self, draft: Draft) -> None:
        self.count += 1
        kind = draft.words["product_type"].lower()
        if kind not in self._first and len(self._first) < SAMPLES:
            self._first[kind] = draft
        elif len(self._more) < SAMPLES:
            self._more.append(draft)

    def samples(self) -> list[Draft]:
        return [*self._first.values(), *self._more][:SAMPLES]


def _sample(draft: Draft, rules: Rewriter) -> SampleItem:
    item = draft.item()
    return SampleItem(
        item_id=item.item_id,
        title=item.title,
        product_type=item.product_type,
        department=item.department,
        price=item.price,
        amount=amount(item.price),
        currency=currency(item.price),
        photos=tuple("in the file" if isinstance(o, bytes) else str(o) for o in draft.origins),
        group=item.group,
        colour=item.attributes.get("colour", ""),
        brand=item.attributes.get("brand", ""),
        prompt=item.prompt,
        rewrite=rules.rewrite(item, None).text,
    )


def _mapping(columns: ColumnMap) -> dict[str, tuple[str, ...]]:
    """Return each field's columns; fields without one are left out."""
    mapping = {kind: columns.of(kind) for kind in (*FIELDS, *ATTRIBUTES) if columns.of(kind)}
    if columns.categories:
        mapping["product_type"] = columns.categories
    if columns.sale_prices:
        mapping["price"] = tuple(dict.fromkeys((*columns.sale_prices, *mapping["price"])))
    if columns.more_images:
        mapping["image"] = tuple(dict.fromkeys((*mapping["image"], *columns.more_images)))
    return mapping
