"""The judgment set that ships with the demo, in the demo's catalogue: ``studio.demo_judgments``."""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from pathlib import Path

from core.app.library import DEMO, Catalog, Library
from core.base.counts import counted
from core.base.locks import WRITE, file_lock
from core.base.shared_files import latest, share
from core.catalog import demo_judgments
from core.catalog.demo_judgments import ShippedSet
from core.domain import EventKind, JudgmentEvent, JudgmentSet
from core.errors import JudgmentError, StudioError
from core.judging.importing import ImportPlan, carry_out
from core.judging.judgment_queue import JudgmentQueue
from core.judging.state import SetState

#: What the demo's catalogue says of it: the version that was taken in, and why one could not be.
_NOTE = "shipped-judgments.json"
_log = logging.getLogger(__name__)


class ShippedJudgments:
    """Takes the shipped set into the demo's catalogue, and says who graded it.

    Attributes:
        folder: The set's files.
    """

    def __init__(self, library: Library, folder: Path) -> None:
        self._library, self.folder = library, folder

    def take_in(self) -> str:
        """Add the set to the demo, once per shipped version; labels that people gave stay.

        A set that was deleted since does not come back.

        Returns:
            Why it could not be added, for people; empty if it was, or if there is nothing to do.
        """
        if DEMO not in self._library.names():
            return ""
        catalog = self._library.get(DEMO)
        try:
            with file_lock(catalog.store.root / ".shipped-judgments.lock", WRITE):
                self._add(catalog)
            return ""
        except (StudioError, OSError) as error:
            reason = str(error)
            if isinstance(error, OSError):
                reason = f"The demo's judgment set can't be stored: {error.strerror or error}."
            _log.warning("%s", reason)
            with suppress(OSError):
                _write(catalog, _noted(catalog)["version"], reason)
            return reason

    def problem(self, catalog: str) -> str:
        """Return why the demo does not have its set; empty if it has, and for other catalogues."""
        return _noted(self._library.get(catalog))["problem"] if catalog == DEMO else ""

    @property
    def report_path(self) -> Path:
        """The report on the set that ships, so that no start has to answer its queries."""
        return self.folder / "report.json"

    def version_note(self) -> str:
        """Return the sentence that tells a report on the present version from others."""
        return f"Version {demo_judgments.digest(self.folder)[:12]} of the set."

    def set_id(self) -> str:
        """Return the id of the shipped set; empty where none ships."""
        return demo_judgments.shipped_id(self.folder)

    def about(self, catalog: str, set_id: str) -> str:
        """Return who graded a set, and how; empty if it is not the shipped one."""
        try:
            shipped, about = demo_judgments.describe(self.folder)
        except StudioError:
            return ""
        return about if (catalog, set_id) == (DEMO, shipped) else ""

    def _add(self, catalog: Catalog) -> None:
        version, earlier = demo_judgments.digest(self.folder), _noted(catalog)["version"]
        if version in ("", earlier):
            return
        queue = catalog.judgment_queue
        stored = queue.sets.find(demo_judgments.describe(self.folder)[0])
        if stored is not None or not earlier:  # else somebody deleted it
            shipped = demo_judgments.read(self.folder, lambda path: catalog.images.add(path).sha256)
            _check_items(shipped, catalog)
            carry_out(queue, _plan(queue, shipped, stored))
        _write(catalog, version)


def _check_items(shipped: ShippedSet, catalog: Catalog) -> None:
    missing = shipped.item_ids - catalog.store.items.get(shipped.item_ids).keys()
    if missing:
        raise JudgmentError(
            f"The demo's judgment set waits: {len(missing)} of its "
            f"{counted(len(shipped.item_ids), 'item')} are not in this catalogue. "
            "Index the demo again: see the Catalog page."
        )


def _plan(queue: JudgmentQueue, shipped: ShippedSet, stored: JudgmentSet | None) -> ImportPlan:
    """Return the import of a new set, or of what a newer version adds to the stored one."""
    before = {pair.key for pair in stored.pairs} if stored else set()
    new = sum(pair.key not in before for pair in shipped.judgment_set.pairs)
    events = _without_decided(queue, shipped) if stored else shipped.events
    return ImportPlan("shipped", shipped.judgment_set, stored is None, events, new, ())


def _without_decided(queue: JudgmentQueue, shipped: ShippedSet) -> tuple[JudgmentEvent, ...]:
    """Return the events without decisions of pairs that people decided themselves."""
    decisions = queue.look(shipped.judgment_set.set_id, SetState.decisions)
    own = {key for key, event in decisions.items() if event.annotator not in shipped.raters}
    return tuple(
        event
        for event in shipped.events
        if event.kind is not EventKind.ADJUDICATE or (event.query_id, event.item_id) not in own
    )


def _noted(catalog: Catalog) -> dict[str, str]:
    try:
        note = json.loads(latest(catalog.store.root / _NOTE).read_text("utf-8"))
        return {"version": str(note["version"]), "problem": str(note["problem"])}
    except (OSError, ValueError, TypeError, KeyError):
        return {"version": "", "problem": ""}


def _write(catalog: Catalog, version: str, problem: str = "") -> None:
    text = json.dumps({"version": version, "problem": problem}, ensure_ascii=False)
    share(catalog.store.root / _NOTE, text)
