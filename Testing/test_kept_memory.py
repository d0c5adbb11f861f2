"""Freed memory stays with a process that trains on a CPU, and goes back to the system otherwise."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

MEASURE = """
import sys, numpy, psutil, torch
from pathlib import Path
from small_run import write_config
from mstkd.training.config import read_config
from mstkd.training.devices import make_fabric
from mstkd.training.journal import Journal
from mstkd.training.loop import Trainer

folder, workers = Path(sys.argv[1]), sys.argv[2]
config = read_config(write_config(folder / "config.yaml"), [f"sampling.workers={workers}"])
fabric = make_fabric(torch.device("cpu"), config.precision)
trainer = Trainer(config, [], folder, fabric=fabric, validate=lambda *_: {}, journal=Journal(folder, ()))
size = lambda: psutil.Process().memory_info().vms
before = size()
for _ in range(3):
    maps = [numpy.empty(50_000_000) for _ in range(10)]  # never written to: it takes no room
    del maps
print((size() - before) / 4e9)
"""


def left(folder, *, workers):
    """Of ten freed maps, what share a process still holds that has begun to train."""
    command = [sys.executable, "-c", MEASURE, str(folder), str(workers)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parent)
    return float(done.stdout.splitlines()[-1])


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other systems' malloc is left as it is")
def test_freed_maps_are_kept_for_the_next_ones_and_no_more_than_were_needed(tmp_path):
    assert left(tmp_path, workers=0) == pytest.approx(1, abs=0.2)
    assert left(tmp_path, workers=1) == pytest.approx(0, abs=0.2), "a worker would begin with all that is kept"
