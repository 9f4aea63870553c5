"""Report on zero-shot attribute classification: engines compared with majority and chance."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from core.app.library import Catalog
from core.domain import Item, OnProgress, Progress, QueryRow, Ranking, Report, Slice
from core.errors import EvaluationError
from core.evaluation import report_builder
from core.evaluation.attributes import Attribute, classify, find
from core.evaluation.report_builder import EngineRun, Frame
from core.ports.engines import EngineModel

#: Name of the task.
ATTRIBUTES = "attributes"
TITLE = "Picture → its attributes (zero-shot)"


def run(
    catalog: Catalog, models: Sequence[EngineModel], on_progress: OnProgress | None = None
) -> Report:
    """Classify every visible column of a catalogue with every engine.

    Raises:
        EvaluationError: There is no such column, or no item with vectors of all engines.
        CatalogError, FingerprintMismatch: An engine's vectors are missing or outdated.
    """
    started, encode_seconds = time.perf_counter(), 0.0
    items = {i: r.item for i, r in catalog.store.items.records().items() if r.item.has_photo}
    columns = find(list(items.values()))
    runs, answers = [], {}
    for number, model in enumerate(models):
        if on_progress:
            on_progress(
                Progress("attributes", number, len(models), f"{model.name}: reading attributes")
            )
        ids, (pictures,) = catalog.searcher.checked(model).columns("image_vector")
        encoding = time.perf_counter()
        for column in columns:
            answers[model.name, column.name] = classify(column, items, ids, pictures, model.encoder)
        encode_seconds += time.perf_counter() - encoding
        runs.append(EngineRun(model.name, model.engine.title, model.fingerprint, {}))
    rows, parts = _rows(columns, answers, [run.engine for run in runs], items)
    if not rows:
        raise EvaluationError("No item with such a column is embedded for all these engines.")
    samples = {
        run.engine: {"accuracy": np.array([row.values[run.engine] for row in rows])} for run in runs
    }
    frame = Frame(
        catalog.name, ATTRIBUTES, TITLE, Ranking.IMAGE, 1, len(items), ("accuracy",), "accuracy",
        ("Picture vectors against the mean of a few sentences per value, the product type in each.",
         "The catalogue's own values are taken for true."),
    )  # fmt: skip
    report = report_builder.assemble(frame, runs, samples, rows, parts)
    return replace(report, seconds=time.perf_counter() - started, encode_seconds=encode_seconds)


def _rows(
    columns: Sequence[Attribute],
    answers: Mapping[tuple[str, str], Mapping[str, str]],
    engines: Sequence[str],
    items: Mapping[str, Item],
) -> tuple[tuple[QueryRow, ...], tuple[Slice, ...]]:
    """Return one row per item and attribute; only items that every engine has a vector for."""
    rows, parts = [], []
    for column in columns:
        column_rows = []
        for item_id, value in column.truth.items():
            if not all(item_id in answers[engine, column.name] for engine in engines):
                continue
            predicted = {engine: answers[engine, column.name][item_id] for engine in engines}
            column_rows.append(
                QueryRow(
                    query_id=f"{column.name}/{item_id}",
                    text=f"{items[item_id].title} ({column.name}: {value})",
                    item_id=item_id,
                    has_image=False,
                    label=items[item_id].product_type,
                    department=items[item_id].department,
                    relevant=(item_id,),
                    values={engine: float(predicted[engine] == value) for engine in engines},
                    ranks={engine: 1 for engine in engines if predicted[engine] == value},
                )
            )
        if not column_rows:
            continue
        baselines = {"majority": column.majority, "chance": column.chance}
        parts.append(
            report_builder.measured_part(
                "attribute", column.name, "accuracy", column_rows, baselines=baselines
            )
        )
        rows += column_rows
    return tuple(rows), tuple(parts)
