from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.errors import ExperimentError
from core.experiments.experiment_store import ExperimentStore
from core.experiments.model import Experiment, ExperimentStatus, Variant, id_from

AB = Experiment(
    "clip-against-vl-clip",
    "CLIP against VL-CLIP",
    variants=(Variant("control", "clip"), Variant("new", "vl-clip", 2)),
    filters={"device": ("mobile",)},
    started=datetime(2026, 3, 1, tzinfo=UTC),
)


def test_an_experiment_is_read_as_it_was_written():
    assert Experiment.from_dict(json.loads(json.dumps(AB.as_dict()))) == AB
    assert AB.baseline.name == "control"
    assert AB.shares == {"control": 1 / 3, "new": 2 / 3}


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"id": "../x"}, "short name"),
        ({"variants": (Variant("a"),)}, "2 to 20"),
        ({"variants": (Variant("a"), Variant("a"))}, "one name"),
        ({"variants": (Variant("a"), Variant("b", weight=0))}, "above 0"),
        ({"traffic": 1.5}, "traffic"),
        ({"slot": (0.5, 0.5)}, "slot"),
    ],
)
def test_what_can_not_be_run_is_refused(change: dict, word: str):
    with pytest.raises(ExperimentError, match=word):
        replace(AB, **change)


def test_the_store_keeps_one_of_each_and_gives_slots(tmp_path: Path):
    store = ExperimentStore(tmp_path)
    first = store.add(store.with_slot(replace(AB, group="g"), 0.6))
    assert store.free_id("CLIP against VL-CLIP") == "clip-against-vl-clip-2"
    with pytest.raises(ExperimentError, match="already"):
        store.add(AB)
    with pytest.raises(ExperimentError, match="no free share"):
        store.with_slot(replace(AB, id="b", group="g"), 0.5)
    second = store.add(store.with_slot(replace(AB, id="b", group="g"), 0.4))
    assert (first.slot, second.slot) == ((0, 0.6), (0.6, 1))
    with pytest.raises(ExperimentError, match="some of these units"):
        store.change("b", lambda e: replace(e, slot=(0.5, 1.0)))
    store.change(first.id, lambda e: replace(e, status=ExperimentStatus.STOPPED))
    assert store.with_slot(replace(AB, id="c", group="g"), 0.6).slot == (0, 0.6)
    assert store.all() == (store.get("b"), store.get(first.id))
    with pytest.raises(ExperimentError, match=r"no experiment “\.\./b”"):
        store.get("../b")


def test_a_damaged_file_hides_no_other(tmp_path: Path):
    store = ExperimentStore(tmp_path)
    store.add(AB)
    (tmp_path / "bad.json").write_text("{")
    assert store.all() == (AB,)


def test_short_names_come_from_names():
    assert id_from("CLIP, round 2!") == "clip-round-2"
    assert id_from("漢字") == "experiment"
