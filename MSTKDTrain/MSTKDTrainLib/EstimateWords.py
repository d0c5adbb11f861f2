"""An estimate of the engine's in one or two sentences."""

from __future__ import annotations

from MSTKDLib.Translation import _

from .RunWords import HOUR, durationText

ARMS = 5
"""Trainings of an ablation."""


def estimateText(estimate: dict, cases: int, ablation: bool) -> str:
    """Hours, steps, the time of an epoch, memory and disk."""
    phases, hours = estimate["phases"], estimate["hours"] * HOUR
    steps = sum(phase["steps"] for phase in phases)
    epochs = listedDurations([phase["seconds_per_epoch"] for phase in phases])
    time = _("{duration} on {device}: {steps} steps; an epoch of {cases} patients takes {epochs}").format(
        duration=durationText(hours),
        device=estimate.get("device_name") or estimate["device"],
        steps=f"{steps:,}",
        cases=cases,
        epochs=epochs,
    )
    if ablation:
        total = durationText(ARMS * hours)
        time = _("{arms} trainings, {total} in all; each takes about {time}.").format(arms=ARMS, total=total, time=time)
    else:
        time = _("About {time}.").format(time=time)
    needs = _("Needs {memory} GB of {free} GB memory and {disk} GB of {space} GB disk.").format(
        memory=_amount(estimate["memory_gb"]),
        free=_amount(estimate["memory_free_gb"]),
        disk=_amount(estimate["disk_gb"]),
        space=_amount(estimate["disk_free_gb"]),
    )
    return " ".join([time, needs, *estimate["shortages"]])


def listedDurations(seconds: list[float]) -> str:
    """One duration, or from the shortest to the longest where phases differ."""
    texts = list(dict.fromkeys(durationText(value) for value in sorted(seconds)))
    return texts[0] if len(texts) == 1 else _("{first} to {last}").format(first=texts[0], last=texts[-1])


def _amount(gigabytes: float) -> str:
    return f"{gigabytes:.1f}" if gigabytes < 100 else f"{gigabytes:.0f}"
