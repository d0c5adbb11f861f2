"""The host itself: boots once per process, opens modules, runs the event loop.

Not shown by it, and to be checked in real Slicer: layouts and rendering, the windows around the panel, translations,
threads that starve beside the event loop, and Qt 5.15 where it differs from Qt 6.
"""

from __future__ import annotations

import atexit
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import slicer
import slicer.util
from PySide6 import QtCore
from shiboken6 import Shiboken

from slicer_host import (
    application,
    ctk_widgets,
    dialogs,
    i18n,
    modules,
    mrml_widgets,
    packaging,
    parameter_module,
    qt_module,
    sample_data,
    scene,
    scripted,
    signals,
    storage,
    util,
)
from slicer_host.wrapping import Wrapper, unwrap

REPOSITORY = Path(__file__).parents[2]
_host: Host | None = None


def boot() -> Host:
    """The one host of this process, with `qt`, `ctk` and `slicer.*` in sys.modules."""
    global _host
    if _host is None:
        _host = Host()
    return _host


class Host:
    """What a test does with Slicer."""

    def __init__(self):
        dialogs.install()
        qt_module.install()
        ctk_widgets.install()
        mrml_widgets.install()
        self._application = application.install(storage.ioManager())
        self._manager = self._application.manager
        modules.install()
        scripted.install()
        i18n.install()
        packaging.install()
        parameter_module.install()
        sample_data.install()
        util.install()
        sys.modules.update(scene.EXTRA_MODULES)
        slicer.dicomDatabase = None
        self.slotErrors = signals.slotErrors
        self.packages = packaging.packages
        self._open: list[object] = []
        self.scene = None
        atexit.register(self._leaveScene)
        self._hook, sys.excepthook = sys.excepthook, self._observerFailed
        self.newScene()

    @property
    def dialogs(self) -> list[tuple[str, str]]:
        """(kind, text) of every dialog: error, info, warning, confirmOkCancel, confirmYesNo, delay, QMessageBox..."""
        return dialogs.dialogs.shown

    @property
    def unexpectedDialogs(self) -> list[tuple[str, str]]:
        return dialogs.dialogs.unexpected

    @property
    def openedUrls(self) -> list[str]:
        return dialogs.dialogs.openedUrls

    @property
    def selectedModules(self) -> list[str]:
        return util.selectedModules

    def answer(self, kind: str, value=True) -> None:
        """Expect one dialog of this kind; for `error` and `info` the value does not matter."""
        dialogs.dialogs.answer(kind, value)

    @property
    def unusedAnswers(self) -> list[str]:
        """Kinds of dialogs that were expected and have not come."""
        return dialogs.dialogs.unused()

    def setTesting(self, on: bool) -> None:
        """Whether Slicer runs with `--testing`."""
        self._application.testing = on

    def _observerFailed(self, kind, error, trace):
        """VTK reports exceptions in observers here and goes on, as PythonQt does with slots."""
        self.slotErrors.append(error)
        self._hook(kind, error, trace)

    # Scene

    def newScene(self):
        """A fresh scene for the next test; every open module is closed first."""
        self._leaveScene()
        self.scene, self._application.logic, logics = scene.newScene()
        slicer.mrmlScene = self.scene
        self._layout = scene.addLayout(self.scene)
        scene.addSliceViews(self.scene)
        modules.setBuiltIn(logics, self._manager)
        return self.scene

    def _leaveScene(self) -> None:
        for widget in list(self._open):
            self.closeModule(widget)
        if self.scene is not None:
            scene.closeScene(self.scene)

    def reset(self) -> None:
        """Forget what happened: scene, dialogs, errors, packages, sample data."""
        self.newScene()
        self._dropMainWindow()
        dialogs.dialogs.clear()
        self.slotErrors.clear()
        util.selectedModules.clear()
        packaging.packages.reset()
        sample_data.reset()
        slicer.dicomDatabase = None
        self._application.testing = False
        self._application.settings().clear()
        for signal in ("startupCompleted()", "aboutToQuit()"):
            signals.disconnect(self._application, signal)

    # Main window

    def openMainWindow(self) -> None:
        """Give Slicer a main window; open it before the panel, as Slicer does."""
        self._application.window = application.qSlicerMainWindow()
        self._application.window.show()
        self.process()

    def closeMainWindow(self, save: bool = True) -> bool:
        """What a click on its cross does; whether it was closed, which ends Slicer.

        Args:
            save: What the user answers to Slicer's own question about a changed scene: False is "Cancel".
        """
        self._application.window.mayClose = save
        closed = self._application.window.close()
        self.process()
        if closed:
            self.quit()
            self._dropMainWindow()
        return closed

    def _dropMainWindow(self) -> None:
        if self._application.window is not None:
            Shiboken.delete(self._application.window)
            self._application.window = None

    # Modules

    def openModule(self, name: str, folder: Path | None = None):
        """Import the module's file, start it up, build and enter its panel; its Python widget."""
        path = (folder or REPOSITORY / name) / f"{name}.py"
        module = modules.importModule(name, path, self._manager)
        self._fire("startupCompleted")
        widget = module.widgetRepresentation().pythonWidget
        self._open.append(widget)
        self.enter(widget)
        return widget

    def enter(self, widget) -> None:
        """Go to the panel."""
        unwrap(widget.parent).entered = True
        widget.enter()
        self.process()

    def exit(self, widget) -> None:
        """Leave the panel."""
        unwrap(widget.parent).entered = False
        widget.exit()

    def closeModule(self, widget) -> None:
        """Leave, clean up and destroy the panel."""
        if widget not in self._open:
            return
        if unwrap(widget.parent).entered:
            self.exit(widget)
        widget.cleanup()
        slicer.app.moduleManager().disconnect("moduleAboutToBeUnloaded(QString)", widget._onModuleAboutToBeUnloaded)
        self._destroy(widget)

    def reloadModule(self, widget):
        """What the developer's Reload button does; the new Python widget."""
        self._open.remove(widget)
        slicer.app.moduleManager().disconnect("moduleAboutToBeUnloaded(QString)", widget._onModuleAboutToBeUnloaded)
        widget.onReload()
        self._open.append(getattr(slicer.modules, f"{widget.moduleName}Widget"))
        self.process()
        return self._open[-1]

    def quit(self) -> None:
        """Slicer's end: every module is unloaded, then others hear of `slicer.app.aboutToQuit`."""
        for widget in list(self._open):
            slicer.app.moduleManager().moduleAboutToBeUnloaded.emit(widget.moduleName)
            self._destroy(widget)
        self._fire("aboutToQuit")

    def _destroy(self, widget) -> None:
        self._open.remove(widget)
        Shiboken.delete(unwrap(widget.parent))
        modules.forget(widget.moduleName, self._manager)
        self.process()

    # Time

    def process(self, milliseconds: int = 0) -> None:
        """Run the event loop for so long, and deferred deletions with it."""
        end = time.monotonic() + milliseconds / 1000
        while True:
            self._application.processEvents()
            self._application.sendPostedEvents(None, QtCore.QEvent.Type.DeferredDelete)
            if time.monotonic() >= end:
                return
            time.sleep(0.001)

    def waitUntil(self, predicate, seconds: float = 10) -> None:
        """Run the event loop until the predicate is true.

        Raises:
            TimeoutError: it did not become true in time.
        """
        end = time.monotonic() + seconds
        while not predicate():
            if time.monotonic() > end:
                raise TimeoutError(f"not true after {seconds} s: {getattr(predicate, '__name__', predicate)}")
            self.process()
            time.sleep(0.005)

    def screenshot(self, widget, path, size: tuple[int, int] | None = None) -> Path:
        """The panel (a module's Python widget or any wrapped widget) as PNG."""
        cpp = unwrap(widget if isinstance(widget, Wrapper) else widget.parent)
        cpp.resize(*size) if size else cpp.adjustSize()
        cpp.show()
        self.process(20)
        if not cpp.grab().save(str(path)):
            raise OSError(f"could not write {path}")
        return Path(path)

    def _fire(self, signal: str) -> None:
        """Emit a signal of `slicer.app` that comes once in Slicer's life, and forget who listened."""
        getattr(slicer.app, signal).emit()
        signals.disconnect(self._application, f"{signal}()")
