"""Check a batch of events that came from outside: all are valid, or none is taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from core.base.counts import counted
from core.errors import ExperimentError, no_such
from core.experiments.behaviour_events import Event, event_of
from core.experiments.model import Experiment

#: Most events of a batch.
MOST_EVENTS = 1000
#: Events that a refusal names.
_MOST_NAMED = 5
#: Returns an experiment by its id; raises ``ExperimentError`` if there is none.
Lookup = Callable[[str], Experiment]


def checked_batch(batch: object, experiment: Lookup, now: datetime | None = None) -> list[Event]:
    """Return the events of a batch: ``{"events": [{…}, …]}``.

    Args:
        batch: What was sent, as JSON has it.
        experiment: Finds the experiments that events name.
        now: The present time, UTC.

    Raises:
        ExperimentError: The batch or an event of it can't be used; the sentence names the event by
            its place and id, and the field.
    """
    entries = batch.get("events") if isinstance(batch, Mapping) else None
    if not isinstance(entries, list):
        raise ExperimentError('A batch is {"events": [ … ]}, a list of events.')
    if len(entries) > MOST_EVENTS:
        raise ExperimentError(
            f"A batch has {MOST_EVENTS:,} events at most; this one has {len(entries):,}. Send them "
            "in several."
        )
    events, problems = [], []
    by_id: dict[str, Experiment | ExperimentError] = {}
    for place, entry in enumerate(entries, 1):
        try:
            event = event_of(entry, now)
            _check_names(event, by_id, experiment)
            events.append(event)
        except ExperimentError as error:
            problems.append(f"{_label(place, entry)}: {error}")
    if problems:
        raise ExperimentError(_refusal(problems, len(entries)))
    return events


def _check_names(
    event: Event, by_id: dict[str, Experiment | ExperimentError], lookup: Lookup
) -> None:
    """Check the experiment, the variant and the team that an event names."""
    if not event.experiment:
        if event.variant or event.team:
            raise ExperimentError("“experiment” is missing, which “variant” and “team” are of.")
        return
    if event.experiment not in by_id:
        try:
            by_id[event.experiment] = lookup(event.experiment)
        except ExperimentError as error:
            by_id[event.experiment] = error
    experiment = by_id[event.experiment]
    if isinstance(experiment, ExperimentError):
        raise ExperimentError(f"“experiment”: there is no “{event.experiment[:60]}”.")
    for field, name in (("variant", event.variant), ("team", event.team)):
        if name and name not in experiment.variant_names:
            place = f" in “{experiment.id}” (“{field}”)"
            raise no_such(ExperimentError, "variant", name, experiment.variant_names, place)


def _label(place: int, entry: Any) -> str:
    """Return how an event is named in a sentence: ``Event 3 (“e-17”)``."""
    event_id = entry.get("event_id") if isinstance(entry, Mapping) else None
    if isinstance(event_id, str | int) and not isinstance(event_id, bool) and str(event_id):
        printable = "".join(letter for letter in str(event_id)[:60] if letter.isprintable())
        return f"Event {place} (“{printable}”)"
    return f"Event {place}"


def _refusal(problems: Sequence[str], count: int) -> str:
    more = len(problems) - _MOST_NAMED
    further = f" … and {counted(more, 'further event')}." if more > 0 else ""
    listed = " ".join(problems[:_MOST_NAMED])
    return f"{listed}{further} Nothing of this batch of {counted(count, 'event')} was stored."
