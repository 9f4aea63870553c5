"""One fine-tuning run at a time, and what is seen of it from elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from core.app.training_jobs import AdaptJobs
from core.domain import Engine, ImageView, Profile, TextView, Towers
from core.errors import EvaluationError, TrainingError, TrainingStopped
from core.store.meta import CatalogMeta
from core.training.runs import Runs


def test_a_run_is_seen_while_it_lives_and_after(tmp_path: Path) -> None:
    runs = Runs(tmp_path / "engines")
    assert runs.latest() is None
    assert not runs.busy()
    with runs.hold("mine", "shop", "vl-clip") as voice:
        elsewhere = Runs(tmp_path / "engines")
        voice.tell("training", 3, 12)
        seen = elsewhere.latest()
        assert seen is not None
        assert (seen.engine, seen.stage, seen.done, seen.total) == ("mine", "training", 3, 12)
        assert seen.running
        with pytest.raises(TrainingError, match="already"), elsewhere.hold("b", "shop", "clip"):
            pass
        assert elsewhere.latest() == seen, "the other one changed nothing"
        voice.end("done", report="shop-adapted-1")
    seen = runs.latest()
    assert seen is not None
    assert (seen.running, seen.report) == (False, "shop-adapted-1")
    runs.forget("another")
    assert runs.latest() is not None
    runs.forget("mine")
    assert runs.latest() is None


def test_a_failed_and_a_killed_run_say_so(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    with pytest.raises(TrainingError), runs.hold("mine", "shop", "clip"):
        raise TrainingError("Too few items.")
    failed = runs.latest()
    assert failed is not None
    assert (failed.stage, failed.message, failed.running) == ("failed", "Too few items.", False)
    state = json.loads((tmp_path / ".run.json").read_text()) | {"running": True}
    (tmp_path / ".run.json").write_text(json.dumps(state))  # as a killed process leaves it
    killed = runs.latest()
    assert killed is not None
    assert killed.stage == "stopped"
    assert "goes on where it was" in killed.message


def test_a_run_is_asked_to_stop_from_elsewhere(tmp_path: Path) -> None:
    runs, elsewhere = Runs(tmp_path), Runs(tmp_path)
    elsewhere.stop()  # nothing runs, so nothing is asked

    def run() -> None:
        with runs.hold("mine", "shop", "clip") as voice:
            assert not voice.training(1, 12)
            voice.go_on()
            elsewhere.stop()
            assert voice.training(2, 12)
            voice.go_on()

    with pytest.raises(TrainingStopped):
        run()
    ended = runs.latest()
    assert ended is not None
    assert (ended.stage, ended.running) == ("stopped", False)
    assert "goes on where it was" in ended.message
    with runs.hold("mine", "shop", "clip") as voice:
        assert not voice.training(3, 12), "an old wish does not meet a new run"
    with pytest.raises(KeyboardInterrupt), runs.hold("mine", "shop", "clip"):
        raise KeyboardInterrupt
    assert runs.latest().stage == "stopped"  # type: ignore[union-attr]


class Meta:
    """The facts of one catalogue, in memory."""

    def __init__(self) -> None:
        self.now = CatalogMeta("Shop", engine="")

    def read(self) -> CatalogMeta:
        return self.now

    def write(self, meta: CatalogMeta) -> None:
        self.now = meta


def desk(tmp_path: Path, items: int) -> AdaptJobs:
    """A desk over one catalogue with so many items; ``clip`` can be fine-tuned, ``gcl`` can't."""
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
    compact = {Profile.COMPACT: Towers("compact", "")}
    recipes = {
        name: Engine(name, name.upper(), "", ImageView.PHOTO, TextView.TITLE, 0.2, towers)
        for name, towers in (("clip", compact), ("gcl", {Profile.FULL: Towers("open_clip", "x")}))
    }

    def gone(report: str) -> None:
        raise EvaluationError("no such report")

    return AdaptJobs(
        library,  # type: ignore[arg-type]
        SimpleNamespace(recipes=recipes),  # type: ignore[arg-type]
        SimpleNamespace(data_dir=tmp_path, profile=Profile.COMPACT),  # type: ignore[arg-type]
        SimpleNamespace(report=gone, verdicts=lambda report: ()),  # type: ignore[arg-type]
        training=lambda: SimpleNamespace(check_name=lambda name: None),  # type: ignore[arg-type,return-value]
    )


def test_the_desk_offers_what_can_be_done(tmp_path: Path) -> None:
    own = desk(tmp_path, 150)
    assert [one.name for one in own.state().bases] == ["clip"]
    own.check("mine", "shop", "clip")
    with pytest.raises(TrainingError, match="“gcl” can't"):
        own.check("mine", "shop", "gcl")
    own.use("clip")
    assert own.state().chosen == "clip"
    with pytest.raises(TrainingError, match="no vectors"):
        own.use("gcl")
    own.use("")
    assert own.state().chosen == ""
    runs = Runs(tmp_path / "engines")
    with runs.hold("clip", "shop", "clip") as voice:
        voice.end("done", report="removed")
        with pytest.raises(TrainingError, match="already"):
            own.check("mine", "shop", "clip")
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
        own.check("mine", "shop", "clip")
