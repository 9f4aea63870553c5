"""Who wrote VL-CLIP's texts, beside Home's figures and in the card of costs."""

from __future__ import annotations

from dataclasses import dataclass

from core.app.library import DEMO
from core.app.studio import Studio
from core.domain import Report
from ui.components.proof import BOTH, NEITHER, Proof


@dataclass(frozen=True, slots=True)
class TextWriters:
    """Sentences on the authors of the texts; empty where they are not known.

    Attributes:
        beside_figures: What the figures were measured with.
        in_costs: What of it is free.
    """

    beside_figures: str = ""
    in_costs: str = ""


def text_writers(
    studio: Studio, catalog: str, proven: Proof | None, judged: Report | None
) -> TextWriters:
    """Return who wrote the texts of the demo; nothing is said of other catalogues.

    Args:
        studio: The façade.
        catalog: The catalogue.
        proven: The ablation that Home shows; figures are told only with the one that ships.
        judged: The report on judgments that Home shows.
    """
    if catalog != DEMO:
        return TextWriters()
    texts = studio.demo_texts()
    if proven is None or proven.report.report_id != texts.report:
        return TextWriters(
            in_costs=f"In this demo Claude, a language model, wrote {texts.recorded} of them "
            "beforehand."
        )
    report = proven.report
    scores = {entry.engine: entry.scores[report.main].value for entry in report.engines}
    by_rules = report.items - texts.recorded
    alone = f"{texts.rules_score:.2f} instead of {scores[BOTH]:.2f}"
    measured = f"With the rules’ texts alone, VL-CLIP scores {alone} in the test with own texts"
    figures = (
        f"VL-CLIP’s texts in these figures: Claude, a language model, wrote {texts.recorded} of "
        f"{report.items:,} beforehand; free rules on this computer wrote {by_rules}. {measured} "
        f"(CLIP: {scores[NEITHER]:.2f})."
    )
    if judged is not None:
        figures += " The same searches were not measured with the rules’ texts alone."
    return TextWriters(
        figures,
        f"In this demo they wrote {by_rules} of {report.items:,}; Claude, a language model, wrote "
        f"{texts.recorded} beforehand, and the figures above were measured with all of these. "
        f"{measured}.",
    )
