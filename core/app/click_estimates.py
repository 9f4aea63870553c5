"""What clicks say beyond their experiment: ``studio.clicks``.

The bias of places, the click rate of an engine from other engines' logs, and grades from debiased
clicks in judgment sets of their own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from core.app.experimenting import ExperimentService
from core.app.library import Catalog, Library
from core.app.models import ModelPool
from core.base.counts import counted
from core.domain import EventKind, JudgmentEvent, JudgmentQuery, JudgmentSet, Pair, Query, Rules
from core.domain.judgment import DEFAULT_SCALE, Grade
from core.errors import ExperimentError
from core.experiments.click_labels import CUTS, FEWEST_LOOKS, ClickLabel, click_labels
from core.experiments.model import Experiment
from core.experiments.off_policy import OffPolicy, off_policy
from core.experiments.position_bias import PositionBias, position_bias
from core.experiments.shown_items import read_shown_items, variant_lists
from core.judging.importing import ImportPlan, carry_out
from core.judging.sets import CLICK_SETS

#: What the grades' “annotator” is called; no person has a name with a colon.
_ANNOTATOR = "clicks:{}"


@dataclass(frozen=True, slots=True)
class ClickSet:
    """A judgment set made of clicks.

    Attributes:
        set_id: Its id.
        labels: Number of its grades.
        new: Number of those that were new or changed.
        queries: Number of its queries.
        left_out: Items with enough looks that the catalogue does not have.
        by_grade: Grade → number of items.
    """

    set_id: str
    labels: int
    new: int
    queries: int
    left_out: int
    by_grade: Mapping[int, int]

    @property
    def sentence(self) -> str:
        """What was made, in one sentence."""
        lost = f" {counted(self.left_out, 'item')} left the catalogue." if self.left_out else ""
        return (
            f"The set {self.set_id} has {counted(self.labels, 'grade')} from clicks on "
            f"{counted(self.queries, 'query')}, {self.new:,} of them new. It is a set of its own: "
            f"people's grades are in others.{lost}"
        )


class ClickEstimates:
    """Reads the clicks of experiments; several threads and processes may do so at once.

    Args:
        experiments: The experiments and their log.
        library: The catalogues.
        models: The engines.
    """

    def __init__(self, experiments: ExperimentService, library: Library, models: ModelPool) -> None:
        self._experiments, self._library, self._models = experiments, library, models

    def bias(self, experiment_id: str = "") -> PositionBias:
        """Estimate how places are looked at, from an experiment's log.

        Raises:
            ExperimentError: There is no such experiment, or its log can't tell.
        """
        experiment = self._experiments.get(experiment_id)
        return position_bias(read_shown_items(experiment, self._frame(experiment)))

    def replay(
        self,
        experiment_id: str = "",
        *,
        engine: str = "",
        catalog: str | None = None,
        variant: str = "",
        lists: Mapping[str, Sequence[str]] | None = None,
        logged: str = "",
        bias_from: str = "",
        depth: int = 5,
    ) -> OffPolicy:
        """Estimate the click rate of lists that the log's visitors were not shown.

        Args:
            experiment_id: Whose log.
            engine: Engine that answers the log's queries now.
            catalog: Its catalogue; ``None``: the experiment's, or the default one.
            variant: Or a variant of the experiment, with the lists that it showed.
            lists: Or lists: words of a query → item ids, best first.
            logged: Use only the log of this variant; empty: all.
            bias_from: Experiment whose log tells how places are looked at; empty: the same.
            depth: Length of the lists.

        Raises:
            ExperimentError: There is no such experiment or variant, or its log can't tell.
            QueryError, EngineUnavailable, FingerprintMismatch: The engine can't answer.
        """
        if (bool(engine), bool(variant), lists is not None).count(True) != 1:
            raise ExperimentError("Say which lists: those of an engine, of a variant, or a file's.")
        experiment = self._experiments.get(experiment_id)
        bias = self.bias(bias_from or experiment.id)
        items = read_shown_items(experiment, self._frame(experiment), logged)
        if variant:
            lists = variant_lists(experiment, self._frame(experiment), variant)
        elif lists is None:
            lists = self._lists(engine, catalog or experiment.catalog or None, items.queries, depth)
        return off_policy(items, lists, bias, engine or variant or "the file", depth)

    def to_judgments(
        self,
        experiment_id: str = "",
        *,
        catalog: str | None = None,
        cuts: Sequence[float] = CUTS,
        fewest_looks: float = FEWEST_LOOKS,
    ) -> ClickSet:
        """Store grades from an experiment's debiased clicks, in a judgment set of their own.

        A second call takes in what is new; a grade that changed replaces the earlier one.

        Args:
            experiment_id: Whose log.
            catalog: The catalogue that gets the set; ``None``: the experiment's, or the default.
            cuts: Chances of a click from which each next grade begins.
            fewest_looks: Fewest looks at an item for a grade.

        Raises:
            ExperimentError: There is no such experiment, or no item has enough looks.
            JudgmentError: The set can't be stored.
        """
        experiment = self._experiments.get(experiment_id)
        items = read_shown_items(experiment, self._frame(experiment))
        labels = click_labels(items, position_bias(items), cuts, fewest_looks)
        opened_catalog = self._library.get(catalog or experiment.catalog or None)
        stocked = set(opened_catalog.store.items.get({label.item_id for label in labels}))
        kept = [label for label in labels if label.item_id in stocked]
        if not kept:
            raise ExperimentError(
                f"The catalogue “{opened_catalog.name}” has none of the items that the log shows; "
                "say which catalogue they are of."
            )
        judgment_set = _set(experiment, kept, len(cuts))
        new = _store(opened_catalog, judgment_set, _events(experiment, judgment_set, kept))
        grades = [label.grade for label in kept]
        return ClickSet(
            judgment_set.set_id,
            len(kept),
            new,
            len(judgment_set.queries),
            len(labels) - len(kept),
            {grade: grades.count(grade) for grade in range(len(cuts) + 1)},
        )

    def _frame(self, experiment: Experiment) -> object:
        return self._experiments.frame(experiment.id)

    def _lists(
        self, engine: str, catalog: str | None, queries: Sequence[str], depth: int
    ) -> dict[str, list[str]]:
        model, opened_catalog = self._models.engine(engine), self._library.get(catalog)
        lists = {}
        for words in queries:
            ask = Query(text=words, k=depth, cutoff=False, fold_duplicates=False)
            hits = opened_catalog.searcher.search(ask, model).hits
            lists[words] = [hit.item.item_id for hit in hits]
        return lists


def _set(experiment: Experiment, labels: Sequence[ClickLabel], steps: int) -> JudgmentSet:
    queries = {words: JudgmentQuery(_digest(words)[:12], words) for words in _words(labels)}
    scale: tuple[Grade, ...] = DEFAULT_SCALE
    if steps + 1 != len(scale):
        scale = tuple(Grade(step, f"attraction {step}") for step in range(steps + 1))
    return JudgmentSet(
        set_id=f"{CLICK_SETS}{_digest(experiment.id)[:8]}",
        name=f"Clicks of {experiment.name}"[:80],
        rules=Rules(scale=scale, guidelines="Grades from debiased clicks; nobody judged them."),
        engines=tuple(variant.engine for variant in experiment.variants if variant.engine),
        depth=0,
        pairs=tuple(Pair(queries[label.query], label.item_id) for label in labels),
        created=datetime.now(UTC),
    )


def _events(
    experiment: Experiment, judgment_set: JudgmentSet, labels: Sequence[ClickLabel]
) -> tuple[JudgmentEvent, ...]:
    now, annotator = datetime.now(UTC), _ANNOTATOR.format(experiment.id)
    return tuple(
        JudgmentEvent(
            # With the time: the log keeps the grades of a set that was removed.
            _digest(now.isoformat(), judgment_set.set_id, *pair.key, label.grade, label.note)[:32],
            EventKind.GRADE, judgment_set.set_id, pair.query.query_id, pair.item_id, annotator,
            label.grade, label.note, now, 0.0, page="clicks",
        )
        for pair, label in zip(judgment_set.pairs, labels, strict=True)
    )  # fmt: skip


def _store(catalog: Catalog, made: JudgmentSet, events: tuple[JudgmentEvent, ...]) -> int:
    """Store the set and the grades that changed; return their number."""
    queue = catalog.judgment_queue
    stored = queue.sets.find(made.set_id)
    before = {pair.key for pair in stored.pairs} if stored else set()
    new_pairs = sum(pair.key not in before for pair in made.pairs)
    if stored:
        standing = queue.look(made.set_id, lambda state: dict(state.current(events[0].annotator)))
        grades = {key: event.grade for key, event in standing.items()}
        events = tuple(e for e in events if grades.get((e.query_id, e.item_id), -1) != e.grade)
    return carry_out(queue, ImportPlan("clicks", made, stored is None, events, new_pairs, ()))


def _words(labels: Sequence[ClickLabel]) -> dict[str, None]:
    return dict.fromkeys(label.query for label in labels)


def _digest(*parts: object) -> str:
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()
