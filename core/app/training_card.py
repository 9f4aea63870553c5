"""The card of an engine that was fine-tuned with an adapter."""

from __future__ import annotations

from collections.abc import Sequence

from core.base.counts import counted
from core.domain import Report
from core.evaluation.report_html import verdicts
from core.training.curve import CURVE
from core.training.text_trainer import TextTraining


def adapter_card(
    base: str, catalog: str, items: int, reports: Sequence[Report], options: TextTraining
) -> list[str]:
    """Return the paragraphs of the card of an engine with an adapter.

    Args:
        base: Name of the engine that it was trained from.
        catalog: Name of the catalogue that it learned from.
        items: Number of items there.
        reports: What was measured: on held-out titles, then on others.
        options: Settings of the run.
    """
    report, *others = reports
    return [
        f"Grown from `{base}` on {counted(items, 'item')} of the catalogue `{catalog}`: an adapter "
        "behind the frozen image tower, and the text tower. Measured on titles that training never "
        f"saw ({report.queries} queries, ranked by picture vectors alone):",
        _figures(report),
        *verdicts(report),
        *(
            f"The same on rewrites:\n\n{_figures(other)}\n\n{' '.join(verdicts(other))}"
            for other in others
        ),
        f"![Loss and validation recall]({CURVE})",
        f"Settings: `{options}`",
    ]


def _figures(report: Report) -> str:
    """Return a list of the engines' figures, as Markdown."""
    return "\n".join(
        f"- {entry.engine}: "
        + ", ".join(f"{m} {entry.scores[m].value:.3f}" for m in report.measures)
        for entry in report.engines
    )
