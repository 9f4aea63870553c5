"""Home's fair figures: the same judged searches for CLIP and VL-CLIP, and which gain and lose most.

Neither engine has an advantage by the words it is asked with, since both are asked with the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from gradio.context import LocalContext

from core.app.demo_measures import BEFORE_AFTER
from core.app.studio import Studio
from core.base.counts import counted, listed
from core.domain import PairedTest, QueryRow, Report
from core.errors import StudioError
from core.evaluation import report_builder
from core.evaluation.gap_chart import Differences, Measured, differences
from core.evaluation.report_html import explain
from ui.blindness import is_hidden

#: Gains of each kind of query, and losses, that are suggested as queries.
_GAINS, _LOSSES = 2, 1
#: A gain below this, of 1, is called small.
_SMALL = 0.05
_WORDS = report_builder.WORDS
#: Names of the kinds of queries in the chart, and where they stand in a sentence.
_KINDS = {
    _WORDS: ("Typed words", "typed words"),
    report_builder.ITEM: ("“Similar” to an item", "items as queries"),
    report_builder.PICTURE: ("A photo as query", "photos as queries"),
}


@dataclass(frozen=True, slots=True)
class ScoredQuery:
    """A judged query with both engines' scores.

    Attributes:
        text: Its words, or the title of its item.
        item_id: Its item; empty for words.
        before: Score of CLIP's list.
        after: Score of VL-CLIP's list.
    """

    text: str
    item_id: str
    before: float
    after: float

    @property
    def label(self) -> str:
        """The query in words."""
        return f"like “{self.text}”" if self.item_id else self.text

    @property
    def is_loss(self) -> bool:
        """Whether VL-CLIP has the lower score."""
        return self.after < self.before


@dataclass(frozen=True, slots=True)
class SameSearches:
    """What the newest report on judgments says.

    Attributes:
        sentence: How often the first result is right, both scores, and whether the difference
            may be chance.
        words: The gain of typed words alone; empty if it is not proven.
        unsure: For which kinds of queries it may be chance; empty if for none.
        scale: What the figures are, in words.
        chart: The tested differences: all queries, then each kind.
        about: Who graded; empty if not known.
        link: The report's page.
    """

    sentence: str
    words: str
    unsure: str
    scale: str
    chart: Differences
    about: str
    link: str


def judged_report(studio: Studio, catalog: str) -> Report | None:
    """Return the newest report on judgments of both engines, if there is one to show."""
    try:
        report = studio.evaluation.latest_judged(catalog, BEFORE_AFTER)
    except StudioError:  # an engine can't run here, or a stored report is damaged
        return None
    if report is None or is_hidden(studio, LocalContext.request.get(None), report):
        return None
    return report


def same_searches(studio: Studio, report: Report) -> SameSearches:
    """Return the figures of a report on judgments, in sentences and as a chart."""
    return SameSearches(
        sentence=_sentence(report),
        words=_words_gain(report),
        unsure=_unsure(report),
        scale=f"On a scale of 0 to 1: {explain(report.main)}",
        chart=differences(_measured(report)),
        about=studio.demo_judgments.about(report.catalog, report.task),
        link="/evaluate?" + urlencode({"catalog": report.catalog, "report": report.report_id}),
    )


def first_ten_line(report: Report) -> str:
    """Return how well each engine orders its first results, and whether a gain is proven."""
    scores = {entry.engine: entry.scores[report.main].value for entry in report.engines}
    before, after = (f"{scores[engine]:.2f}" for engine in BEFORE_AFTER)
    verdict = _verdict(_test(report.tests, report.main))
    return f"How well the first ten are ordered: {after} of 1 against {before}, {verdict}."


def telling_queries(report: Report, *, items: bool = True) -> tuple[ScoredQuery, ...]:
    """Return the judged queries that gain most, the largest gain first, then the largest loss.

    Of each kind those whose lists begin with different items are taken where there are any: lists
    that begin alike show nothing at first sight.

    Args:
        report: A report on judgments of both engines.
        items: Whether to take items as queries, too, and not only words.
    """
    losses, gains = report_builder.losses_and_wins(report, *BEFORE_AFTER, count=len(report.rows))
    kinds = (False, True) if items else (False,)
    usable = [row for row in gains if row.text and not row.has_image]
    best = [row for kind in kinds for row in _telling(_of_kind(usable, kind))[:_GAINS]]
    lost = [row for row in losses if row.text and not row.has_image and bool(row.item_id) in kinds]
    worst = _telling(lost)
    best.sort(key=lambda row: usable.index(row))
    return tuple(
        ScoredQuery(row.text, row.item_id, *(row.values[engine] for engine in BEFORE_AFTER))
        for row in (*best, *worst[:_LOSSES])
    )


@dataclass(frozen=True, slots=True)
class Telling:
    """The judged query whose first results differ most between the engines.

    Attributes:
        query: The query.
        right: How many of each engine's first results are right, in the order of the engines.
        of: Number of first results.
    """

    query: ScoredQuery
    right: tuple[int, int]
    of: int


def most_telling(report: Report) -> Telling | None:
    """Return the query whose first results differ most in how many are right; a gain or a loss.

    Of several the one whose scores differ most; ``None`` where no query's first results differ.
    """
    usable = [row for row in report.rows if row.text and not row.has_image]
    rows = [row for row in usable if len(set(_right(row))) > 1]
    if not rows:
        return None
    row = max(rows, key=_difference)
    scores = (row.values[engine] for engine in BEFORE_AFTER)
    depth = max(len(row.found.get(engine, ())) for engine in BEFORE_AFTER)
    return Telling(ScoredQuery(row.text, row.item_id, *scores), _right(row), depth)


def _difference(row: QueryRow) -> tuple[int, float, str]:
    before, after = _right(row)
    scores = [row.values[engine] for engine in BEFORE_AFTER]
    return abs(after - before), abs(scores[1] - scores[0]), row.query_id


def _right(row: QueryRow) -> tuple[int, int]:
    before, after = (row.found.get(engine, ()) for engine in BEFORE_AFTER)
    return sum(right for _, right in before), sum(right for _, right in after)


def _of_kind(rows: list[QueryRow], items: bool) -> list[QueryRow]:
    return [row for row in rows if bool(row.item_id) is items]


def _telling(rows: list[QueryRow]) -> list[QueryRow]:
    """Return the queries whose lists begin with different items; all of them if none does."""
    return [row for row in rows if _begins_differently(row)] or rows


def _begins_differently(row: QueryRow) -> bool:
    return len({row.found[engine][:1] for engine in BEFORE_AFTER if engine in row.found}) > 1


def _sentence(report: Report) -> str:
    return (
        f"The first result is right in {_first_right(report, 1)} of the same "
        f"{counted(report.queries, 'search')} with VL-CLIP, in {_first_right(report, 0)} with "
        f"CLIP. {first_ten_line(report)}"
    )


def _first_right(report: Report, place: int) -> int:
    """Return in how many searches an engine's first result is right."""
    engine = BEFORE_AFTER[place]
    return sum(row.found[engine][0][1] for row in report.rows if row.found.get(engine))


def _words_gain(report: Report) -> str:
    """Return the gain of typed words alone, if it is proven: most visitors type."""
    parts = (p for p in report.slices if (p.kind, p.name) == (report_builder.BY_QUERY, _WORDS))
    part = next(parts, None)
    test = _test(part.tests, report.main) if part else None
    if part is None or test is None or not test.significant or test.difference.value <= 0:
        return ""
    before, after = (f"{part.values[engine]:.2f}" for engine in BEFORE_AFTER)
    gain = "Little" if test.difference.value < _SMALL else "Much"
    return f"{gain} is gained for typed words alone: {after} against {before}."


def _verdict(test: PairedTest | None) -> str:
    if test is None or not test.significant:
        return "a difference that may be chance"
    return "a proven gain" if test.difference.value > 0 else "a proven loss"


def _unsure(report: Report) -> str:
    """Return for which kinds of queries no difference is proven."""
    kinds = [
        _KINDS[part.name][1]
        for part in report.slices
        if part.kind == report_builder.BY_QUERY
        and (test := _test(part.tests, report.main))
        and not test.significant
    ]
    if not kinds:
        return ""
    return f"For {listed(kinds)} alone, the difference may be chance."


def _measured(report: Report) -> Iterator[Measured]:
    means = {entry.engine: entry.scores[report.main].value for entry in report.engines}
    before, after = BEFORE_AFTER
    test = _test(report.tests, report.main)
    yield Measured("All searches", report.queries, means[before], means[after], test)
    for part in report.slices:
        if part.kind == report_builder.BY_QUERY:
            test = _test(part.tests, report.main)
            name, values = _KINDS[part.name][0], part.values
            yield Measured(name, part.queries, values[before], values[after], test)


def _test(tests: tuple[PairedTest, ...], measure: str) -> PairedTest | None:
    pair = (*BEFORE_AFTER, measure)
    return next((test for test in tests if (test.first, test.second, test.measure) == pair), None)
