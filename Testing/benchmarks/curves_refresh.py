"""What a look at a growing run costs Slicer's event loop: journal, curves, charts, table; medians in ms as JSON.

python Testing/benchmarks/curves_refresh.py [--turns 20]

Times are of the processor, which a busy machine does not lengthen; `wall_ms` is what a person would
wait here and now. For journals of 1,000, 10,000 and 100,000 steps, all three charts of the run shown: `first_ms` is
everything that was written until then, cut into looks (of which `longest_look_ms` took the
longest); each turn then appends a step and looks again, every tenth turn a validation too.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "Testing"), str(ROOT / "MSTKDTrain")]

SIZES = (1_000, 10_000, 100_000)


def milliseconds(work) -> float:
    started = time.thread_time()
    work()
    return 1000 * (time.thread_time() - started)


def measured(steps: int, turns: int, folder: Path) -> dict[str, float]:
    from MSTKDTrainLib.CurvesView import CurvesView
    from MSTKDTrainLib.Monitor import RunMonitor
    from training_journal import events, training_step, validation, write_journal

    run = write_journal(folder / str(steps), events(steps, every=max(1, steps // 40)))
    (run / "config.yaml").touch()
    monitor, view, rng = RunMonitor(run), CurvesView(), np.random.default_rng(1)
    looks = []
    while not looks or monitor.behind:
        looks.append(milliseconds(monitor.poll) + milliseconds(lambda: view.show(monitor)))
    for chart in range(3):
        view._ui.chartCombo.currentIndex = chart
        view._ui.showPlotButton.click()
    polls, shows, walls = [], [], []
    for turn in range(turns):
        step = steps + turn + 1
        write_journal(run, [training_step(step, steps, rng)], "a")
        if turn % 10 == 9:
            write_journal(run, [validation(step, steps, rng)], "a")
        started = time.perf_counter()
        polls.append(milliseconds(monitor.poll))
        shows.append(milliseconds(lambda: view.show(monitor)))
        walls.append(1000 * (time.perf_counter() - started))
    view.close()
    both = [poll + show for poll, show in zip(polls, shows, strict=True)]
    return {
        "first_ms": round(sum(looks)),
        "longest_look_ms": round(max(looks), 1),
        "poll_ms": round(statistics.median(polls), 2),
        "show_ms": round(statistics.median(shows), 2),
        "refresh_ms": round(statistics.median(both), 2),
        "wall_ms": round(statistics.median(walls), 2),
        "longest_refresh_ms": round(max(both), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=20)
    turns = parser.parse_args().turns
    from slicer_host import boot

    boot()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps({str(steps): measured(steps, turns, Path(folder)) for steps in SIZES}, indent=1))


if __name__ == "__main__":
    main()
