"""Who wrote VL-CLIP's texts, and what they bring: a part of Home's figures, a line on costs."""

from __future__ import annotations

from dataclasses import dataclass

from core.app.demo_texts import CLIP, RECORDED, RULES, DemoTexts, TextComparison
from core.app.library import DEMO
from core.app.studio import Studio
from core.domain import PairedTest, Report
from ui.components.proof import Proof


@dataclass(frozen=True, slots=True)
class WritersTest:
    """One test in the card.

    Attributes:
        name: Its heading on Home.
        clip: CLIP's score.
        rules: The score of VL-CLIP with the rules' texts alone.
        recorded: The score of VL-CLIP with the texts that it has.
    """

    name: str
    clip: str
    rules: str
    recorded: str


@dataclass(frozen=True, slots=True)
class TextWriters:
    """Sentences and figures on the authors of the texts; empty where they are not known.

    Attributes:
        sentence: What the rules alone reach, and what the recorded texts add.
        about: Who wrote how many.
        tests: The figures.
        in_costs: What of it is free.
    """

    sentence: str = ""
    about: str = ""
    tests: tuple[WritersTest, ...] = ()
    in_costs: str = ""


def text_writers(
    studio: Studio, catalog: str, proven: Proof | None, judged: Report | None
) -> TextWriters:
    """Return who wrote the texts of the demo; nothing is said of other catalogues.

    Args:
        studio: The façade.
        catalog: The catalogue.
        proven: The ablation that Home shows; figures are told only with the one that ships.
        judged: The report on judgments that Home shows; the same holds for it.
    """
    if catalog != DEMO:
        return TextWriters()
    texts = studio.demo_texts()
    shipped = proven is not None and proven.report.report_id == texts.own.report
    if proven is None or judged is None or judged.report_id != texts.judged.report or not shipped:
        return TextWriters(
            in_costs=f"In this demo Claude, a language model, wrote {texts.recorded} of them "
            "beforehand."
        )
    items = proven.report.items
    by_rules = items - texts.recorded
    return TextWriters(
        sentence=_sentence(texts),
        about=f"Claude wrote {texts.recorded} of the {items:,} texts; free rules on this computer "
        f"wrote {by_rules}. For “rules alone” the rules wrote all {items:,}. Measured "
        "with vectors made anew, so the last column may differ from the figures above by 0.01.",
        tests=(
            _row("The same searches", texts.judged),
            _row("Typed words among them", texts.words),
            _row("Own texts", texts.own),
        ),
        in_costs=f"In this demo they wrote {by_rules} of {items:,}; Claude, a language model, "
        f"wrote {texts.recorded} beforehand.",
    )


def _sentence(texts: DemoTexts) -> str:
    """Return what the rules reach in both tests, and what the recorded texts add."""
    reached, added = (
        _verdict([_word(test.tests[pair]) for test in (texts.judged, texts.own)])
        for pair in ((CLIP, RULES), (RULES, RECORDED))
    )
    words = _word(texts.words.tests[CLIP, RULES])
    return (
        f"Claude, a language model, wrote {texts.recorded} of the demo’s texts beforehand; free "
        f"rules wrote the others. With free rules alone, VL-CLIP’s gain over CLIP {reached}. What "
        f"Claude’s texts add {added}. For typed words alone, the rules’ gain {words}."
    )


def _word(test: PairedTest) -> str:
    if not test.significant:
        return "may be chance"
    return "is proven" if test.difference.value > 0 else "is a proven loss"


def _verdict(words: list[str]) -> str:
    same, own = words
    if same == own:
        return f"{same} in both tests"
    return f"{same} for the same searches and {own} in the test with own texts"


def _row(name: str, test: TextComparison) -> WritersTest:
    return WritersTest(name, *(f"{test.scores[who]:.3f}" for who in (CLIP, RULES, RECORDED)))
