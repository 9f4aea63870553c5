from __future__ import annotations

from pathlib import Path

import pytest
import torch

from core.embedding import device
from core.embedding.device import device_name, most_at_once, resolve_device, resolve_dtype
from core.errors import SettingsError

CPU = torch.device("cpu")


def test_explicit_settings_are_kept() -> None:
    assert resolve_device("cpu") == CPU
    assert resolve_dtype("float32", CPU) is torch.float32
    assert resolve_dtype("bfloat16", CPU) is torch.bfloat16


def test_auto_picks_something_that_exists() -> None:
    assert resolve_dtype("auto", resolve_device("auto")) in (torch.float32, torch.bfloat16)


def test_torch_is_asked_for_a_gpu_only_where_there_is_a_driver(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device.sys, "platform", "linux")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(device, "_DRIVERS", (tmp_path / "none", tmp_path / "driver"))
    assert device_name("auto") == "cpu"
    (tmp_path / "driver").touch()
    assert device_name("auto") == "cuda"
    assert device_name("cpu") == "cpu"
    monkeypatch.setattr(device.sys, "platform", "darwin")
    (tmp_path / "driver").unlink()
    assert device_name("auto") == "cuda"


def test_unknown_device_is_a_sentence() -> None:
    with pytest.raises(SettingsError, match="'warp'"):
        resolve_device("warp")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_missing_gpu_is_a_sentence() -> None:
    with pytest.raises(SettingsError, match="sees no GPU"):
        resolve_device("cuda")


@pytest.mark.parametrize(("free", "batch"), [(40e9, 8), (9e9, 2), (3e9, 1), (0, 1)])
def test_a_batch_takes_half_of_the_free_memory(
    monkeypatch: pytest.MonkeyPatch, free: float, batch: int
) -> None:
    monkeypatch.setattr("core.embedding.device.free_bytes", lambda: int(free))
    assert most_at_once(CPU, 1_700_000_000, 8) == batch
