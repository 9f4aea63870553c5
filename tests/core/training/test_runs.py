"""One fine-tuning run at a time, and what is seen of it from elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from core.app.training_jobs import AdaptJobs
from core.domain import COMPACT, FULL, Engine, ImageView, JobState, TextView, Towers
from core.errors import EvaluationError, TrainingError, TrainingStopped
from core.jobs import INTERRUPTED, STOPPED, BegunJob
from core.settings import load_settings
from core.store.meta import CatalogMeta
from core.training.runs import Runs, on_step


def test_a_run_is_seen_while_it_lives_and_after(tmp_path: Path) -> None:
    runs = Runs(tmp_path / "engines")
    assert runs.latest() is None
    with runs.begin("mine", "shop", "vl-clip", steps=12) as reporter:
        elsewhere = Runs(tmp_path / "engines")
        first = elsewhere.latest()
        assert first is not None
        assert first.job.progress.stage == "preparing"
        assert first.job.progress.seconds_left is not None
        on_step(reporter)(3, 12)
        seen = elsewhere.latest()
        assert seen is not None
        assert (seen.engine, seen.catalog, seen.base) == ("mine", "shop", "vl-clip")
        progress = seen.job.progress
        assert (progress.stage, progress.done, progress.total) == ("training", 3, 12)
        assert seen.running
        with pytest.raises(TrainingError, match="already"):
            elsewhere.begin("b", "shop", "clip")
        assert elsewhere.latest() == seen, "the other one changed nothing"
        reporter.end(JobState.DONE, details={"report": "shop-adapted-1"})
    seen = runs.latest()
    assert seen is not None
    assert (seen.running, seen.report) == (False, "shop-adapted-1")
    runs.forget("another")
    assert runs.latest() is not None
    runs.forget("mine")
    assert runs.latest() is None


def test_a_failed_and_a_killed_run_say_so(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    with pytest.raises(TrainingError), runs.begin("mine", "shop", "clip"):
        raise TrainingError("Too few items.")
    failed = runs.latest()
    assert failed is not None
    assert (failed.job.state, failed.job.message) == (JobState.FAILED, "Too few items.")
    state = json.loads((tmp_path / ".run.json").read_text()) | {"state": "running"}
    (tmp_path / ".run.json").write_text(json.dumps(state))  # as a killed process leaves it
    killed = runs.latest()
    assert killed is not None
    assert (killed.job.state, killed.job.message) == (JobState.INTERRUPTED, INTERRUPTED)


@pytest.mark.parametrize(
    ("stage", "running", "state"),
    [
        ("done", False, JobState.DONE),
        ("failed", False, JobState.FAILED),
        ("training", True, JobState.INTERRUPTED),
    ],
)
def test_a_snapshot_of_an_earlier_version_is_read(
    tmp_path: Path, stage: str, running: bool, state: JobState
) -> None:
    old = {
        "engine": "mine", "catalog": "shop", "base": "clip", "stage": stage, "done": 3,
        "total": 12, "message": "", "running": running, "report": "shop-adapted-1",
    }  # fmt: skip
    (tmp_path / ".run.json").write_text(json.dumps(old))
    run = Runs(tmp_path).latest()
    assert run is not None
    assert (run.job.state, run.engine, run.catalog) == (state, "mine", "shop")
    assert (run.base, run.report) == ("clip", "shop-adapted-1")


def test_a_run_is_asked_to_stop_from_elsewhere(tmp_path: Path) -> None:
    runs, elsewhere = Runs(tmp_path), Runs(tmp_path)
    assert not elsewhere.job.stop()  # nothing runs, so nothing is asked

    def run() -> None:
        with runs.begin("mine", "shop", "clip") as reporter:
            step = on_step(reporter)
            assert not step(1, 12)
            assert elsewhere.job.stop()
            assert step(2, 12)
            raise TrainingStopped

    with pytest.raises(TrainingStopped):
        run()
    ended = runs.latest()
    assert ended is not None
    assert (ended.job.state, ended.job.message) == (JobState.STOPPED, STOPPED)
    with runs.begin("mine", "shop", "clip") as reporter:
        assert not on_step(reporter)(3, 12), "an old stop request does not stop a new run"
    with pytest.raises(KeyboardInterrupt), runs.begin("mine", "shop", "clip"):
        raise KeyboardInterrupt
    assert runs.latest().job.state is JobState.STOPPED  # type: ignore[union-attr]


class Meta:
    """The facts of one catalogue, in memory."""

    def __init__(self) -> None:
        self.now = CatalogMeta("Shop", engine="")

    def read(self) -> CatalogMeta:
        return self.now

    def write(self, meta: CatalogMeta) -> None:
        self.now = meta


def desk(tmp_path: Path, items: int) -> AdaptJobs:
    """Make jobs over one catalogue of so many items; ``clip`` can be fine-tuned, ``gcl`` can't."""
    meta = Meta()
    store = SimpleNamespace(
        meta=meta, vectors=lambda name: SimpleNamespace(count=lambda: items * (name == "clip"))
    )
    library = SimpleNamespace(
        resolve=lambda name: "shop",
        get=lambda name: SimpleNamespace(name="shop", store=store),
        info=lambda name: SimpleNamespace(
            name="shop", searchable={"clip": items}, engine=meta.now.engine
        ),
    )
    compact = {COMPACT: Towers("compact", "")}
    recipes = {
        name: Engine(name, name.upper(), "", ImageView.PHOTO, TextView.TITLE, 0.2, towers)
        for name, towers in (("clip", compact), ("gcl", {FULL: Towers("open_clip", "x")}))
    }

    def gone(report: str) -> None:
        raise EvaluationError("no such report")

    def begin_adapt(name: str, catalog: str, *, base: str, author: str) -> BegunJob[None]:
        reporter = Runs(tmp_path / "engines").begin(name, catalog, base, author=author)
        return BegunJob(reporter, lambda reporter: None)

    return AdaptJobs(
        library,  # type: ignore[arg-type]
        SimpleNamespace(recipes=recipes),  # type: ignore[arg-type]
        load_settings(data_dir=tmp_path),
        SimpleNamespace(reports=SimpleNamespace(get=gone)),  # type: ignore[arg-type]
        training=lambda: SimpleNamespace(begin_adapt=begin_adapt),  # type: ignore[arg-type,return-value]
    )


def test_the_desk_offers_what_can_be_done(tmp_path: Path) -> None:
    own = desk(tmp_path, 150)
    assert [base.name for base in own.state().bases] == ["clip"]
    with pytest.raises(TrainingError, match="“gcl” can't"):
        own.begin("mine", "shop", "gcl")
    own.use("clip")
    assert own.state().chosen == "clip"
    with pytest.raises(TrainingError, match="no vectors"):
        own.use("gcl")
    own.use("")
    assert own.state().chosen == ""
    runs = Runs(tmp_path / "engines")
    with runs.begin("clip", "shop", "clip") as reporter:
        with pytest.raises(TrainingError, match="already"):
            own.begin("mine", "shop", "clip")
        reporter.end(JobState.DONE, details={"report": "removed"})
    assert own.state().report is None, "a removed report is no error"
    left = tmp_path / "engines" / f".clip-{'0' * 16}"
    left.mkdir()
    own.forget()
    assert own.state().run is None
    assert not left.exists()


def test_a_small_catalogue_is_a_sentence(tmp_path: Path) -> None:
    own = desk(tmp_path, 40)
    assert "has 40 items" in own.state().why_not
    with pytest.raises(TrainingError, match="needs 100 at least"):
        own.begin("mine", "shop", "clip")
