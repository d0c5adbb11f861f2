"""The sentences of the panel: what was chosen, what to expect, what was found. No Qt, no scene."""

from __future__ import annotations

from collections.abc import Iterable

from MSTKDLib.Translation import _
from MSTKDLib.Words import LABELS, listed


def chosenSentence(chosen: Iterable[str]) -> str:
    """Which sequences will be used and which are missing."""
    given = set(chosen)
    present = [label for name, label in LABELS.items() if name in given]
    missing = [label for name, label in LABELS.items() if name not in given]
    if not present:
        return _("No volume is chosen yet.")
    if not missing:
        return _("All four sequences.")
    return _("{present}; {missing} missing.").format(present=listed(present), missing=listed(missing))


def expectationSentence(chosen: Iterable[str], expected: dict) -> str:
    """The sequences, and the Dice of each region that the model card states for them.

    Args:
        expected: The engine's `ExpectedDice` by the region's name; regions that the card does not state are absent.
    """
    chosen = list(chosen)
    said = chosenSentence(chosen)
    if not chosen:
        return said
    if "t1gd" not in chosen:
        said += " " + _("Without T1Gd, enhancement cannot be seen.")
    if not expected:
        return said + " " + _("The model card states no accuracy for this combination.")
    figures = ", ".join(f"{name} {_figure(stated)}" for name, stated in expected.items())
    said += " " + _("Expected Dice for this combination, from the model card: {figures}.").format(figures=figures)
    whole = expected.get("WT")
    if whole is not None and whole.missed:
        said += " " + _("In {missed} of {cases} cases it found no tumour.").format(
            missed=whole.missed, cases=whole.cases
        )
    return said


def _figure(stated) -> str:
    """The mean, its interval and the number of cases of an `ExpectedDice`."""
    cases = _("1 case") if stated.cases == 1 else _("{cases} cases").format(cases=stated.cases)
    if stated.interval is None:
        return f"{stated.dice:.2f} ({cases})"
    low, high = stated.interval
    between = _("95% interval {low:.2f} to {high:.2f}").format(low=low, high=high)
    return f"{stated.dice:.2f} ({between}, {cases})"


def deviceSentence(device: dict | None, wish: str, seconds: float | None) -> str:
    """What computes, and how long it takes.

    Args:
        device: The worker's `ready` event; None before the engine has started.
        wish: "auto", "cpu" or "cuda", as the user chose.
        seconds: How long the last run took on this device; None before the first.
    """
    duration = (
        _("about half a minute to a few minutes")
        if seconds is None
        else _("last time {seconds:.0f} s").format(seconds=seconds)
    )
    if device is None:
        if wish == "cpu":
            return _("This computer's CPU: {duration}.").format(duration=duration)
        return _("A GPU is used if the engine finds one; it says so when it has started.")
    if device["device"] == "cuda" and wish != "cpu":
        spent = _("a few seconds to half a minute") if seconds is None else duration
        return _("GPU: {name}, {duration}.").format(name=device["device_name"], duration=spent)
    cpu = _("this computer's CPU ({threads} threads)").format(threads=device["threads"])
    if device["device"] == "cuda":
        return _("On {cpu}: {duration}.").format(cpu=cpu, duration=duration)
    return _("PyTorch finds no GPU: {cpu}, {duration}.").format(cpu=cpu, duration=duration)


def deviceKey(device: dict | None, wish: str) -> str:
    """The name under which the duration of a run on this device is remembered."""
    onGPU = device is not None and device["device"] == "cuda" and wish != "cpu"
    return "secondsOnGPU" if onGPU else "secondsOnCPU"


REGIONS = (
    ("WT", _("Whole tumour, WT"), _("Whole tumour: core, oedema and infiltration")),
    ("TC", _("Tumour core, TC"), _("Tumour core: necrosis, non-enhancing and enhancing tumour")),
    ("ET", _("Enhancing, ET"), _("Enhancing tumour")),
)
TISSUES = (
    ("NETC", _("Core, NETC"), _("Necrosis and non-enhancing tumour core")),
    ("SNFH", _("Oedema, SNFH"), _("Surrounding FLAIR hyperintensity: oedema and infiltration")),
    ("ET", _("Enhancing, ET"), _("Enhancing tumour")),
)
"""Name of the segment, its title in the table, and what it is."""
NONE = "-"
"""Stands where there is no diameter."""
HEADERS = (_("Region"), _("Volume\n(mL)"), _("Longest\naxial (mm)"), _("Perpendi-\ncular (mm)"))


def resultRows(summary: dict, tissues: bool) -> list[tuple[str, str, str, str, str]]:
    """The table: segment, title, volume in mL, longest axial diameter and its perpendicular in mm.

    The classes' volumes follow from the nested regions'; their diameters are not measured.
    """
    measured = summary["measurements"]
    if not tissues:
        return [(name, title, *_row(measured[name])) for name, title, _what in REGIONS]
    ml = {name: measured[name]["ml"] for name in measured}
    parts = {"NETC": ml["TC"] - ml["ET"], "SNFH": ml["WT"] - ml["TC"]}
    return [
        (name, title, *(_row(measured[name]) if name in measured else (f"{parts[name]:.1f}", NONE, NONE)))
        for name, title, _what in TISSUES
    ]


def _row(values: dict) -> tuple[str, str, str]:
    if not values["ml"]:
        return "0.0", NONE, NONE
    return f"{values['ml']:.1f}", f"{values['longest_mm']:.1f}", f"{values['perpendicular_mm']:.1f}"


def tableText(rows: list[tuple[str, str, str, str, str]]) -> str:
    """The table with tabs, as spreadsheets take it from the clipboard."""
    header = [_("Region"), _("Volume (mL)"), _("Longest axial diameter (mm)"), _("Perpendicular (mm)")]
    return "\n".join("\t".join(cells) for cells in [header, *(row[1:] for row in rows)])


def foundSentence(summary: dict) -> str:
    """What was used, what was missing, and whether anything was found; the warnings say why not."""
    given = [name for name, label in LABELS.items() if label in summary["sequences"]]
    if summary["missing"]:
        said = _("Segmented from {sequences}").format(sequences=chosenSentence(given))
    else:
        said = _("Segmented from all four sequences.")
    if not summary["measurements"]["WT"]["ml"]:
        said += " " + _("The segments are empty.")
    return said


def warningsText(summary: dict) -> str:
    """One line for each doubt."""
    return "\n".join(f"• {warning}" for warning in summary["warnings"])
