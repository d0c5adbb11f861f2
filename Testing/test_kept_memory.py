"""Freed memory stays with a process that asked for that, and goes back to the system otherwise."""

import platform
import subprocess
import sys

import pytest

MEASURE = """
import sys, numpy, psutil
from mstkd.training.malloc import keep_freed_memory
if sys.argv[1] == "keep":
    keep_freed_memory()
size = lambda: psutil.Process().memory_info().vms
before = size()
for _ in range(3):
    maps = [numpy.empty(50_000_000) for _ in range(10)]  # never written to: it takes no room
    del maps
print((size() - before) / 4e9)
"""


def left(*, kept):
    """Of ten freed maps, what share the process still holds."""
    command = [sys.executable, "-c", MEASURE, "keep" if kept else "give back"]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other systems' malloc is left as it is")
def test_freed_maps_are_kept_for_the_next_ones_and_no_more_than_were_needed():
    assert left(kept=False) == pytest.approx(0, abs=0.2)
    assert left(kept=True) == pytest.approx(1, abs=0.2)
