"""What of `slicer.util` needs an application with windows; everything else is the wheel's own."""

from __future__ import annotations

import logging

import slicer

from slicer_host.dialogs import dialogs
from slicer_host.wrapping import unwrap, wrap

selectedModules: list[str] = []


def _display(kind: str, level: int):
    def show(text, windowTitle=None, parent=None, standardButtons=None, **kwargs):
        logging.log(level, text)
        dialogs.ask(kind, text)

    show.__name__ = f"{kind}Display"
    return show


def _confirm(kind: str):
    def show(text, windowTitle=None, parent=None, **kwargs):
        return bool(dialogs.ask(kind, text, False))

    show.__name__ = f"{kind}Display"
    return show


def messageBox(text, parent=None, **kwargs):
    return dialogs.ask("messageBox", text, 0x00400000)  # QMessageBox.Cancel


def delayDisplay(message, autoCloseMsec=1000, parent=None, **kwargs):
    """Shown and gone; a person need not do anything, so it is no question."""
    logging.info(message)
    dialogs.shown.append(("delay", message))
    slicer.app.processEvents()


def mainWindow():
    """The main window, or None while there is none."""
    return wrap(unwrap(slicer.app).window)


def selectModule(module):
    selectedModules.append(module if isinstance(module, str) else module.name)


def install() -> None:
    for kind, level in (("info", logging.INFO), ("warning", logging.WARNING), ("error", logging.ERROR)):
        setattr(slicer.util, f"{kind}Display", _display(kind, level))
    for kind in ("confirmOkCancel", "confirmYesNo", "confirmRetryClose"):
        setattr(slicer.util, f"{kind}Display", _confirm(kind))
    for function in (messageBox, delayDisplay, mainWindow, selectModule):
        setattr(slicer.util, function.__name__, function)
