"""Derived files: made once, by one process, and anew where they are damaged."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from core.weights.derived import Derivation, damaged, derived
from core.weights.registry import WeightSpec
from core.weights.sources import ShippedSource
from core.weights.store import WeightStore

ROOT = Path(__file__).parents[3]


def store_in(folder: Path) -> WeightStore:
    """Return a store whose only role ships in ``folder/shipped``; weights there stay."""
    weights = folder / "shipped" / "tiny" / "weights"
    if not weights.exists():  # another process may be reading them
        weights.parent.mkdir(parents=True)
        weights.write_text("7")
    spec = WeightSpec("tiny", "Tiny", (), ShippedSource("tiny"), 1, "MIT", "test", entry="weights")
    return WeightStore(folder, shipped=folder / "shipped", registry={"tiny": spec})


def doubled(source: Path, target: Path) -> None:
    number = int((source / "weights").read_text())
    target.write_text(str(2 * number))
    with (target.parent / "runs").open("a") as runs:
        runs.write("x")


def derivation(version: str = "1") -> Derivation:
    return Derivation("tiny", "doubled", version, doubled)


@pytest.fixture
def store(tmp_path: Path) -> WeightStore:
    return store_in(tmp_path)


def runs(store: WeightStore) -> int:
    return len((store.root / "derived" / "runs").read_text())


def test_it_is_made_once(store: WeightStore) -> None:
    path = derived(store, derivation())
    assert path.read_text() == "14"
    assert derived(store, derivation()) == path
    assert runs(store) == 1
    assert damaged(store) == []


def test_a_damaged_file_is_made_anew(store: WeightStore) -> None:
    path = derived(store, derivation())
    path.write_text("15")
    assert damaged(store) == ["doubled"]
    assert derived(store, derivation()).read_text() == "14"
    path.unlink()
    assert derived(store, derivation()).read_text() == "14"
    path.with_name("doubled.note.json").write_text("[")
    assert derived(store, derivation()).read_text() == "14"
    assert runs(store) == 4


def test_other_weights_or_another_version_make_it_anew(store: WeightStore, tmp_path: Path) -> None:
    derived(store, derivation())
    derived(store, derivation("2"))
    (tmp_path / "shipped" / "tiny" / "weights").write_text("8")
    assert derived(store, derivation("2")).read_text() == "16"
    assert runs(store) == 3


def test_a_failed_conversion_leaves_nothing(store: WeightStore) -> None:
    def fails(source: Path, target: Path) -> None:
        target.write_text("half")
        raise ValueError("not the expected weights")

    with pytest.raises(ValueError, match="not the expected"):
        derived(store, Derivation("tiny", "doubled", "1", fails))
    assert not (store.root / "derived" / "doubled").exists()
    assert derived(store, derivation()).read_text() == "14"


def test_two_processes_make_it_once(store: WeightStore, tmp_path: Path) -> None:
    program = """
        import sys, time
        from pathlib import Path
        from core.weights import derived as room
        from tests.core.weights.test_derived import Derivation, doubled, store_in

        def slowly(source, target):
            time.sleep(0.3)
            doubled(source, target)

        derivation = Derivation("tiny", "doubled", "1", slowly)
        print(room.derived(store_in(Path(sys.argv[1])), derivation).read_text())
    """
    command = [sys.executable, "-c", textwrap.dedent(program), str(tmp_path)]
    both = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(2)
    ]
    assert [process.communicate()[0].strip() for process in both] == ["14", "14"]
    assert runs(store) == 1
