"""Runs in words: their state, how far they are, how long they will take."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from MSTKDLib.Translation import _

if TYPE_CHECKING:
    from mstkd.runs import Curves, Run

MINUTE, HOUR, DAY = 60, 3600, 86400


def stateText(run: Run, *, starting: bool, asked: str) -> str:
    """A run's state in a word or two.

    Args:
        starting: A trainer was started and has said nothing yet.
        asked: "pause" or "stop" while the trainer has not yet done so, else empty.
    """
    if asked:
        return {"stop": _("stopping"), "pause": _("pausing")}[asked]
    if starting:
        return _("starting")
    return {
        "waiting": _("not started"),
        "preparing": _("preparing"),
        "running": _("running"),
        "paused": _("paused"),
        "stopped": _("stopped"),
        "finished": _("finished"),
        "failed": _("failed"),
        "interrupted": _("interrupted"),
    }[run.state.value]


def progressText(run: Run, curves: Curves) -> str:
    """What is being done, the step, the epoch and the time left, as far as each is known."""
    parts = [run.text] if run.text else []
    if run.steps:
        parts.append(_("step {step} of {steps}").format(step=f"{run.step:,}", steps=f"{run.steps:,}"))
    if curves.epoch is not None:
        parts.append(_("epoch {epoch}").format(epoch=f"{curves.epoch:.1f}"))
    if run.state.value == "running" and curves.seconds_left is not None:
        parts.append(_("about {duration} left").format(duration=durationText(curves.seconds_left)))
    return ", ".join(parts)


def pauseWords(run: Run | None, asked: str) -> tuple[str, str]:
    """What the one button for Pause and Resume says and does; `asked` as in `stateText`."""
    if run is None:
        return _("Pause"), _("Choose a run.")
    if run.state.value == "waiting":
        return _("Start"), _("Start the training.")
    if run.state.value == "finished":
        return _("Resume"), _("The training is finished.")
    if run.state.alive and run.state.value != "paused" and not asked:
        return _("Pause"), _("Save a checkpoint and wait.")
    return _("Resume"), _("Go on from the last checkpoint.")


def stopWords(run: Run | None, starting: bool, asked: str) -> str:
    """What the button will do, or why it cannot."""
    if run is None:
        return _("Choose a run.")
    if not (run.state.alive or starting):
        return _("The run is not being trained.")
    if asked == "stop":
        return _("The run stops after its present step.")
    return _("End the training with a checkpoint, from which it can go on.")


def durationText(seconds: float) -> str:
    """A duration as precise as it is sure."""
    for limit, unit, text in (
        (1.5 * MINUTE, 1, _("{number} s")),
        (1.5 * HOUR, MINUTE, _("{number} min")),
        (2 * DAY, HOUR, _("{number} h")),
        (float("inf"), DAY, _("{number} days")),
    ):
        if seconds < limit:
            number = seconds / unit
            return text.format(number=f"{number:.0f}" if number >= 10 or unit == 1 else f"{number:.1f}")
    raise ValueError(seconds)  # no number


def timeText(seconds: float) -> str:
    """A moment, as the computer's clock shows it; the year is in most runs' names."""
    return time.strftime("%m-%d %H:%M", time.localtime(seconds))
