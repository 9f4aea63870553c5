"""An online experiment: its variants, who takes part, and what it is decided by."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from core.errors import ExperimentError

#: Names of files and of columns, so without anything that a path or a page could misread.
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}")
_NOT_ID = re.compile(r"[^a-z0-9]+")
_LONGEST = 200
MOST_VARIANTS = 20
#: Smallest lift that is planned for, where nobody says which.
SMALLEST_LIFT = 0.05
#: Metrics that must not get worse, where nobody says which.
GUARDRAILS = ("zero_result_rate", "abandonment")


class ExperimentKind(StrEnum):
    """How variants are compared."""

    AB = "ab"
    INTERLEAVING = "interleaving"


class ExperimentStatus(StrEnum):
    """State of an experiment."""

    DRAFT = "draft"
    RUNNING = "running"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Variant:
    """One variant: its name, the engine that answers, and its share of the traffic (a weight)."""

    name: str
    engine: str = ""
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Experiment:
    """An experiment as it was set up.

    Attributes:
        id: Its short name, also that of its file.
        name: Its name for people.
        catalog: Catalogue that its engines answer from; empty for a shop's own log.
        kind: ``ab`` or ``interleaving``.
        variants: At least two; the first is the baseline.
        unit: What is assigned to a variant: ``visitor``, ``session``, ``account`` …
        salt: Text that makes its assignment independent of other experiments'.
        traffic: Share of the units that take part, 0 to 1; it may be raised while it runs.
        holdout: Share of all units that take part in no experiment of its group, 0 to 1.
        group: Experiments of one group exclude each other; empty: none is excluded.
        slot: Part of the group's units that are its own, from and to, 0 to 1.
        filters: Column → values; a unit takes part if it has one of them, for each column.
        metrics: Names of its metrics; empty: all that the log has data for.
        primary: The metric that decides; empty: the first of its metrics.
        guardrails: Metrics that must not get worse.
        sequential: Whether intervals hold for people who look at any time.
        smallest_lift: Lift for which always-valid intervals are the narrowest.
        cap: Share of units whose amounts stay as they are; those above are cut (1: none).
        on_explore: Whether visitors of Explore are asked to help: the engines' lists are mixed.
        planned: Visitors that it needs, as it was planned; 0: it was not planned.
        simulated: Whether its visitors were simulated; real ones never take part in it then.
        status: ``draft``, ``running`` or ``stopped``.
        started: When it began; events before it are the units' past (UTC).
        ended: When it was stopped (UTC).
    """

    id: str
    name: str
    catalog: str = ""
    kind: ExperimentKind = ExperimentKind.AB
    variants: tuple[Variant, ...] = ()
    unit: str = "visitor"
    salt: str = ""
    traffic: float = 1.0
    holdout: float = 0.0
    group: str = ""
    slot: tuple[float, float] = (0.0, 1.0)
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    metrics: tuple[str, ...] = ()
    primary: str = ""
    guardrails: tuple[str, ...] = GUARDRAILS
    sequential: bool = False
    smallest_lift: float = SMALLEST_LIFT
    cap: float = 1.0
    on_explore: bool = False
    planned: int = 0
    simulated: bool = False
    status: ExperimentStatus = ExperimentStatus.DRAFT
    started: datetime | None = None
    ended: datetime | None = None

    def __post_init__(self) -> None:
        """Check it.

        Raises:
            ExperimentError: It can't be run so; the sentence says which value is wrong.
        """
        if not _ID.fullmatch(self.id):
            raise ExperimentError(
                f"“{self.id[:80]}” can't be the short name of an experiment: it has 1 to 60 small "
                "letters, digits, dots or hyphens, and begins with a letter or digit."
            )
        _check_variants(self.variants)
        for label, share in (("traffic", self.traffic), ("holdout", self.holdout)):
            _check_share(label, share)
        _check_share("cap", self.cap)
        low, high = self.slot
        if not 0 <= low < high <= 1:
            raise ExperimentError("The slot is two shares, the lower one first, such as 0 to 0.5.")
        if not 0 < self.smallest_lift < 10:
            raise ExperimentError("The smallest lift is above 0, such as 0.02 for 2 %.")
        mixable = self.kind is ExperimentKind.INTERLEAVING and self.catalog
        if self.on_explore and not (mixable and all(v.engine for v in self.variants)):
            raise ExperimentError(
                "Explore mixes the lists of an interleaving experiment that has a catalogue, and "
                "an engine for each variant."
            )
        for text in (self.name, self.catalog, self.unit, self.salt, self.group, self.primary):
            if len(text) > _LONGEST:
                raise ExperimentError(f"A text has more than {_LONGEST} characters: {text[:40]}…")

    @property
    def baseline(self) -> Variant:
        """The variant that the others are compared with."""
        return self.variants[0]

    @property
    def variant_names(self) -> tuple[str, ...]:
        """Names of the variants, the baseline first."""
        return tuple(variant.name for variant in self.variants)

    @property
    def shares(self) -> dict[str, float]:
        """Variant → the share of the units that it should get, 0 to 1."""
        total = sum(variant.weight for variant in self.variants)
        return {variant.name: variant.weight / total for variant in self.variants}

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        values = asdict(self)
        for name in ("started", "ended"):
            at = values[name]
            values[name] = at.isoformat() if at else None
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Experiment:
        """Read what ``as_dict`` wrote; names that a later version added are ignored.

        Raises:
            ExperimentError: A value is missing or has the wrong type.
        """
        try:
            given = {f.name: values[f.name] for f in fields(cls) if f.name in values}
            given["variants"] = tuple(Variant(**variant) for variant in given.get("variants", ()))
            given["kind"] = ExperimentKind(given.get("kind", ExperimentKind.AB))
            given["status"] = ExperimentStatus(given.get("status", ExperimentStatus.DRAFT))
            for name in ("metrics", "guardrails", "slot"):
                if name in given:
                    given[name] = tuple(given[name])
            filters = dict(given.get("filters", {}))
            given["filters"] = {column: tuple(wanted) for column, wanted in filters.items()}
            for name in ("started", "ended"):
                given[name] = _time(given.get(name))
            return cls(**given)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ExperimentError(f"This is not an experiment: {error}.") from None


def id_from(name: str) -> str:
    """Return a short name made of a name for people: ``CLIP, round 2`` → ``clip-round-2``."""
    return _NOT_ID.sub("-", name.lower()).strip("-")[:60].strip("-") or "experiment"


def _time(text: str | None) -> datetime | None:
    if not text:
        return None
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _check_variants(variants: tuple[Variant, ...]) -> None:
    names = [variant.name for variant in variants]
    if not 2 <= len(names) <= MOST_VARIANTS:
        raise ExperimentError(
            f"An experiment has 2 to {MOST_VARIANTS} variants; this one has {len(names)}."
        )
    if len(set(names)) < len(names):
        raise ExperimentError("Two variants have one name; give each a name of its own.")
    for variant in variants:
        if not variant.name.strip() or len(variant.name) > _LONGEST:
            raise ExperimentError("Each variant has a name of 1 to 200 characters.")
        if not math.isfinite(variant.weight) or variant.weight <= 0:
            raise ExperimentError(f"The weight of “{variant.name}” is a number above 0.")


def _check_share(label: str, share: float) -> None:
    if not 0 <= share <= 1:
        raise ExperimentError(f"“{label}” is a share from 0 to 1, such as 0.1 for a tenth.")
