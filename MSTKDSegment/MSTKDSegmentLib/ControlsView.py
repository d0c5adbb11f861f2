"""Shows what the controls are to show."""

from __future__ import annotations

from .Controls import Control, Controls


def showControls(ui, shown: Controls) -> None:
    """Bring every widget that depends on the state to what it shows in it.

    Args:
        ui: The panel's widgets.
    """
    _apply(ui.segmentButton, shown.segment)
    _apply(ui.removeModelButton, shown.remove)
    ui.advancedSection.enabled = shown.inputsEnabled
    ui.modelCombo.enabled = ui.installModelButton.enabled = ui.deviceCombo.enabled = shown.modelsEnabled
    ui.progressBar.visible, ui.progressBar.value = shown.progressVisible, shown.progress
    for label, text in ((ui.stateLabel, shown.stateLine), (ui.messageLabel, shown.messageLine)):
        label.text, label.visible = text, bool(text)
    ui.installRow.visible = shown.installVisible


def _apply(button, control: Control) -> None:
    button.text, button.enabled, button.toolTip = control.text, control.enabled, control.toolTip
