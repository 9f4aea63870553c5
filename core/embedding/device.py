"""Choose the device and the number format of the models."""

from __future__ import annotations

import logging
import sys
import time
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from core.base.memory import free_bytes
from core.errors import SettingsError

if TYPE_CHECKING:  # half a gigabyte, which ONNX Runtime does not need
    import torch

_log = logging.getLogger(__name__)

#: bfloat16 is used if it is at least this much faster than float32.
SPEEDUP = 1.2

#: Files of the drivers of GPUs that torch can use on Linux: NVIDIA's, of which the second is made
#: on first use, those of its Jetson boards and of Windows' Linux, and AMD's.
_DRIVERS = tuple(
    map(
        Path,
        ("/proc/driver/nvidia", "/dev/nvidiactl", "/dev/nvhost-gpu", "/dev/nvmap", "/dev/dxg",
         "/dev/kfd"),
    )
)  # fmt: skip
#: The devices of this machine; vendor and class of NVIDIA's graphics cards.
_PCI, _NVIDIA, _DISPLAY = Path("/sys/bus/pci/devices"), "0x10de", "0x03"


def device_name(setting: str) -> str:
    """Return the name of :func:`resolve_device`'s answer; without a GPU torch is not imported.

    Raises:
        SettingsError: The device is not available on this machine.
    """
    if setting == "auto":
        _warn_of_idle_gpu()
    if setting == "cpu" or (setting == "auto" and not may_have_gpu()):
        return "cpu"
    return str(resolve_device(setting))


def may_have_gpu() -> bool:
    """Tell whether torch may find a GPU; only Linux shows that without torch."""
    return sys.platform != "linux" or any(path.exists() for path in _DRIVERS)


@lru_cache(maxsize=1)
def idle_gpu(devices: Path = _PCI) -> str:
    """Return a sentence on an NVIDIA GPU whose driver is not loaded; empty if there is none."""
    if may_have_gpu():
        return ""
    for device in sorted(devices.glob("*")):
        with suppress(OSError):
            kind = (device / "class").read_text().strip()
            if (device / "vendor").read_text().strip() == _NVIDIA and kind.startswith(_DISPLAY):
                return (
                    "This machine has an NVIDIA GPU, but its driver is not loaded, so the models "
                    "run on the CPU. Load it (`sudo modprobe nvidia`; `nvidia-smi` then lists the "
                    "GPU) and start again."
                )
    return ""


@lru_cache(maxsize=1)
def _warn_of_idle_gpu() -> None:
    if problem := idle_gpu():
        _log.warning("%s", problem)


def resolve_device(setting: str) -> torch.device:
    """Return the device of the setting ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.

    Raises:
        SettingsError: The device is not available on this machine.
    """
    import torch

    if setting == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(setting)
    except RuntimeError:
        raise SettingsError(f"Device {setting!r} is not known; use auto, cpu or cuda.") from None
    if device.type == "cuda" and not torch.cuda.is_available():
        problem = idle_gpu() or "Use cpu, or install torch for this GPU."
        raise SettingsError(f"Device {setting!r} was asked for, but torch sees no GPU. {problem}")
    return device


def resolve_dtype(setting: str, device: torch.device) -> torch.dtype:
    """Return the number format of the setting ``auto``, ``float32`` or ``bfloat16``."""
    import torch

    if setting == "float32":
        return torch.float32
    if setting == "bfloat16":
        return torch.bfloat16
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    return torch.bfloat16 if bfloat16_is_faster() else torch.float32


def free_memory(device: torch.device) -> int:
    """Return the memory that models can still take on a device, in bytes."""
    if device.type == "cuda":
        import torch

        return int(torch.cuda.mem_get_info(device)[0])
    return free_bytes()


def most_at_once(device: torch.device, each: int, most: int) -> int:
    """Return how many inputs fit into one pass: 1 to ``most``, with half of the free memory.

    Args:
        device: Where the model runs.
        each: Memory of one input in a pass, in bytes.
        most: Largest batch that is of use.
    """
    return max(1, min(most, free_memory(device) // 2 // each))


@lru_cache(maxsize=1)
def bfloat16_is_faster() -> bool:
    """Tell whether this CPU multiplies matrices faster in bfloat16; measured once, about 0.2 s.

    Processors without bfloat16 instructions emulate them slowly, and torch has no public flag for
    this on every platform, so the time is measured.
    """
    import torch

    times = {dtype: _seconds(dtype) for dtype in (torch.float32, torch.bfloat16)}
    return times[torch.bfloat16] * SPEEDUP < times[torch.float32]


def _seconds(dtype: torch.dtype) -> float:
    """Time one layer of the image tower on four pictures: best of five runs."""
    import torch

    with torch.inference_mode():
        rows, weight = torch.ones(788, 768, dtype=dtype), torch.ones(768, 768, dtype=dtype)
        times = []
        for _ in range(5):
            start = time.perf_counter()
            torch.nn.functional.linear(rows, weight)
            times.append(time.perf_counter() - start)
    return min(times)
