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


@pytest.mark.parametrize(
    ("vendor", "kind", "drivers", "idle"),
    [
        ("0x10de", "0x030200", (), True),
        ("0x10de", "0x030200", ("driver",), False),
        ("0x10de", "0x040300", (), False),  # its sound
        ("0x1234", "0x030000", (), False),  # another maker's display
    ],
)
def test_a_gpu_whose_driver_is_not_loaded_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vendor: str, kind: str,
    drivers: tuple[str, ...], idle: bool,
) -> None:  # fmt: skip
    monkeypatch.setattr(device.sys, "platform", "linux")
    monkeypatch.setattr(device, "_DRIVERS", tuple(tmp_path / name for name in ("x", *drivers)))
    for name in drivers:
        (tmp_path / name).touch()
    card = tmp_path / "pci" / "0000:01:00.0"
    card.mkdir(parents=True)
    (tmp_path / "pci" / "0000:00:00.0").mkdir()  # one that can't be read
    (card / "vendor").write_text(f"{vendor}\n")
    (card / "class").write_text(f"{kind}\n")
    device.idle_gpu.cache_clear()
    sentence = device.idle_gpu(tmp_path / "pci")
    device.idle_gpu.cache_clear()
    assert ("sudo modprobe nvidia" in sentence) is idle


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
