"""Annotate: blind pooled pairs, graded with the keyboard, one key press a pair."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import gradio as gr

from core.domain import GRADES, EventKind, JudgmentEvent, JudgmentQuery, JudgmentSet, Pair
from core.errors import JudgmentError, StudioError
from core.studio import Studio
from ui.media import photo_url
from ui.messages import sentences
from ui.people import person
from ui.render import render
from ui.theme import ASSETS

#: Pairs kept ready in the browser, so that the next photo is there before the key is pressed.
AHEAD = 6


def build(studio: Studio, page: gr.Blocks) -> None:
    """Lay out the page inside its route."""
    gr.HTML(render("annotate_head.html"))
    with gr.Row(equal_height=True):
        sets = gr.Dropdown(label="Judgment set", choices=[], elem_id="annotate-set", scale=3)
        name = gr.Textbox(
            label="Your name", value="local", max_length=60, elem_id="annotate-name", scale=1
        )
    catalog = gr.State("")
    desk = Desk(studio)
    pane = gr.HTML(
        render("annotate_empty.html"),
        elem_id="annotate",
        js_on_load=(ASSETS / "annotate.js").read_text(encoding="utf-8"),
        server_functions=desk.server_functions(),
    )
    with gr.Accordion("New judgment set", open=False, elem_id="annotate-new") as new:
        title = gr.Textbox(label="Name", placeholder="Autumn chairs, round 1", max_length=120)
        queries = gr.Textbox(
            label="Queries, one per line",
            info="A line that starts with item: asks what is similar to that item, for example "
            "item:met-36029",
            placeholder="wooden chair\noranges in a crate",
            lines=5,
            max_lines=20,
            elem_id="annotate-queries",
        )
        with gr.Row():
            engines = gr.CheckboxGroup(label="Engines to pool", choices=[])
            depth = gr.Slider(1, 50, value=10, step=1, label="Results pooled per engine")
        guidelines = gr.Textbox(
            label="Guidelines (Markdown)", lines=3, max_lines=20, elem_id="annotate-guidelines"
        )
        create = gr.Button("Create the set", variant="primary", elem_id="annotate-create")
    with gr.Accordion("Export", open=False, elem_id="annotate-export"), gr.Row():
        qrels = gr.Button("TREC qrels", elem_id="annotate-qrels")
        table = gr.Button("CSV with all labels", elem_id="annotate-csv")
        file = gr.File(label="File", elem_id="annotate-file", interactive=False)

    @sentences
    def load(request: gr.Request) -> tuple[Any, ...]:
        chosen = str(request.query_params.get("catalog", "")) or None
        available = [status.engine.name for status in studio.engines() if status.available]
        where = studio.catalog(chosen).name if studio.catalogs() else ""
        known = studio.judgment_sets(where) if where else ()
        wanted = str(request.query_params.get("set", "")) or (known[0].set_id if known else None)
        return (
            where,
            gr.update(choices=_choices(known), value=wanted),
            gr.update(value=person(request, "local"), interactive=not request.username),
            gr.update(choices=available, value=available),
            _pane(known, wanted, where),
            gr.update(open=not known),
        )

    @sentences
    def choose(set_id: str | None, where: str) -> str:
        return _pane(studio.judgment_sets(where) if where else (), set_id, where)

    @sentences
    def make(
        label: str, lines: str, engine_names: list[str], k: float, text: str, where: str
    ) -> tuple[Any, ...]:
        if not where:
            raise JudgmentError("Index a catalogue first: see the Catalog page.")
        made = studio.create_judgment_set(
            label.strip() or "Untitled set",
            parse_queries(lines),
            engines=engine_names,
            depth=int(k),
            guidelines=text,
            catalog=where,
        )
        known = studio.judgment_sets(where)
        gr.Info(f"{len(made.pairs)} pairs to judge.")
        return (
            gr.update(choices=_choices(known), value=made.set_id),
            _pane(known, made.set_id, where),
        )

    @sentences
    def export(set_id: str | None, where: str, format: str) -> str:
        if not set_id:
            raise JudgmentError("Choose a judgment set first.")
        return str(desk.export(set_id, where, format))

    page.load(load, None, [catalog, sets, name, engines, pane, new], api_visibility="private")
    sets.input(choose, [sets, catalog], pane, api_visibility="private")
    create.click(
        make,
        [title, queries, engines, depth, guidelines, catalog],
        [sets, pane],
        api_visibility="private",
    )
    qrels.click(lambda s, c: export(s, c, "qrels"), [sets, catalog], file, api_visibility="private")
    table.click(lambda s, c: export(s, c, "csv"), [sets, catalog], file, api_visibility="private")


class Desk:
    """What the page's script calls: pairs out, events in. Nothing in here tells an engine."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    def server_functions(self) -> list[Callable[..., dict[str, Any]]]:
        """Plain functions (Gradio marks them, which bound methods don't allow)."""

        def next_pairs(ask: dict[str, Any], request: gr.Request | None = None) -> dict[str, Any]:
            return self.next_pairs(ask, request)

        def judge(ask: dict[str, Any], request: gr.Request | None = None) -> dict[str, Any]:
            return self.judge(ask, request)

        def undo(ask: dict[str, Any], request: gr.Request | None = None) -> dict[str, Any]:
            return self.undo(ask, request)

        return [next_pairs, judge, undo]

    def next_pairs(self, ask: dict[str, Any], request: gr.Request | None = None) -> dict[str, Any]:
        """The next pairs for this annotator, without those still in the browser's hands."""
        return self._answer(lambda: self._next(ask, request))

    def judge(self, ask: dict[str, Any], request: gr.Request | None = None) -> dict[str, Any]:
        """Store one event; an answer without ``error`` means that it is on disk."""
        return self._answer(lambda: self._judge(ask, request))

    def undo(self, ask: dict[str, Any], request: gr.Request | None = None) -> dict[str, Any]:
        """Take back this annotator's last event and hand out its pair again."""
        return self._answer(lambda: self._undo(ask, request))

    def _next(self, ask: dict[str, Any], request: gr.Request | None) -> dict[str, Any]:
        set_id, where, annotator = _who(ask, request)
        held = {str(key) for key in ask.get("held", [])}
        pairs = self._studio.next_pair(set_id, annotator, where, count=AHEAD + len(held))
        fresh = [pair for pair in pairs if _key(pair) not in held][:AHEAD]
        return {
            "pairs": [self._pair(pair, where) for pair in fresh],
            "progress": self._progress(set_id, annotator, where),
        }

    def _judge(self, ask: dict[str, Any], request: gr.Request | None) -> dict[str, Any]:
        set_id, where, annotator = _who(ask, request)
        kind = EventKind(str(ask.get("kind", "")))
        grade = ask.get("grade")
        self._studio.judge(
            JudgmentEvent(
                event_id=uuid.uuid4().hex,
                kind=kind,
                set_id=set_id,
                query_id=str(ask["query_id"]),
                item_id=str(ask["item_id"]),
                annotator=annotator,
                grade=int(grade) if kind is EventKind.GRADE and grade is not None else None,
                note=str(ask.get("note", ""))[:2000],
                at=datetime.now(UTC),
                seconds=min(max(float(ask.get("seconds", 0)), 0.0), 86_400.0),
            ),
            where,
        )
        return {"progress": self._progress(set_id, annotator, where)}

    def _undo(self, ask: dict[str, Any], request: gr.Request | None) -> dict[str, Any]:
        set_id, where, annotator = _who(ask, request)
        pair = self._studio.undo(set_id, annotator, where)
        return {
            "pair": self._pair(pair, where) if pair else None,
            "progress": self._progress(set_id, annotator, where),
        }

    def export(self, set_id: str, where: str, format: str) -> Path:
        """A fresh file with the labels of a set, in Gradio's own cache."""
        ending = "csv" if format == "csv" else "qrels"
        target = Path(mkdtemp(prefix="vlclip-")) / f"{set_id}.{ending}"
        return self._studio.export_judgments(set_id, target, format, where)

    def _pair(self, pair: Pair, where: str) -> dict[str, Any]:
        item = self._studio.item(pair.item_id, where)
        view: dict[str, Any] = {
            "key": _key(pair),
            "query_id": pair.query.query_id,
            "query": pair.query.text,
            "query_photo": "",
            "item_id": item.item_id,
            "photo": photo_url(item.photo, where, thumbnail=False),
            "title": item.title,
            "type": item.product_type,
            "description": item.description,
        }
        if pair.query.item_id:
            asked = self._studio.item(pair.query.item_id, where)
            view["query"] = asked.title
            view["query_photo"] = photo_url(asked.photo, where, thumbnail=False)
        return view

    def _progress(self, set_id: str, annotator: str, where: str) -> dict[str, Any]:
        progress = self._studio.judging_progress(set_id, annotator, where)
        return {
            "done": progress.done,
            "total": progress.total,
            "skipped": progress.skipped,
            "per_minute": round(progress.per_minute, 1),
        }

    @staticmethod
    def _answer(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        try:
            return work()
        except StudioError as error:
            return {"error": str(error)}
        except (KeyError, TypeError, ValueError):
            return {"error": "The page sent something that is no judgment. Reload it, please."}


def parse_queries(lines: str) -> tuple[JudgmentQuery, ...]:
    """Queries from text, one per line; ``item:<id>`` asks for items similar to that one."""
    queries: list[JudgmentQuery] = []
    for line in dict.fromkeys(line.strip() for line in lines.splitlines()):
        if not line:
            continue
        number = f"q{len(queries) + 1}"
        if line.lower().startswith("item:"):
            queries.append(JudgmentQuery(number, item_id=line[5:].strip()))
        else:
            queries.append(JudgmentQuery(number, text=line[:500]))
    if not queries:
        raise JudgmentError("Give at least one query, one per line.")
    return tuple(queries)


def _who(ask: dict[str, Any], request: gr.Request | None) -> tuple[str, str, str]:
    return str(ask["set"]), str(ask["catalog"]), person(request, str(ask["name"]))


def _key(pair: Pair) -> str:
    return f"{pair.query.query_id}\t{pair.item_id}"


def _choices(sets: tuple[JudgmentSet, ...]) -> list[tuple[str, str]]:
    return [(f"{entry.name} ({len(entry.pairs)} pairs)", entry.set_id) for entry in sets]


def _pane(sets: tuple[JudgmentSet, ...], set_id: str | None, where: str) -> str:
    chosen = next((entry for entry in sets if entry.set_id == set_id), None)
    if chosen is None:
        return render("annotate_empty.html")
    return render("annotate.html", set=chosen, catalog=where, grades=GRADES)
