"""The views' forms: each view owns one .ui file."""

from __future__ import annotations

from pathlib import Path

import slicer

FOLDER = Path(__file__).parents[1] / "Resources" / "UI"


def loadForm(name: str):
    """A form of this module: its root widget, and its widgets by their names."""
    widget = slicer.util.loadUI(str(FOLDER / f"{name}.ui"))
    return widget, slicer.util.childWidgetVariables(widget)
