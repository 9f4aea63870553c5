"""Threads of a served studio share a few heaps."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

#: Starts 24 threads that all hold memory, and prints how many heaps there are besides the first:
#: glibc begins each at a multiple of 64 MB.
COUNT = """
import sys, threading
from core.base.heap import share_heaps
if sys.argv[1] == "shared":
    assert share_heaps()
meet, done = threading.Barrier(25), threading.Event()
def hold():
    kept = [bytearray(60_000) for _ in range(4)]
    meet.wait()
    done.wait()
threads = [threading.Thread(target=hold) for _ in range(24)]
for thread in threads:
    thread.start()
meet.wait()
starts = [line.split("-")[0] for line in open("/proc/self/maps")]
print(sum(int(start, 16) % 2**26 == 0 for start in starts))
done.set()
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_threads_share_two_heaps() -> None:
    def heaps(how: str) -> int:
        command = [sys.executable, "-c", COUNT, how]
        return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    assert heaps("shared") <= 2
    assert heaps("as it is") > 4
