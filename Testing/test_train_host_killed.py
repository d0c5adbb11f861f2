"""Slicer crashes while it trains: the trainer does not notice, and the next Slicer finds the run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
from small_run import write_config, write_patients

from mstkd.runs import RunState, read_journal, read_run
from mstkd.training.config import read_config
from mstkd.training.run import start_run

SECONDS = 300
HOST = """
    import sys, time
    from pathlib import Path
    from slicer_host import boot
    host = boot()
    from MSTKDTrainLib import TrainLogic
    logic = TrainLogic()
    logic.runsFolder, logic.device = Path(sys.argv[1]).parent, "cpu"
    logic.start(Path(sys.argv[1]))
    logic.attach(Path(sys.argv[1]))
    host.waitUntil(lambda: logic.monitor.run.step >= 1, 200)
    print("training", flush=True)
    host.process(600_000)
"""


def test_a_killed_slicer_leaves_its_trainer_at_work(tmp_path):
    run = tmp_path / "runs" / "small"
    config = write_config(
        tmp_path / "config.yaml", phases=[{"steps": 40, "patch": [16, 16, 16], "learning_rate": 1e-3}]
    )
    start_run(read_config(config, []), write_patients(tmp_path / "patients"), run)
    here = Path(__file__).parent
    path = os.pathsep.join(map(str, [here, here.parent, here.parent / "MSTKDTrain"]))
    slicer = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(HOST), str(run)],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert slicer.stdout.readline() == "training\n"
    trainer = psutil.Process(read_run(run).pid)
    try:
        slicer.send_signal(signal.SIGKILL)
        slicer.wait()
        end = time.monotonic() + SECONDS
        while read_run(run).state.alive and time.monotonic() < end:
            time.sleep(0.2)
        assert read_run(run).state is RunState.FINISHED
    finally:
        if trainer.is_running():
            trainer.kill()
    assert [e["step"] for e in read_journal(run) if e["event"] == "step"] == list(range(1, 41))
