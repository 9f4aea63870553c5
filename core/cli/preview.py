"""Print what a catalogue file would become."""

from __future__ import annotations

import json
from dataclasses import asdict

from core.base.counts import counted, verb
from core.catalog.left_out import by_reason
from core.domain import QuarantinedRow
from core.domain.file_preview import FilePreview, SampleItem

#: Rows that are named for each reason.
_ROWS_NAMED = 5


def preview_json(preview: FilePreview) -> str:
    """Return a preview as JSON; a price is a number where it can be read as one."""
    content = {
        "format": preview.format,
        "encoding": preview.encoding,
        "mapping": {field: list(columns) for field, columns in preview.mapping.items()},
        "rows": preview.rows,
        "items": preview.items,
        "left_out": [
            {"row": row.row, "column": row.field, "reason": row.reason} for row in preview.left_out
        ],
        "samples": [_sample(sample) for sample in preview.samples],
    }
    return json.dumps(content, ensure_ascii=False, indent=2)


def _sample(sample: SampleItem) -> dict[str, object]:
    content = asdict(sample) | {"photos": list(sample.photos)}
    number = content.pop("amount")
    return content | {"price": content["price"] if number is None else number}


def preview_text(preview: FilePreview) -> str:
    """Return a preview as a page of text."""
    kind = f"{preview.format}, {preview.encoding}" if preview.encoding else preview.format
    lines = [
        f"{kind}: {counted(preview.rows, 'row')}, {counted(preview.items, 'item')}.",
        *preview.notes,
        "",
        "Columns",
    ]
    lines += [
        f"  {field}: {', '.join(columns)}"
        + (f" ({preview.why[field]})" if preview.why.get(field) else "")
        for field, columns in preview.mapping.items()
    ]
    if preview.attributes:
        lines += ["", f"Kept as further attributes: {', '.join(preview.attributes)}"]
    if preview.unused:
        lines += ["", f"Not used: {', '.join(preview.unused)}"]
    if preview.left_out:
        lines += [
            "",
            f"Left out: {counted(len(preview.left_out), 'row')}",
            *_reasons(preview.left_out),
        ]
    lines += ["", "Items, for example"]
    for sample in preview.samples:
        about = (sample.product_type, sample.department, sample.price)
        lines.append(f"  {sample.title} ({', '.join(part for part in about if part)})")
        lines.append(f"    looks for: {sample.prompt}")
        lines.append(f"    rewrite:   {sample.rewrite}")
    return "\n".join(lines)


def _reasons(rows: tuple[QuarantinedRow, ...]) -> list[str]:
    """Return the reasons, the commonest first, each as its first row has it."""
    return [
        f"  {len(reason.rows)} × {reason.reason} "
        f"{verb(len(reason.rows), 'Row', 'Rows')} "
        f"{', '.join(str(row.row) for row in reason.rows[:_ROWS_NAMED])}"
        f"{' …' if len(reason.rows) > _ROWS_NAMED else ''}."
        for reason in by_reason(rows)
    ]
