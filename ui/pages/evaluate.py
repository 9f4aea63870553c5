"""Evaluate: which engine finds more, by how much, and could it be chance?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.context import LocalContext

from core.app.studio import Studio
from core.domain import EvalTask, OnProgress, Progress, Report
from core.errors import EvaluationError, EvaluationStopped, no_report
from core.people import Action
from ui.blindness import absence_sentence, figures_sentence
from ui.components.catalog_of_link import catalog_of_link
from ui.components.judge_figures import judge_figures
from ui.components.judged_panel import in_order, judged_panel, ranking_of, words_choice
from ui.components.link_problems import said_html
from ui.components.notice import Notice
from ui.components.results import missing_html
from ui.components.visible_reports import DEFAULT_ENGINES, VisibleReports, report_html
from ui.error_sentences import sentences
from ui.render import render
from ui.rights import allowed, may, person

#: Name of the job on uploaded queries and judgments.
FILES = "queries"
#: Gradio finds this default by its type and puts a live one in its place.
PROGRESS = gr.Progress()
_PRIVATE: dict[str, Any] = {"api_visibility": "private"}


def build(studio: Studio, page: gr.Blocks) -> None:
    """Lay out the page inside its route."""
    gr.HTML(render("evaluate_head.html"))
    shown = gr.HTML(render("waiting.html"), elem_id="evaluate-report")
    with gr.Row(elem_classes="vs-evaluate-line"):
        stored = gr.Dropdown(label="All reports", choices=[], elem_id="evaluate-stored", scale=3)
        new = gr.Button("Measure again", elem_id="evaluate-new", scale=0, min_width=170)
    with gr.Column(elem_id="evaluate-form"):  # shown by OPEN_FORM_JS, or without a report
        with gr.Row(elem_classes="vs-evaluate-line"):
            catalog = gr.Dropdown(
                label="Catalogue", choices=[], elem_id="evaluate-catalog", scale=1
            )
            task = gr.Dropdown(label="Task", choices=[], elem_id="evaluate-task", scale=2)
            engines = gr.CheckboxGroup(
                label="Engines", choices=[], elem_id="evaluate-engines", scale=2
            )
            go = gr.Button(
                "Evaluate", variant="primary", elem_id="evaluate-go", scale=0, min_width=110
            )
            stop = gr.Button(
                "Stop", variant="stop", elem_id="evaluate-stop", visible=False, scale=0,
                min_width=110,
            )  # fmt: skip
        about = gr.HTML(elem_id="evaluate-about")
        lacking = gr.HTML(elem_id="evaluate-engines-missing")
    jobs = gr.HTML(elem_id="evaluate-jobs")
    notice = Notice("evaluate-notice", "The evaluation did not start.")
    dismiss = gr.Button("Dismiss the message", elem_id="evaluate-dismiss", visible=False, size="sm")
    #: Catalogue and name of the job that Stop stops, and the name of a job on files.
    running, files = gr.State(None), gr.State(FILES)
    going = [jobs, stop, dismiss, running]
    with gr.Accordion("Your own queries and judgments", open=False, elem_id="evaluate-own"):
        gr.HTML(render("evaluate_files.html"))
        with gr.Row():
            queries = gr.File(label="Queries", elem_id="evaluate-queries")
            qrels = gr.File(label="Judgments", elem_id="evaluate-qrels")
        words = words_choice(False)
        least = gr.Number(
            1, label="Relevant from grade", minimum=1, precision=0, elem_id="evaluate-files-from"
        )
        go_files = gr.Button("Evaluate these", elem_id="evaluate-files-go")
    judged = judged_panel(studio, catalog, engines)
    judge_figures(studio, catalog)
    forget = gr.Button(
        "Delete this report", elem_id="evaluate-forget", visible=False, size="sm", min_width=140
    )
    outputs = [stored, forget, shown]
    reports = VisibleReports(studio)

    new.click(None, None, None, js=OPEN_FORM_JS, **_PRIVATE)

    def show(report_id: str | None, name: str | None = None) -> tuple[Any, ...]:
        """Return the choice of reports, the button that deletes, and a report or why not one.

        ``name`` is the catalogue that is chosen.
        """
        report_ids = reports.ids()
        current = report_id if report_id in report_ids else None
        body = (
            report_html(studio, studio.evaluation.reports.get(current))
            if current
            else without_report(report_id, name)
        )
        return (
            gr.update(choices=[(reports.label(name), name) for name in report_ids], value=current),
            gr.update(visible=bool(current)),
            body,
        )

    def without_report(wanted: str | None, name: str | None) -> str:
        """Return why no report is shown. Whether one is hidden is told to nobody who may judge."""
        request = LocalContext.request.get(None)
        gone = [absence_sentence(studio, request, no_report(wanted))] if wanted else []
        hidden = figures_sentence(studio, request, name) if name else ""
        return said_html(gone) + render(
            "evaluate_empty.html", hidden=hidden, catalog=name or "",
            measures=may(studio, request, Action.EVALUATE),
        )  # fmt: skip

    @sentences
    def load(request: gr.Request) -> tuple[Any, ...]:
        catalogs = studio.catalogs()
        names = [entry.name for entry in catalogs]
        report_ids = reports.ids()
        report = str(request.query_params.get("report", ""))
        # The requested catalogue, else that of the report, else the default one.
        about = studio.evaluation.reports.get(report).catalog if report in report_ids else ""
        wanted = str(request.query_params.get("catalog", "")) or about
        chosen = catalog_of_link(studio, wanted, names)
        report = report or reports.newest(chosen) or ""
        statuses = studio.engines()
        runnable = [status.engine for status in statuses if status.available]
        default = [engine.name for engine in runnable if engine.name in DEFAULT_ENGINES]
        return (
            gr.update(choices=[(entry.title, entry.name) for entry in catalogs], value=chosen),
            gr.update(
                choices=[(engine.title, engine.name) for engine in runnable],
                value=default or [engine.name for engine in runnable[:1]],
            ),
            missing_html(statuses),
            *tasks_of(chosen),
            *show(report, chosen),
        )

    @sentences
    def change_catalog(name: str | None) -> tuple[Any, ...]:
        return *tasks_of(name), *show(reports.newest(name), name)

    def tasks_of(name: str | None) -> tuple[Any, ...]:
        tasks = studio.tasks.all(name) if name else ()
        ready = [entry for entry in tasks if entry.available]
        first = ready[0].name if ready else None
        choices = [(entry.title, entry.name) for entry in ready]
        return gr.update(choices=choices, value=first), about_html(tasks, first)

    @sentences
    def explain(name: str | None, chosen: str | None) -> str:
        return about_html(studio.tasks.all(name) if name else (), chosen)

    def measured(
        job: tuple[str, str], engines: Sequence[str], run: Callable[[OnProgress], Report],
        request: gr.Request, progress: gr.Progress,
    ) -> tuple[Any, ...]:  # fmt: skip
        """Run an evaluation, store its report and show it; if stopped, change nothing."""
        try:
            report = studio.evaluation.jobs.run(
                *job, len(engines), run, author=person(request), on_progress=_follow(progress)
            )
        except EvaluationStopped as stopped:
            gr.Info(str(stopped))
            return tuple(gr.skip() for _ in outputs)
        studio.evaluation.reports.add(report)
        return show(report.report_id)

    def going_on(name: str | None) -> tuple[Any, ...]:
        """Return a catalogue's running and unfinished jobs, and their buttons."""
        jobs = studio.evaluation.jobs.of(name) if name else ()
        running = next((job for job in jobs if job.running), None)
        return (
            render("evaluate_jobs.html", jobs=jobs),
            gr.update(visible=running is not None),
            gr.update(visible=any(job.unfinished for job in jobs)),
            (name, running.subject) if running else None,
        )

    @sentences
    @notice.keeps(len(outputs))
    @allowed(studio, Action.EVALUATE)
    def evaluate(
        name: str | None,
        chosen: str | None,
        asked: list[str],
        request: gr.Request,
        progress: gr.Progress = PROGRESS,
    ) -> tuple[Any, ...]:
        if not (name and chosen):
            raise EvaluationError("Index a catalogue first; then choose a task.")
        engines = in_order(studio, asked)

        def run(tell: OnProgress) -> Report:
            return studio.tasks.run(chosen, engines, name, on_progress=tell)

        return measured((name, chosen), engines, run, request, progress)

    @sentences
    @notice.keeps(len(outputs))
    @allowed(studio, Action.EVALUATE)
    def evaluate_files(
        name: str | None,
        asked: list[str],
        ask: str | None,
        right: str | None,
        fused: bool,
        relevant_from: float | None,
        request: gr.Request,
        progress: gr.Progress = PROGRESS,
    ) -> tuple[Any, ...]:
        if not ask:
            raise EvaluationError("Choose a file of queries; where it has no grades, another one.")
        qrels = Path(right) if right else None
        given = studio.labels.questions(Path(ask), qrels, name, pictures=False)
        engines, title = in_order(studio, asked), Path(ask).stem[:80]
        by = ranking_of(fused)

        def run(tell: OnProgress) -> Report:
            return studio.evaluation.evaluate(
                given.queries, given.qrels, engines, name, title=title, ranking=by,
                notes=given.notes, highest=given.highest, relevant_from=int(relevant_from or 1),
                on_progress=tell,
            )  # fmt: skip

        return measured((name or "", FILES), engines, run, request, progress)

    @sentences
    @notice.keeps(len(outputs))
    @allowed(studio, Action.EVALUATE)
    def evaluate_judged(
        name: str | None,
        asked: list[str],
        set_id: str | None,
        rule: str,
        relevant_from: int | None,
        fused: bool,
        request: gr.Request,
        progress: gr.Progress = PROGRESS,
    ) -> tuple[Any, ...]:
        if not set_id:
            raise EvaluationError("Choose a judgment set; Annotate makes one.")
        engines = in_order(studio, asked)

        def run(tell: OnProgress) -> Report:
            return studio.judging.evaluate(
                set_id, engines, rule=rule, relevant_from=relevant_from, ranking=ranking_of(fused),
                catalog=name, on_progress=tell,
            )  # fmt: skip

        return measured((name or "", set_id), engines, run, request, progress)

    @sentences
    @allowed(studio, Action.EVALUATE)
    def begin(name: str | None, chosen: str | None) -> tuple[Any, ...]:
        return gr.update(visible=True), (name, chosen) if name and chosen else None

    @sentences
    @allowed(studio, Action.EVALUATE)
    def stop_it(job: tuple[str, str] | None) -> None:
        if job and studio.evaluation.jobs.file(*job).stop():
            gr.Info("It stops after its present step.")
        else:
            gr.Info("It does not run: it has ended, or waits for another evaluation to end.")

    @sentences
    def ended(name: str | None) -> tuple[Any, ...]:
        return going_on(name)

    @sentences
    @allowed(studio, Action.EVALUATE)
    def dismiss_jobs(name: str | None) -> tuple[Any, ...]:
        if name:
            studio.evaluation.jobs.dismiss(name)
        return going_on(name)

    @sentences
    @allowed(studio, Action.DELETE)
    def remove(report_id: str | None) -> tuple[Any, ...]:
        if report_id:
            studio.evaluation.reports.remove(report_id)
        report_ids = studio.evaluation.reports.ids()
        return show(report_ids[0] if report_ids else None)

    page.load(load, None, [catalog, engines, lacking, task, about, *outputs], **_PRIVATE).then(
        ended, catalog, going, show_progress="hidden", **_PRIVATE
    )
    catalog.input(None, catalog, None, js="(name) => { vs.useCatalog(name); }", **_PRIVATE)
    catalog.input(change_catalog, catalog, [task, about, *outputs], **_PRIVATE).then(
        ended, catalog, going, show_progress="hidden", **_PRIVATE
    )
    task.input(explain, [catalog, task], about, **_PRIVATE)
    run_options: dict[str, Any] = {**_PRIVATE, "concurrency_limit": 1, "concurrency_id": "evaluate"}
    answered = [*outputs, *notice.outputs]
    for button, work, given in (
        (go, evaluate, [catalog, task, engines]),
        (go_files, evaluate_files, [catalog, engines, queries, qrels, words, least]),
        (
            judged.go,
            evaluate_judged,
            [catalog, engines, judged.sets, judged.rule, judged.relevant_from, judged.words],
        ),
    ):
        named = {go: task, go_files: files, judged.go: judged.sets}[button]
        button.click(
            begin, [catalog, named], [stop, running], show_progress="hidden", **_PRIVATE
        ).success(work, given, answered, show_progress_on=shown, **run_options).then(
            None, stored, None, js=REMEMBER_JS, **_PRIVATE
        ).then(ended, catalog, going, show_progress="hidden", **_PRIVATE)
    stop.click(stop_it, running, None, **_PRIVATE)
    dismiss.click(dismiss_jobs, catalog, going, **_PRIVATE)
    stored.input(sentences(show), stored, outputs, **_PRIVATE).then(
        None, stored, None, js=REMEMBER_JS, **_PRIVATE
    )
    forget.click(remove, stored, outputs, **_PRIVATE)


#: The address bar names the report that is shown, so that it can be sent around.
REMEMBER_JS = """(id) => {
  const to = new URL(window.location);
  if (id) to.searchParams.set("report", id); else to.searchParams.delete("report");
  window.history.replaceState(window.history.state, "", to);
}"""

#: Open the form for a new measurement and show it.
OPEN_FORM_JS = """() => {
  const form = document.querySelector("#evaluate-form");
  form?.classList.add("vs-open");
  form?.scrollIntoView({ block: "start" });
}"""


def about_html(tasks: tuple[EvalTask, ...], chosen: str | None) -> str:
    """Return the explanation of the chosen task, and the tasks that the catalogue can't have."""
    return render(
        "evaluate_about.html",
        chosen=next((task for task in tasks if task.name == chosen), None),
        missing=[task for task in tasks if not task.available],
    )


def _follow(progress: gr.Progress) -> Any:
    def report(at: Progress) -> None:
        text = at.message or at.stage
        text = f"{text}, {at.time_left}" if at.time_left else text
        progress((at.done, at.total) if at.total else None, desc=text)

    return report
