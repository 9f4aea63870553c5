"""Home's proof: the figures of the catalogue's own ablation, and the queries that gain most."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from gradio.context import LocalContext

from core.app.ablation import BUSY, CLUTTER, PLAIN_GROUND
from core.app.demo_measures import BEFORE_AFTER
from core.app.studio import Studio
from core.base.counts import counted
from core.base.image_views import is_busy
from core.domain import EngineStatus, Item, PairedTest, QueryRow, Report, Slice
from core.evaluation.gap_chart import Differences, Measured, differences
from ui.blindness import is_hidden

#: The combinations that Home compares.
NEITHER, CROPS, WORDS, BOTH = "photo-title", "crop-title", "photo-rewrite", "crop-rewrite"

#: Names of the kinds of photos in the chart, and where they stand in a sentence.
_KINDS = {
    CLUTTER: ("Photo shows much more", "where the photo shows much more than the product"),
    BUSY: ("Product fills a busy photo", "where the product fills most of a busy photo"),
    PLAIN_GROUND: ("Plain ground", "on a plain ground"),
}
#: In an example nothing but VL-CLIP has the right item among as many first results.
_BEHIND = 10
_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Proof:
    """What the ablation measured, in sentences and as a chart."""

    sentence: str
    gain: str
    no_gain: str
    chart: Differences
    link: str
    report: Report


def proof(studio: Studio, catalog: str, statuses: tuple[EngineStatus, ...]) -> Proof | None:
    """Return what the newest ablation of a catalogue says, or ``None`` where there is none."""
    if not set(BEFORE_AFTER) <= {s.engine.name for s in statuses if s.available}:
        return None
    report = studio.evaluation.latest_ablation(catalog, BEFORE_AFTER[0])
    if report is None or is_hidden(studio, LocalContext.request.get(None), report):
        return None
    parts = {part.name: part for part in report.slices if part.kind == "photo" and part.scores}
    return Proof(
        sentence=_sentence(report),
        gain=_gain(report, parts),
        no_gain=_no_gain(parts),
        chart=differences(_measured(report, parts)),
        link="/evaluate?" + urlencode({"catalog": catalog, "report": report.report_id}),
        report=report,
    )


@dataclass(frozen=True, slots=True)
class Loss:
    """The item that loses most, and how often one engine has an item before the other.

    Attributes:
        item: The item.
        before: Its place in CLIP, in words.
        after: Its place in VL-CLIP, in words.
        earlier: Number of items that VL-CLIP shows earlier than CLIP.
        later: Number of items that it shows later.
        items: Number of items that were looked for.
    """

    item: Item
    before: str
    after: str
    earlier: int
    later: int
    items: int


def largest_loss(studio: Studio, catalog: str, report: Report) -> Loss | None:
    """Return the item whose score falls most from CLIP to VL-CLIP; ``None`` if none falls."""
    lost = [row for row in report.rows if row.values[BOTH] < row.values[NEITHER]]
    lost.sort(key=lambda row: (row.values[BOTH] - row.values[NEITHER], row.query_id))
    items = studio.items_by_id((row.relevant[0] for row in lost if row.relevant), catalog)
    for row in lost:
        item = items.get(row.relevant[0]) if row.relevant else None
        if item is not None:
            gains = [_rank(report, row, NEITHER) - _rank(report, row, BOTH) for row in report.rows]
            return Loss(
                item,
                place(report, row, NEITHER),
                place(report, row, BOTH),
                sum(gain > 0 for gain in gains),
                sum(gain < 0 for gain in gains),
                report.queries,
            )
    return None


def examples(studio: Studio, catalog: str, report: Report) -> tuple[Item, ...]:
    """Return the items that gain most by what VL-CLIP looks at, each of another photo and type.

    VL-CLIP has the item first; whole photos have it behind the tenth place, with its title and with
    VL-CLIP's words for it; and its photo shows more than it. The farthest behind come first.
    """
    rows = [row for row in report.rows if len(row.relevant) == 1 and row.ranks.get(BOTH) == 1]
    rows = [row for row in rows if _best_without_crop(report, row) > _BEHIND]
    rows.sort(key=lambda row: (-_best_without_crop(report, row), row.query_id))
    items = studio.items_by_id((row.relevant[0] for row in rows), catalog)
    groundings = studio.grounding.of_items(list(items.values()), catalog)
    chosen: list[Item] = []
    for row in rows:
        item = items.get(row.relevant[0])
        if item is None or not is_busy(groundings.get(item.item_id)):
            continue
        if any(_is_alike(item, other) for other in chosen):
            continue
        chosen.append(item)
    return tuple(chosen[:_EXAMPLES])


def is_worse(report: Report, item_id: str) -> bool:
    """Tell whether VL-CLIP shows an item later than CLIP does."""
    row = next((row for row in report.rows if item_id in row.relevant), None)
    return row is not None and _rank(report, row, BOTH) > _rank(report, row, NEITHER)


def place(report: Report, row: QueryRow, engine: str) -> str:
    """Return at which place an engine has a query's item, in words."""
    rank = row.ranks.get(engine)
    return f"result {rank}" if rank else f"not among the first {report.depth} results"


def _rank(report: Report, row: QueryRow, engine: str) -> int:
    """Return an item's place; behind the last result if it is not among them."""
    return row.ranks.get(engine, report.depth + 1)


def _best_without_crop(report: Report, row: QueryRow) -> int:
    """Return the better of the places that whole photos give the item."""
    return min(_rank(report, row, engine) for engine in (NEITHER, WORDS))


def _is_alike(first: Item, second: Item) -> bool:
    same_photo = first.photo.sha256 == second.photo.sha256
    return same_photo or first.product_type == second.product_type


def _sentence(report: Report) -> str:
    scores = {entry.engine: entry.scores[report.main].value for entry in report.engines}
    test = _test(report.tests, BOTH, report.main)
    sure = "a proven gain" if test and _is_better(test) else "a difference that may be chance"
    if test and test.significant and test.difference.value < 0:
        sure = "a proven loss"
    words = _test(report.tests, WORDS, report.main)
    owed = " Part of it is owed to the better texts." if words and _is_better(words) else ""
    return (
        f"Each of {counted(report.queries, 'item')} is looked for among {report.items:,} by the "
        "text that the engine itself has for it: CLIP by the merchant’s title, VL-CLIP by its own "
        f"description. How near to the top it comes (1 for first, ½ for second, ⅓ for third …): "
        f"{scores[BOTH]:.2f} with VL-CLIP, {scores[NEITHER]:.2f} with CLIP, {sure}.{owed}"
    )


def _gain(report: Report, parts: Mapping[str, Slice]) -> str:
    """Return where both steps gain most, if that is proven."""
    proven = [p for p in parts.values() if (t := _test(p.tests, BOTH)) and _is_better(t)]
    if not proven:
        return ""
    best = max(proven, key=lambda part: part.values[BOTH] / max(part.values[NEITHER], 1e-9))
    times = best.values[BOTH] / max(best.values[NEITHER], 1e-9)
    return (
        f"Most is gained {_KINDS[best.name][1]}: {times:.1f} times CLIP’s score "
        f"({best.values[BOTH]:.2f} against {best.values[NEITHER]:.2f})."
    )


def _no_gain(parts: Mapping[str, Slice]) -> str:
    """Return where only the words help, and where nothing is proven to."""
    words, nothing = [], []
    for name, (_, place) in _KINDS.items():
        if name not in parts:
            continue
        crops, both = (_test(parts[name].tests, engine) for engine in (CROPS, BOTH))
        if both and not _is_better(both):
            nothing.append(place)
        elif crops and not _is_better(crops):
            words.append(place)
    sentences = []
    if words:
        sentences.append(
            f"Looking at the product alone brings nothing {' or '.join(words)}; the gain there "
            "comes from the words."
        )
    if nothing:
        sentences.append(f"No gain is proven {' or '.join(nothing)}.")
    return " ".join(sentences)


def _measured(report: Report, parts: Mapping[str, Slice]) -> Iterator[Measured]:
    means = {entry.engine: entry.scores[report.main].value for entry in report.engines}
    test = _test(report.tests, BOTH, report.main)
    yield Measured("All items", report.queries, means[NEITHER], means[BOTH], test)
    for name, (title, _) in _KINDS.items():
        if part := parts.get(name):
            test = _test(part.tests, BOTH)
            yield Measured(title, part.queries, part.values[NEITHER], part.values[BOTH], test)


def _test(tests: tuple[PairedTest, ...], second: str, measure: str = "mrr") -> PairedTest | None:
    pair = (NEITHER, second, measure)
    return next((test for test in tests if (test.first, test.second, test.measure) == pair), None)


def _is_better(test: PairedTest) -> bool:
    return test.significant and test.difference.value > 0
