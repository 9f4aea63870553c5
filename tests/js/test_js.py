"""The unit tests of the pages' JavaScript, under node."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node to run JavaScript with")
@pytest.mark.parametrize("path", sorted(HERE.glob("*.test.cjs")), ids=lambda path: path.name)
def test_javascript(path: Path) -> None:
    done = subprocess.run(
        ["node", "--test", str(path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
