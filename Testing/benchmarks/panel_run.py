"""Clicks in the panel with the sample patient: seconds to the result, and how long the event loop was ever held up.

python Testing/benchmarks/panel_run.py [--turns 3]

Each turn is a fresh panel whose engine is started by the first click; one more panel has
warmed its engine up before. Medians over the turns, as JSON; gaps are the longest of all,
between two beats of a 5 ms timer, by what the logic was doing. PySide parses the
signatures of a Qt class when it is first used, about 80 ms for a table, which PythonQt does
not do; here that is done before. The first turn of the process has its gaps apart.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2] / "MSTKDSegment")]

from slicer_host import boot  # noqa: E402  needs the path set above

host = boot()

import qt  # noqa: E402  needs the host
from MSTKDSegmentLib.Sample import loadSample  # noqa: E402  needs the host
from PySide6 import QtGui, QtWidgets  # noqa: E402  needs the host
from shibokensupport.signature import get_signature  # noqa: E402  PySide puts it there

BEAT_MS = 5
STATES = ("preparing", "running", "importing", "idle")


class Gaps:
    """The longest time between two beats of a timer, by state of the logic, in ms."""

    def __init__(self, logic) -> None:
        self.longest: dict[str, float] = {}
        self._logic, self._last = logic, time.perf_counter()
        self._timer = qt.QTimer()
        self._timer.connect("timeout()", self._beat)
        self._timer.start(BEAT_MS)

    def stop(self) -> None:
        self._timer.stop()

    def _beat(self) -> None:
        now, state = time.perf_counter(), self._logic.state.value
        self.longest[state] = max(self.longest.get(state, 0.0), 1000 * (now - self._last))
        self._last = now


def click(panel) -> tuple[float, float]:
    """Click Segment; seconds to the result, and those of them until the engine was ready."""
    started = time.perf_counter()
    before = panel.logic.device
    panel.ui.segmentButton.click()
    ready = 0.0
    while panel.logic.state.busy:
        host.process(2)
        if not before and not ready and panel.logic.device:
            ready = time.perf_counter() - started
    assert not panel.logic.message, panel.logic.message
    return time.perf_counter() - started, ready


def turn(warm: bool) -> tuple[tuple[float, float], tuple[float, float], dict[str, float]]:
    """A fresh scene and panel: the first click, the second click, the gaps."""
    host.reset()
    if not warm:
        host.setTesting(True)  # in which the panel does not warm up
    loadSample()
    panel = host.openModule("MSTKDSegment")
    host.answer("confirmOkCancel", True)  # the model's licence
    if warm:
        host.waitUntil(lambda: panel.logic.device is not None, seconds=120)
    gaps = Gaps(panel.logic)
    first, second = click(panel), click(panel)
    gaps.stop()
    host.closeModule(panel)
    return first, second, gaps.longest


def parse_signatures() -> None:
    """Let PySide read the classes of the results' table."""
    for cls in (QtWidgets.QTableWidget, QtWidgets.QTableWidgetItem, QtWidgets.QHeaderView, QtGui.QColor):
        get_signature(cls)
        for name in vars(cls):
            get_signature(getattr(cls, name))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=3)
    parse_signatures()
    count = parser.parse_args().turns
    turns = [turn(warm=False) for _ in range(count)]
    warm = turn(warm=True)
    median = statistics.median
    report = {
        "first_click_s": round(median(first for (first, _), _, _ in turns), 2),
        "of_which_start_up_s": round(median(ready for (_, ready), _, _ in turns), 2),
        "start_up_share": round(median(ready / first for (first, ready), _, _ in turns), 2),
        "first_click_after_warm_up_s": round(warm[0][0], 2),
        "second_click_s": round(median(second for _, (second, _), _ in turns), 2),
        "first_over_second": round(median(first / second for (first, _), (second, _), _ in turns), 2),
        "longest_gap_ms": {
            state: round(max(gaps.get(state, 0.0) for *_, gaps in [*turns[1:], warm])) for state in STATES
        },
        "longest_gap_of_the_first_turn_ms": {state: round(turns[0][2].get(state, 0.0)) for state in STATES},
    }
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
