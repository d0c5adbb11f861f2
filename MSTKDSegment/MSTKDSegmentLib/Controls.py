"""From what is known to what the panel shows: one function, no Qt, so that no control can disagree with another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from MSTKDLib.Translation import _
from MSTKDLib.Words import LABELS, listed

from .States import State


@dataclass(frozen=True)
class Situation:
    """What the panel knows, as plain values.

    Attributes:
        chosen: Sequence name to the ID of the chosen node, only where one is chosen.
        mixed: Why the chosen volumes cannot be one patient's; empty where they can.
        reference: The sequence chosen as reference; empty when the engine chooses.
        missingPackages: What the engine lacks.
        model: The chosen model's label; empty when none is installed.
        removable: Whether the chosen model may be removed; the shipped one stays.
        device: What computes, and how long it takes.
        report: Where the reports go; empty when none is written.
        share, text: The logic's progress (0 to 1) and line of state.
        message: The last failure, in one sentence.
    """

    chosen: Mapping[str, str] = field(default_factory=dict)
    mixed: str = ""
    reference: str = ""
    missingPackages: tuple[str, ...] = ()
    model: str = ""
    removable: bool = False
    device: str = ""
    report: str = ""
    share: float = 0.0
    text: str = ""
    message: str = ""


@dataclass(frozen=True)
class Control:
    """A button: its text, whether it can be pressed, and what it does or why it cannot."""

    text: str
    enabled: bool
    toolTip: str


@dataclass(frozen=True)
class Controls:
    """Everything in the panel that depends on the state."""

    segment: Control
    remove: Control
    inputsEnabled: bool
    modelsEnabled: bool
    progressVisible: bool
    progress: int
    stateLine: str
    messageLine: str
    installVisible: bool


def controls(state: State, situation: Situation) -> Controls:
    """What every control shows in this state."""
    reason = whyNot(situation)
    idle = not state.busy
    return Controls(
        segment=_segmentButton(state, reason),
        remove=_removeButton(situation, idle),
        inputsEnabled=idle,
        modelsEnabled=idle and not situation.missingPackages,
        progressVisible=not idle,
        progress=round(100 * situation.share),
        stateLine=(reason or _ready(situation)) if idle else situation.text,
        messageLine=situation.message if idle else "",
        installVisible=bool(situation.missingPackages) and idle,
    )


def whyNot(situation: Situation) -> str:
    """Why a segmentation cannot start, in one sentence; empty when it can."""
    if situation.missingPackages:
        return _("The engine's packages are not installed yet; press Install packages.")
    if not situation.model:
        return _("No model is installed; press Install model.")
    if not situation.chosen:
        return _("Choose at least one volume.")
    return _twice(situation.chosen) or situation.mixed or _referenceMissing(situation)


def _twice(chosen: Mapping[str, str]) -> str:
    for node in chosen.values():
        same = [LABELS[name] for name in LABELS if chosen.get(name) == node]
        if len(same) > 1:
            return _("{sequences} are the same volume; choose each once.").format(sequences=listed(same))
    return ""


def _referenceMissing(situation: Situation) -> str:
    if not situation.reference or situation.reference in situation.chosen:
        return ""
    return _("{sequence} is the reference but is not chosen; choose its volume or another reference.").format(
        sequence=LABELS[situation.reference]
    )


def _ready(situation: Situation) -> str:
    if not situation.report:
        return situation.device
    return situation.device + " " + _("Report goes to {folder}.").format(folder=situation.report)


def _segmentButton(state: State, reason: str) -> Control:
    if state is State.CANCELLING:
        return Control(_("Cancelling…"), False, _("The engine is being stopped."))
    if state.busy:
        return Control(_("Cancel"), True, _("Stop; nothing is added to the scene."))
    return Control(_("Segment"), not reason, reason or _("Segment the tumour from the chosen volumes."))


def _removeButton(situation: Situation, idle: bool) -> Control:
    text = _("Remove…")
    if not situation.removable:
        return Control(text, False, _("The model that comes with the extension stays."))
    return Control(text, idle, _("Delete this model from this computer."))
