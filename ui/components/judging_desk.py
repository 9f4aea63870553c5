"""The judging desk: functions that its script calls, which deal pairs and store events. No answer
names an engine."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import gradio as gr

from core.app.studio import Studio
from core.domain import LABELS, EventKind, JudgmentEvent, JudgmentSet, OwnPart, Task
from core.errors import JudgmentError, JudgmentTooLate, StudioError
from core.judging.task_keys import TaskKeys
from core.people import Action
from ui.blindness import own_part
from ui.error_sentences import NONSENSE
from ui.media import photo_url, picture_url
from ui.render import markdown, render
from ui.rights import person
from ui.server_functions import answered
from ui.theme import script

#: Number of pairs in the browser, so that the next photo is loaded before the key is pressed.
AHEAD = 8
#: Items on one screen of the grid.
GRID = 24
#: Number of judgments that "back" reaches after a reload.
_HISTORY = 20
#: Most pairs that a page may say to have in hand.
_HELD = 500
#: Number of decisions that an annotator is shown, the latest first.
_DECISIONS = 100
#: Largest number of events per call.
_BATCH = 50

#: Kinds of events that a page may send; adjudications and deletions use other functions.
_KINDS = LABELS | {EventKind.FLAG}

_SCRIPT = script(
    "annotate", "outbox", "words", "notes", "clock", "photos", "single", "grid", "main"
)  # fmt: skip
#: Told to every event, so that labels made with a faulty page can be found later.
PAGE_VERSION = hashlib.sha256(_SCRIPT.encode()).hexdigest()[:8]


def desk_pane(studio: Studio) -> gr.HTML:
    """Return the desk as a component; its value is ``desk_html``."""
    return gr.HTML(
        render("annotate_waiting.html"),  # not yet "no set": that is known with the first answer
        elem_id="annotate",
        js_on_load=_SCRIPT,
        server_functions=Desk(studio).server_functions(),
    )


def desk_html(studio: Studio, chosen: JudgmentSet | None, catalog: str, first: str = "") -> str:
    """Return the desk for a set, a query's pairs first; without a set, a hint what to do."""
    if chosen is None:
        return render("annotate_empty.html")
    return render(
        "annotate.html",
        set=chosen,
        catalog=catalog,
        first=first,
        version=PAGE_VERSION,
        guidelines=markdown(chosen.rules.guidelines),
        examples=_examples(studio, chosen, catalog),
    )


class Desk:
    """The functions that the page's script calls."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    def server_functions(self) -> list[Callable[..., dict[str, Any]]]:
        """Return plain functions, because Gradio sets attributes that bound methods don't allow."""

        def next_pairs(ask: dict[str, Any], request: gr.Request) -> dict[str, Any]:
            return self.answer(self.next_pairs, ask, request)

        def judge(ask: dict[str, Any], request: gr.Request) -> dict[str, Any]:
            return self.answer(self.judge, ask, request)

        def undo(ask: dict[str, Any], request: gr.Request) -> dict[str, Any]:
            return self.answer(self.undo, ask, request)

        def history(ask: dict[str, Any], request: gr.Request) -> dict[str, Any]:
            return self.answer(self.history, ask, request)

        def release(ask: dict[str, Any], request: gr.Request) -> dict[str, Any]:
            return self.answer(self.release, ask, request)

        def decisions(ask: dict[str, Any], request: gr.Request) -> dict[str, Any]:
            return self.answer(self.decisions, ask, request)

        def end_part(ask: dict[str, Any], request: gr.Request) -> dict[str, Any]:
            return self.answer(self.end_part, ask, request)

        return [next_pairs, judge, undo, history, release, decisions, end_part]

    def answer(
        self,
        work: Callable[[dict[str, Any], str], dict[str, Any]],
        ask: dict[str, Any],
        request: gr.Request | None,
    ) -> dict[str, Any]:
        """Run one call with the sender's rights; problems become a sentence under ``error``."""
        return answered(
            self._studio, request, Action.JUDGE,
            lambda: work(ask, person(request, str(ask["name"]))),
        )  # fmt: skip

    def next_pairs(self, ask: dict[str, Any], who: str) -> dict[str, Any]:
        """Return the next pairs for this annotator, without those still in the browser."""
        set_id, catalog, grid = str(ask["set"]), str(ask["catalog"]), bool(ask.get("grid"))
        queue = self._studio.judging.queue(catalog)
        keys, of = [str(key) for key in ask.get("held", [])[:_HELD]], queue.task_keys
        held = {of.parsed(set_id, who, key) for key in keys}
        dealt = {of.parsed(set_id, who, key) for key in keys if of.is_own(set_id, who, key)}
        hand = queue.deal(
            set_id, who, GRID if grid else AHEAD, held, grid, str(ask.get("first") or ""),
            _tab_of(ask), dealt,
        )  # fmt: skip
        answer = {
            "tasks": self._views(hand.tasks, set_id, who, catalog),
            "waiting": hand.waiting,
            "elsewhere": hand.elsewhere,
            "progress": self._progress(set_id, who, catalog),
        }
        if held and hand.tasks:  # in the middle of the work it has not changed
            return answer
        return {**answer, "part": own_part(self._studio, who, catalog)}

    def judge(self, ask: dict[str, Any], who: str) -> dict[str, Any]:
        """Store events: those named in ``saved`` are on disk, for ``refused`` trying is of no use.

        Pairs of those in ``closed`` take nothing more from this annotator. The rest could not be
        written (``error`` says why), or was too much for one call: the page keeps it and sends it
        again.
        """
        _check_sender(ask, who)
        set_id, catalog = str(ask["set"]), str(ask["catalog"])
        queue = self._studio.judging.queue(catalog)
        saved: list[str] = []
        refused: dict[str, str] = {}
        closed: list[str] = []
        problem: dict[str, str] = {}
        for sent in list(ask["events"])[:_BATCH]:
            event_id = _id_of(sent)
            try:
                queue.judge(_event(sent, set_id, who, queue.task_keys))
                saved.append(event_id)
            except JudgmentError as error:
                refused[event_id] = str(error)
                if isinstance(error, JudgmentTooLate):
                    closed.append(event_id)
            except StudioError as error:  # the judgment is not at fault
                problem = {"error": str(error)}
                break
            except NONSENSE:
                refused[event_id] = "The page sent something that is no judgment."
        return {
            "set": set_id,
            "saved": saved,
            "refused": refused,
            "closed": closed,
            "progress": self._progress(set_id, who, catalog),
            **problem,
        }

    def undo(self, ask: dict[str, Any], who: str) -> dict[str, Any]:
        """Take back this annotator's last event and return its pair."""
        _check_sender(ask, who)
        set_id, catalog = str(ask["set"]), str(ask["catalog"])
        queue = self._studio.judging.queue(catalog)
        undone = queue.undo(set_id, who, str(ask["event_id"])[:64])
        return {
            "undone": self._history_views([undone], who, catalog)[0] if undone else None,
            "progress": self._progress(set_id, who, catalog),
        }

    def history(self, ask: dict[str, Any], who: str) -> dict[str, Any]:
        """Return this annotator's latest judgments, oldest first."""
        set_id, catalog = str(ask["set"]), str(ask["catalog"])
        queue = self._studio.judging.queue(catalog)
        events = queue.look(set_id, lambda state: state.recent(who, _HISTORY))
        return {"tasks": self._history_views(events[::-1], who, catalog)}

    def decisions(self, ask: dict[str, Any], who: str) -> dict[str, Any]:
        """Return what was decided on pairs that this annotator judged, as HTML, and how many."""
        set_id, catalog = str(ask["set"]), str(ask["catalog"])
        queue = self._studio.judging.queue(catalog)
        made, progress = queue.sets.get(set_id), queue.progress(set_id, who)
        decided = self._studio.labels.decisions_for(set_id, who, catalog)
        pairs = {pair.key: pair for pair in made.pairs}
        tasks = [Task(pairs[(d.query_id, d.item_id)]) for d, _ in decided[:_DECISIONS]]
        views = self._views(tasks, set_id, who, catalog)
        html = render(
            "annotate_decisions.html", set=made, total=len(decided),
            waits=progress.done < progress.total,
            entries=[(view, *pair) for view, pair in zip(views, decided, strict=False)],
        )  # fmt: skip
        return {"html": html, "count": len(decided)}

    def end_part(self, ask: dict[str, Any], who: str) -> dict[str, Any]:
        """Make what this annotator said final, and show them the engines' lists from now on."""
        _check_sender(ask, who)
        catalog = str(ask["catalog"])
        if own_part(self._studio, who, catalog) is not None:
            self._studio.judging.end_part(who, catalog)
        return {"part": OwnPart.FINAL}

    def release(self, ask: dict[str, Any], who: str) -> dict[str, Any]:
        """Release the pairs of an annotator who has changed the name, or closes the page."""
        queue, set_id = self._studio.judging.queue(str(ask["catalog"])), str(ask["set"])
        keys = [str(key) for key in list(ask["held"])[:_BATCH]]
        held = [queue.task_keys.parsed(set_id, who, key) for key in keys]
        queue.release(set_id, who, held, _tab_of(ask))
        return {}

    def _history_views(
        self, events: list[JudgmentEvent], who: str, catalog: str
    ) -> list[dict[str, Any]]:
        if not events:
            return []
        made = self._studio.judging.queue(catalog).sets.get(events[0].set_id)
        pairs = {pair.key: pair for pair in made.pairs}
        tasks = [Task(pairs[(e.query_id, e.item_id)], e.round) for e in events]
        return [
            {
                "task": view,
                "kind": event.kind.value,
                "grade": event.grade,
                "note": event.note,
            }
            for event, view in zip(
                events, self._views(tasks, made.set_id, who, catalog), strict=True
            )
        ]

    def _views(
        self, tasks: Sequence[Task], set_id: str, who: str, catalog: str
    ) -> list[dict[str, Any]]:
        keys = self._studio.judging.queue(catalog).task_keys
        wanted = {t.pair.item_id for t in tasks} | {t.pair.query.item_id for t in tasks} - {""}
        items = self._studio.items_by_id(wanted, catalog)
        views = []
        for task in tasks:
            query, item = task.pair.query, items.get(task.pair.item_id)
            asked = items.get(query.item_id)
            picture = asked.photo.sha256 if asked else query.picture
            views.append(
                {
                    "key": keys.key(set_id, who, task),
                    "query_id": query.query_id,
                    "query": query.text or (asked.title if asked else ""),
                    "query_text": query.text,
                    "query_photo": picture_url(picture, catalog, thumbnail=False)
                    if picture
                    else "",
                    "item_id": task.pair.item_id,
                    "note": task.note,
                    "photo": photo_url(item.photo, catalog, thumbnail=False) if item else "",
                    "thumb": photo_url(item.photo, catalog) if item else "",
                    "title": item.title if item else "This item has left the catalogue.",
                    "type": item.product_type if item else "",
                    "description": item.description if item else "",
                }
            )
        return views

    def _progress(self, set_id: str, who: str, catalog: str) -> dict[str, Any]:
        progress = self._studio.judging.queue(catalog).progress(set_id, who)
        return {name: getattr(progress, name) for name in progress.__slots__}


def _check_sender(ask: Mapping[str, Any], who: str) -> None:
    """Raise ``StudioError`` if the judgments are of another person than the signed-in one."""
    judge = str(ask["name"]).strip()
    if judge != who:
        raise StudioError(
            f"These are judgments of “{judge[:60]}”, and “{who}” is signed in now. They wait here "
            f"until “{judge[:60]}” signs in again. To judge as “{who}”, reload the page."
        )


def _tab_of(ask: Mapping[str, Any]) -> str:
    """Return the id that an open page gave itself; empty for a page of before there were ids."""
    return str(ask.get("tab") or "")[:64]


def _id_of(sent: object) -> str:
    return str(sent.get("event_id", "")) if isinstance(sent, Mapping) else ""


def _event(sent: Mapping[str, Any], set_id: str, who: str, keys: TaskKeys) -> JudgmentEvent:
    """Build the event; the queue checks its numbers.

    The key alone tells the round: a round that the page may choose, or the key of another pair,
    would tell, by what the progress says, which pairs are hidden repeats.
    """
    kind, pair = EventKind(str(sent["kind"])), (str(sent["query_id"]), str(sent["item_id"]))
    if kind not in _KINDS:
        raise ValueError(kind)
    key, number = sent.get("key"), 0
    if key is not None:
        *of_key, number = keys.parsed(set_id, who, str(key))
        if tuple(of_key) != pair:
            raise ValueError("the key of another pair")
    return JudgmentEvent(
        event_id=str(sent["event_id"]),
        kind=kind,
        set_id=set_id,
        query_id=pair[0],
        item_id=pair[1],
        annotator=who,
        grade=sent.get("grade") if kind is EventKind.GRADE else None,
        note=str(sent.get("note") or ""),
        at=datetime.now(UTC),
        seconds=sent.get("seconds") or 0,
        round=number,
        page=str(sent.get("page") or ""),
        guidelines=sent.get("guidelines", 1),
    )


def _examples(studio: Studio, chosen: JudgmentSet, catalog: str) -> list[dict[str, Any]]:
    """Return the guidelines' example pairs whose items are in the catalogue."""
    wanted = chosen.rules.examples
    items = studio.items_by_id({example.item_id for example in wanted}, catalog)
    return [
        {
            "query": example.query,
            "title": items[example.item_id].title,
            "photo": photo_url(items[example.item_id].photo, catalog),
            "grade": example.grade,
            "name": chosen.grades.get(example.grade, ""),
            "why": example.why,
        }
        for example in wanted
        if example.item_id in items
    ]
