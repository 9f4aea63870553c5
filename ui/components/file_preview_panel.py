"""Show the preview of a catalogue file: columns, left-out rows, sample items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from core.base.image_decoding import read_image
from core.catalog.left_out import by_reason
from core.domain import QuarantinedRow
from core.domain.file_preview import FilePreview
from core.errors import ImageError
from ui.components.pictures import data_uri
from ui.render import render

#: The fields that a person may map, with their names on the page.
MAPPED = {
    "title": "Title",
    "image": "Photo",
    "item_id": "Item id",
    "description": "Description",
    "product_type": "Product type",
    "department": "Department",
    "price": "Price",
    "group": "Variant group",
    "brand": "Brand",
    "colour": "Colour",
}
#: Values of a field's list besides the file's columns.
AS_GUESSED, LEFT_EMPTY = "", "\0none"
#: Longest side of a sample's photo, pixels.
_SIDE = 96
#: Number of rows that are named per reason.
_ROWS_NAMED = 5


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason for which rows are left out, and its first rows."""

    text: str
    count: int
    rows: str


def mapping_fields() -> list[gr.Dropdown]:
    """Lay out one list per field; hidden until a file was previewed."""
    return [
        gr.Dropdown(
            label=label,
            choices=[("as guessed", AS_GUESSED)],
            value=AS_GUESSED,
            elem_id=f"map-{field.replace('_', '-')}",
            min_width=220,
        )
        for field, label in MAPPED.items()
    ]


def field_updates(preview: FilePreview, chosen: Sequence[str]) -> list[Any]:
    """Return updates that fill every list with the file's columns and keep the choices."""
    updates = []
    for field, value in zip(MAPPED, chosen, strict=True):
        guess = ", ".join(preview.mapping.get(field, ())) or "nothing"
        how = "as chosen earlier" if field in preview.remembered else "as guessed"
        choices = [(f"{how}: {guess}", AS_GUESSED), ("leave empty", LEFT_EMPTY)]
        choices += [(name, name) for name in preview.columns]
        listed = value in {choice for _, choice in choices}
        updates.append(gr.update(choices=choices, value=value if listed else AS_GUESSED))
    return updates


def chosen_columns(chosen: Sequence[str]) -> dict[str, str]:
    """Return field → column of what a person chose; guesses are left out."""
    return {
        field: "" if value == LEFT_EMPTY else value
        for field, value in zip(MAPPED, chosen, strict=True)
        if value
    }


def preview_html(preview: FilePreview, photos: Mapping[str, str] | None = None) -> str:
    """Return the preview as escaped HTML.

    Args:
        preview: The preview.
        photos: Item → ``data:`` address of its first photo.
    """
    labels: Mapping[str, str] = MAPPED
    mapping = [
        (labels.get(field, field.replace("_", " ")), ", ".join(columns), _why(preview, field))
        for field, columns in preview.mapping.items()
    ]
    return render(
        "file_preview.html",
        preview=preview,
        mapping=mapping,
        reasons=reasons(preview.left_out),
        photos=photos or {},
        groups=any(sample.group for sample in preview.samples),
    )


def _why(preview: FilePreview, field: str) -> str:
    return "chosen earlier" if field in preview.remembered else preview.why.get(field, "")


def sample_photos(preview: FilePreview, max_bytes: int) -> dict[str, str]:
    """Return small pictures of the samples' first photos, of those that are files.

    Args:
        preview: A preview whose files are still there.
        max_bytes: Larger files are left out.
    """
    pictures: dict[str, str] = {}
    for sample in preview.samples:
        place = Path(next(iter(sample.photos), ""))
        if place.is_absolute():
            with suppress(ImageError):
                small = read_image(place, max_bytes=max_bytes, long_side=_SIDE)
                pictures[sample.item_id] = data_uri(small, "JPEG")
    return pictures


def reasons(rows: Sequence[QuarantinedRow]) -> list[Reason]:
    """Return the reasons of left-out rows, the commonest first, each as its first row has it."""
    return [
        Reason(
            reason.reason,
            len(reason.rows),
            ", ".join(str(row.row) for row in reason.rows[:_ROWS_NAMED])
            + (" …" if len(reason.rows) > _ROWS_NAMED else ""),
        )
        for reason in by_reason(rows)
    ]
