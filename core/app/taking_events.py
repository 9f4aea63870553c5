"""Take events of a shop's servers and pages in, and assign their visitors: ``studio.intake``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import ceil

from core.access.event_tokens import EventToken, EventTokens, TokenKind
from core.access.tries import network
from core.app.experimenting import ExperimentService
from core.base.lazy import lazy
from core.base.rates import RateLimit
from core.errors import EventsRefused, ExperimentError
from core.experiments.assignment import assign
from core.experiments.behaviour_events import text_of
from core.experiments.event_batches import MOST_EVENTS, checked_batch
from core.experiments.model import Experiment, ExperimentStatus
from core.experiments.shop_script import shop_script
from core.settings import Settings

#: File of the tokens in a data directory.
TOKENS = "event-tokens.json"
#: Events a second of all visitors at one address, and after a pause: an office shares one.
PER_ADDRESS, ADDRESS_BURST = 100, 2000
#: So many seconds' worth of events a token may send at once after a pause.
_PAUSE = 5
#: Units that are assigned at once, and attributes of one.
MOST_UNITS, MOST_ATTRIBUTES = 1000, 50
NO_TOKENS = (
    "This studio takes no events over HTTP yet. Whoever runs it makes a token first: "
    "python app.py experiments add-token NAME."
)


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends events.

    Attributes:
        token: The token that was shown.
        address: Address of the machine.
    """

    token: EventToken
    address: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a batch: how many events are stored now, and how many were stored before."""

    stored: int
    repeated: int

    def as_json(self) -> dict[str, int]:
        """Return it as JSON has it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class UnitVariant:
    """The answer for a unit: its variant and engine; ``None`` and the reason if it has none."""

    experiment: str
    unit: str
    variant: str | None
    engine: str
    reason: str

    def as_json(self) -> dict[str, str | None]:
        """Return it as JSON has it."""
        return asdict(self)


class EventIntake:
    """Checks tokens, origins, rates and batches; several threads may use it at once.

    Args:
        experiments: The experiments.
        settings: The settings.
    """

    def __init__(self, experiments: ExperimentService, settings: Settings) -> None:
        self._experiments, self._settings = experiments, settings
        rate = settings.events_per_second
        self._of_token = RateLimit(rate, max(MOST_EVENTS, rate * _PAUSE))
        self._of_address = RateLimit(PER_ADDRESS, ADDRESS_BURST)

    @lazy
    def tokens(self) -> EventTokens:
        """The tokens."""
        return tokens_of(self._settings)

    def allows_origin(self, origin: str) -> bool:
        """Tell whether pages of an origin (``https://shop.example``) may send events."""
        return origin.lower() in self._settings.shop_origins

    def sender(self, shown: str, address: str, *, origin: str = "", in_url: bool = False) -> Sender:
        """Return who sends.

        Args:
            shown: The token.
            address: Address of the sender's machine.
            origin: Origin of the page that sends; empty for a program.
            in_url: Whether the token stood in the address, which logs keep.

        Raises:
            EventsRefused: The token is missing, unknown, or not for such a sender.
        """
        if not self.tokens.any():
            raise EventsRefused(NO_TOKENS, 401)
        if not shown:
            raise EventsRefused("A token is missing: send Authorization: Bearer TOKEN.", 401)
        token = self.tokens.check(shown)
        if token is None:
            raise EventsRefused("There is no such token. It may have been removed.", 401)
        if token.kind is TokenKind.SERVER and (origin or in_url):
            raise EventsRefused(
                f"“{token.name}” is a server's token, which no page and no address may show. Make "
                "one with --page for pages, and replace this one.", 403,
            )  # fmt: skip
        if token.kind is TokenKind.PAGE and not origin:
            raise EventsRefused(f"“{token.name}” is a token for a shop's pages only.", 403)
        return Sender(token, address)

    def script(self, shown: str) -> str:
        """Return the script for a shop's pages, with the experiments that run.

        Args:
            shown: A page's token.

        Raises:
            EventsRefused: It is none.
        """
        token = self.tokens.check(shown)
        if token is None or token.kind is not TokenKind.PAGE:
            raise EventsRefused("The script needs a page's token: shop.js?key=TOKEN.", 401)
        return shop_script(self._experiments.running())

    def take(self, sender: Sender, batch: object) -> Receipt:
        """Store a batch; returning means that all of it is on disk.

        Args:
            sender: Who sends.
            batch: ``{"events": [{…}, …]}`` as JSON has it; ``docs/experiments-http.md`` lists the
                fields.

        Raises:
            ExperimentError: An event can't be used; nothing of the batch was stored.
            EventsRefused: The sender sends too much.
            NotSaved: It could not be written; it can be sent again.
        """
        entries = batch.get("events") if isinstance(batch, Mapping) else None
        self._charge(sender, len(entries) if isinstance(entries, list) else 1)
        events = checked_batch(batch, self._experiments.store.get)
        stored = self._experiments.record(events) if events else 0
        return Receipt(stored, len(events) - stored)

    def assigned(
        self,
        sender: Sender,
        units: Sequence[object],
        experiment_id: str = "",
        attributes: Mapping[str, object] | None = None,
    ) -> tuple[UnitVariant, ...]:
        """Return the variants of units in one experiment, or in all that run.

        Raises:
            ExperimentError: There is no such experiment, or a unit or attribute is no text.
            EventsRefused: The sender asks too much.
        """
        if not 1 <= len(units) <= MOST_UNITS:
            raise ExperimentError(f"Ask for 1 to {MOST_UNITS:,} units, as “unit” or “units”.")
        if attributes and len(attributes) > MOST_ATTRIBUTES:
            raise ExperimentError(f"A unit has {MOST_ATTRIBUTES} attributes at most.")
        self._charge(sender, len(units))
        checked = [text_of("unit", unit) for unit in units]
        if not all(checked):
            raise ExperimentError("“unit” is missing.")
        said = {str(name): text_of(str(name)[:60], a) for name, a in (attributes or {}).items()}
        experiments = (
            (self._experiments.store.get(experiment_id),)
            if experiment_id
            else self._experiments.running()
        )
        return tuple(_variant(e, unit, said) for e in experiments for unit in checked)

    def _charge(self, sender: Sender, units: int) -> None:
        # The address first: what is refused there must not use up a page's token, which all share.
        wait = 0.0
        if sender.token.kind is TokenKind.PAGE:
            wait = self._of_address.wait(network(sender.address), max(1, units))
        wait = wait or self._of_token.wait(sender.token.name, max(1, units))
        if wait:
            raise EventsRefused(
                f"That is too much at once. Send it again in {ceil(wait)} s.", 429, ceil(wait)
            )


def tokens_of(settings: Settings) -> EventTokens:
    """Return the tokens of a data directory and of the environment."""
    secret = settings.events_token
    return EventTokens(settings.data_dir / TOKENS, secret.get_secret_value() if secret else "")


def _variant(experiment: Experiment, unit: str, attributes: Mapping[str, str]) -> UnitVariant:
    if experiment.status is not ExperimentStatus.RUNNING:
        return UnitVariant(experiment.id, unit, None, experiment.baseline.engine, "not running")
    assignment = assign(experiment, unit, attributes)
    variant = assignment.variant
    name, engine = (variant.name, variant.engine) if variant else (None, experiment.baseline.engine)
    return UnitVariant(experiment.id, unit, name, engine, assignment.reason)
