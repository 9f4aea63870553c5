"""The installed package holds the whole studio: every module, template and data file."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from email.parser import Parser
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SHIPPED = ("core", "ui", "data")
IGNORED = shutil.ignore_patterns("__pycache__", "*.pyc", ".DS_Store")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    if find_spec("setuptools") is None:  # not imported: it clashes with a distutils that is loaded
        pytest.skip("a wheel is built with setuptools, which is not installed")
    folder = tmp_path_factory.mktemp("package")
    source, out = folder / "source", folder / "out"
    source.mkdir()
    out.mkdir()
    for name in SHIPPED:  # a copy, so that nothing is left in the working tree
        shutil.copytree(ROOT / name, source / name, ignore=IGNORED, copy_function=_link)
    for name in ("app.py", "pyproject.toml", "requirements.txt", "README.md", "LICENSE"):
        _link(str(ROOT / name), str(source / name))
    build = f"from setuptools.build_meta import build_wheel; build_wheel({str(out)!r})"
    result = subprocess.run(
        [sys.executable, "-c", build], cwd=source, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return zipfile.ZipFile(next(out.glob("*.whl")))


def test_every_shipped_file_is_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    expected = {"app.py"} | {
        path.relative_to(ROOT).as_posix()
        for name in SHIPPED
        for path in (ROOT / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.name != ".DS_Store"
    }
    assert expected - set(wheel.namelist()) == set()


def test_nothing_else_is_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"app.py", *SHIPPED}


def test_the_extras_are_installed_for_the_tests() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    installed = (ROOT / "requirements-dev.txt").read_text().splitlines()
    asked = {line for extra in project["optional-dependencies"].values() for line in extra}
    assert asked
    assert asked <= set(installed)


def test_the_wheel_asks_for_the_requirements_and_has_the_command(wheel: zipfile.ZipFile) -> None:
    (metadata,) = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    asked = Parser().parsestr(wheel.read(metadata).decode()).get_all("Requires-Dist") or []
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    names = [line for line in lines if line and not line.startswith("#")]
    assert len([line for line in asked if "extra ==" not in line]) == len(names)
    entries = wheel.read(metadata.replace("METADATA", "entry_points.txt")).decode()
    assert "vl-clip-studio = app:main" in entries


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)
