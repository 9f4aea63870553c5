"""Results of experiments for whoever looks often: ``studio.experiment_results``.

Ten million events take a minute, and anybody may load a page again and again. So one result is
computed at a time, and it is kept while the log stays as it is; while events come in, it is kept
for ten times as long as it took.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

from core.app.experimenting import ExperimentService
from core.base.recent import Recent
from core.experiments.experiment_result import Result
from core.experiments.interleaving_verdict import QueryPreference
from core.experiments.model import Experiment, ExperimentKind, ExperimentStatus
from core.experiments.traffic import COLUMNS, Traffic, traffic_of

#: Values that are kept, and queries of a table of preferences.
_KEPT, MOST_QUERIES = 64, 50
#: A value is kept so many times as long as it took.
_REST = 10.0

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class ReadResult:
    """A result as it is read.

    Attributes:
        experiment: The experiment.
        result: Its result.
        queries: Preferences by query, of interleaving.
        computed: When it was computed, UTC.
    """

    experiment: Experiment
    result: Result
    queries: tuple[QueryPreference, ...]
    computed: datetime


@dataclass(frozen=True, slots=True)
class _Kept(Generic[_T]):
    value: _T
    version: int
    until: float


class ExperimentResults:
    """Computes and keeps results; several threads may use it at once.

    Args:
        experiments: The experiments.
    """

    def __init__(self, experiments: ExperimentService) -> None:
        self._experiments = experiments
        self._values = Recent[_Kept[object]](_KEPT)
        self._result_turn, self._traffic_turn = threading.Lock(), threading.Lock()

    def traffic(self) -> Mapping[str, Traffic]:
        """Return what came in for each experiment; one without events is missing.

        It doesn't wait for results, which take longer.
        """
        return self._kept("traffic", self._traffic, self._traffic_turn)

    def of(self, experiment_id: str) -> ReadResult:
        """Return an experiment's result.

        Raises:
            ExperimentError: There is none of that id, or its events can't be analysed.
        """
        experiment = self._experiments.get(experiment_id)
        key = json.dumps(experiment.as_dict(), sort_keys=True)
        return self._kept(key, lambda: self._read(experiment), self._result_turn)

    def _traffic(self) -> Mapping[str, Traffic]:
        return traffic_of(self._experiments.log.reader(None, COLUMNS))

    def _read(self, experiment: Experiment) -> ReadResult:
        result = self._experiments.analyze(experiment.id)
        queries: tuple[QueryPreference, ...] = ()
        if experiment.kind is ExperimentKind.INTERLEAVING and len(experiment.variants) == 2:
            queries = self._experiments.by_query(experiment.id, MOST_QUERIES)
        return ReadResult(experiment, result, queries, datetime.now(UTC))

    def _kept(self, key: str, make: Callable[[], _T], turn: threading.Lock) -> _T:
        kept = self._fresh(key)
        if kept is None:
            with turn:
                kept = self._fresh(key) or self._make(key, make)
        return kept.value  # type: ignore[return-value]  # one type for one kind of key

    def _fresh(self, key: str) -> _Kept[object] | None:
        kept = self._values.get(key)
        if kept is None:
            return None
        same = kept.version == self._experiments.log.version
        return kept if same or time.monotonic() < kept.until else None

    def _make(self, key: str, make: Callable[[], object]) -> _Kept[object]:
        version, began = self._experiments.log.version, time.monotonic()
        value = make()
        seconds = time.monotonic() - began
        return self._values.put(key, _Kept(value, version, time.monotonic() + _REST * seconds))


def shows_lifts(experiment: Experiment) -> bool:
    """Tell whether lifts may be read now: looking at a running one finds chance differences.

    One with always-valid intervals may be read at any time.
    """
    return experiment.sequential or experiment.status is not ExperimentStatus.RUNNING
