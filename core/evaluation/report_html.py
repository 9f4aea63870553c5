"""Render a report as HTML: a fragment for the pages, or one self-contained file."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from types import MappingProxyType

from jinja2 import Template

from core.base.percentages import percent
from core.base.templates import html_templates
from core.domain import EngineScores, Item, PairedTest, QueryRow, Report, Slice
from core.evaluation import measures
from core.evaluation.gap_chart import baseline_gaps
from core.evaluation.ranking_sentence import how_ranked
from core.evaluation.report_builder import losses_and_wins
from core.store.image_store import ImageStore

TEMPLATES = Path(__file__).parent / "templates"

#: Number of losses and of wins, how many of them are shown at once, and number of slices of a kind.
_EXTREMES, _AT_ONCE, _SLICES = 8, 3, 12
#: Names of VL-CLIP as an engine and as a combination of an ablation, and the number of colours.
_VL_CLIP, _COLOURS = frozenset({"vl-clip", "crop-rewrite"}), 5
#: The measure that people understand without an explanation.
_EARLY = "hits@5"
#: Of the share of right answers, which is no measure of rankings.
_ACCURACY = ("Accuracy", "share of right answers")

Link = Callable[[QueryRow], str]
Picture = Callable[[Item], str]
#: Returns the address of the picture that a query asks with, or an empty text.
Asked = Callable[[QueryRow], str]


@dataclass(frozen=True, slots=True)
class Bar:
    """One engine's interval on one measure, in percent of the chart's width."""

    engine: EngineScores
    value: float
    left: float
    width: float
    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Duel:
    """Losses and wins of one engine against the baseline."""

    engine: str
    title: str
    losses: tuple[QueryRow, ...]
    wins: tuple[QueryRow, ...]


def page(
    report: Report,
    items: Mapping[str, Item],
    images: ImageStore | None,
    asked: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Render a report as one HTML file without external references; thumbnails are embedded.

    Args:
        report: The report.
        items: Items by id, see ``fragment``.
        images: Their pictures; ``None`` if the catalogue was removed.
        asked: SHA-256 of the picture that a query asks with, by its id.
    """

    def embedded(sha256: str) -> str:
        path = images.path(sha256, thumbnail=True) if images and sha256 else None
        if path is None or not path.is_file():
            return ""
        return "data:image/jpeg;base64," + base64.b64encode(path.read_bytes()).decode()

    return _template("page.html").render(
        report=report,
        css=(TEMPLATES / "report.css").read_text("utf-8"),
        body=fragment(
            report,
            items,
            lambda item: embedded(item.photo.sha256) if item.has_photo else "",
            lambda row: "",
            lambda row: embedded(asked.get(row.query_id, "")),
        ),
    )


def fragment(
    report: Report,
    items: Mapping[str, Item],
    picture: Picture,
    link: Link,
    asked: Asked = lambda row: "",
) -> str:
    """Render the report as a fragment of a page.

    Args:
        report: The report.
        items: Items by id; needs those of ``shown_items(report)`` that still exist.
        picture: Returns the address of an item's thumbnail, or an empty text.
        link: Returns the address that a query links to, or an empty text.
        asked: Returns the address of the picture that a query asks with, or an empty text.
    """
    return _template("report.html").render(
        report=report,
        engines=report.engines,
        titles={entry.engine: entry.title for entry in report.engines},
        plain=(*shares(report), *plain_verdicts(report)),
        colours=colours(report),
        verdicts=verdicts(report),
        gaps=baseline_gaps(report),
        charts={measure: bars(report, measure) for measure in report.measures},
        words={measure: explain(measure) for measure in report.measures},
        against=against(report),
        duels=duels(report),
        few=_AT_ONCE,
        parts=parts(report),
        marks=partial(marks, report),
        ranked=how_ranked(report),
        items=items,
        picture=picture,
        link=link,
        asked=asked,
    )


def shown_items(report: Report) -> tuple[str, ...]:
    """Return the ids of the items whose pictures ``fragment`` shows."""
    first = report.engines[0].engine
    ids = [
        item_id
        for duel in duels(report)
        for row in (*duel.losses, *duel.wins)
        for item_id in (
            row.item_id,
            *row.relevant[:1],
            *(item for engine in (first, duel.engine) for item, _ in row.found.get(engine, ())),
        )
        if item_id
    ]
    return tuple(dict.fromkeys(ids))


def explain(measure: str) -> str:
    """Return the explanation of a measure."""
    kind, _, cutoff = measure.partition("@")
    if cutoff == "1" and kind in ("hits", "p"):
        return "share of queries whose first result is right"
    if kind == "accuracy":
        return _ACCURACY[1]
    return measures.KINDS[kind].explanation.format(k=cutoff) if kind in measures.KINDS else measure


def label(measure: str) -> str:
    """Return the usual spelling of a measure: ``HITS@5``, ``MRR``, ``nDCG@10``."""
    kind, at, cutoff = measure.partition("@")
    if kind == "accuracy":
        return _ACCURACY[0]
    shown = measures.KINDS[kind].label if kind in measures.KINDS else kind.upper()
    return f"{shown}{at}{cutoff}"


def verdicts(report: Report) -> tuple[str, ...]:
    """Say which engine is better on the main measure, one sentence per tested pair."""
    return _sentences(report, report.tests)


def plain_verdict(report: Report) -> str:
    """Say without figures of statistics which engine is better; empty if none was compared."""
    return next(iter(plain_verdicts(report)), "")


def shares(report: Report) -> tuple[str, ...]:
    """Say how often the last engine and the baseline show a right item early, if measured."""
    first, last = report.engines[0], report.engines[-1]
    if _EARLY not in report.measures or first is last:
        return ()
    shown, before = (percent(entry.scores[_EARLY].value) for entry in (last, first))
    return (
        f"{last.title} shows a right item among the first five for {shown} of the "
        f"{report.queries:,} queries, {first.title} for {before}.",
    )


def colours(report: Report) -> dict[str, int]:
    """Return the number of each engine's colour: 0 is the baseline, 1 is VL-CLIP on all pages."""
    names = [entry.engine for entry in report.engines]
    named = {name: 1 for name in names[1:] if name in _VL_CLIP}
    first = 2 if named else 1
    others = [name for name in names[1:] if name not in named]
    numbers = {name: first + place % (_COLOURS - first) for place, name in enumerate(others)}
    return {names[0]: 0, **named, **numbers}


def plain_verdicts(report: Report) -> tuple[str, ...]:
    """Return such a sentence for every tested pair."""
    sentences = tuple(_plain(report, test) for test in report.tests if test.measure == report.main)
    return sentences[::-1] if report.task == "ablation" else sentences  # both steps first


def _plain(report: Report, test: PairedTest) -> str:
    entries = {entry.engine: entry for entry in report.engines}
    first, second = entries[test.first], entries[test.second]
    scores = {entry.engine: entry.scores[report.main].value for entry in (first, second)}
    higher, lower = (second, first) if test.difference.value > 0 else (first, second)
    figures = (
        f"{scores[higher.engine]:.3f} and {scores[lower.engine]:.3f} of 1 ({explain(report.main)})"
    )
    if test.significant:
        return (
            f"{higher.title} is better than {lower.title}: {figures}. So large a difference is "
            "hardly chance."
        )
    if test.difference.value == 0:
        return f"{first.title} and {second.title} do equally well."
    return (
        f"{higher.title} and {lower.title} do about equally well: {figures}. The difference is "
        "small enough to be chance."
    )


def gaps(report: Report, part: Slice) -> tuple[str, ...]:
    """Say which engine is better on a slice, one sentence per tested pair."""
    return _sentences(report, part.tests)


def _sentences(report: Report, tests: tuple[PairedTest, ...]) -> tuple[str, ...]:
    titles = {entry.engine: entry.title for entry in report.engines}
    sentences = []
    for test in tests:
        if test.measure != report.main:
            continue
        first, second = titles[test.first], titles[test.second]
        gap = test.difference
        better, worse = (second, first) if gap.value > 0 else (first, second)
        sure = said_p(test, tests, report.main)
        amount = f"{label(test.measure)} {abs(gap.value):.3f} higher ({sure})"
        if test.significant:
            sentences.append(f"{better} is better than {worse}: {amount}.")
        elif gap.value == 0:
            sentences.append(f"{first} and {second} do equally well.")
        else:
            sentences.append(
                f"No proven difference between {first} and {second}: {amount} for {better}, "
                "which may be chance."
            )
    return tuple(sentences)


def bars(report: Report, measure: str) -> tuple[Bar, ...]:
    """Return each engine's interval of one measure on a scale from 0 to 1."""
    shown = []
    for entry in report.engines:
        score = entry.scores[measure]
        low = score.value if score.low is None else score.low
        high = score.value if score.high is None else score.high
        text = f"{score.value:.3f}" + ("" if score.low is None else f" ({low:.3f} to {high:.3f})")
        shown.append(
            Bar(entry, score.value, 100 * low, 100 * (high - low), 100 * score.value, text)
        )
    return tuple(shown)


def against(report: Report) -> dict[tuple[str, str], PairedTest]:
    """Return the tests against the baseline, by engine and measure."""
    first = report.engines[0].engine
    return {(test.second, test.measure): test for test in report.tests if test.first == first}


def marks(report: Report, part: Slice) -> dict[str, PairedTest]:
    """Return the significant differences to the baseline on a slice, by engine."""
    first = report.engines[0].engine
    return {test.second: test for test in part.tests if test.first == first and test.significant}


def duels(report: Report) -> tuple[Duel, ...]:
    """Return the largest losses and wins of every engine that was tested against the baseline."""
    if report.task == "attributes":
        return ()
    first = report.engines[0].engine
    rivals = {test.second for test in report.tests if test.first == first}
    return tuple(
        Duel(entry.engine, entry.title, *losses_and_wins(report, first, entry.engine, _EXTREMES))
        for entry in report.engines[1:]
        if entry.engine in rivals
    )


def parts(report: Report) -> dict[str, tuple[Slice, ...]]:
    """Return the largest slices of each kind; a single slice counts only if it was tested."""
    kinds = dict.fromkeys(part.kind for part in report.slices)
    by_kind = {k: tuple(p for p in report.slices if p.kind == k)[:_SLICES] for k in kinds}
    return {
        kind: part
        for kind, part in by_kind.items()
        if len(part) > 1 or kind == "attribute" or part[0].tests
    }


def said_p(test: PairedTest, tests: Sequence[PairedTest], main: str) -> str:
    """Return the p that a verdict rests on, and say so where it was corrected.

    Args:
        test: The test.
        tests: All tests of its report or part: those of the main measure are corrected together.
        main: The main measure.
    """
    family = [other for other in tests if (other.measure == main) is (test.measure == main)]
    corrected = len(family) > 1 or test.corrected != test.p
    return ("corrected " if corrected else "") + _p(test.corrected)


def _p(value: float) -> str:
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"


@lru_cache(maxsize=4)
def _template(name: str) -> Template:
    environment = html_templates(TEMPLATES)
    environment.filters |= {"label": label, "p": said_p}
    return environment.get_template(name)
