"""`slicer.app` and the module manager."""

from __future__ import annotations

import os
import platform
import tempfile
from typing import ClassVar

import slicer
from PySide6 import QtCore, QtWidgets

from slicer_host.wrapping import invokable, unwrap, wrap, wrapperClass


class qSlicerModuleManager(QtCore.QObject):
    """Finds loaded modules by name."""

    SIGNALS: ClassVar = {"moduleAboutToBeUnloaded(QString)": "unloadSignal"}
    unloadSignal = QtCore.Signal(str)

    def __init__(self):
        super().__init__()
        self.loaded: dict[str, object] = {}

    @invokable
    def module(self, name: str):
        return self.loaded.get(name)

    @invokable
    def modulesNames(self) -> list:
        return list(self.loaded)


class qSlicerMainWindow(QtWidgets.QMainWindow):
    """The main window, for a test that asks for one; when it is closed, Slicer may ask whether the scene is saved."""

    mayClose = True

    def closeEvent(self, event) -> None:
        event.setAccepted(self.mayClose)


class qSlicerApplication(QtWidgets.QApplication):
    """The application, at first without main window; its signals are fired by the host."""

    SIGNALS: ClassVar = {
        "startupCompleted()": "startupSignal",
        "aboutToQuit()": "quitSignal",
        "mrmlSceneChanged(vtkMRMLScene*)": "sceneSignal",
    }
    startupSignal, quitSignal, sceneSignal = QtCore.Signal(), QtCore.Signal(), QtCore.Signal(object)

    def __init__(self, folder: str):
        super().__init__(["Slicer"])
        self._folder, self.testing, self.logic = folder, False, None
        self.window: qSlicerMainWindow | None = None
        self.manager = qSlicerModuleManager()
        self.ioManager: object = None
        self.setOrganizationName("NA-MIC")
        self.setApplicationName("Slicer")
        # People's own settings are never touched.
        QtCore.QSettings.setDefaultFormat(QtCore.QSettings.Format.IniFormat)
        for scope in (QtCore.QSettings.Scope.UserScope, QtCore.QSettings.Scope.SystemScope):
            QtCore.QSettings.setPath(QtCore.QSettings.Format.IniFormat, scope, folder)
        self._settings = QtCore.QSettings()

    temporaryPath = QtCore.Property(str, lambda self: self._folder)
    slicerHome = QtCore.Property(str, lambda self: self._folder)
    applicationName = QtCore.Property(str, lambda self: "Slicer")
    applicationVersion = QtCore.Property(str, lambda self: "5.13.0-2026-08-21")
    majorVersion = QtCore.Property(int, lambda self: 5)
    minorVersion = QtCore.Property(int, lambda self: 13)
    revision = QtCore.Property(str, lambda self: "0")
    os = QtCore.Property(str, lambda self: {"Darwin": "macosx", "Windows": "win"}.get(platform.system(), "linux"))
    arch = QtCore.Property(str, lambda self: "amd64")

    @invokable
    def mrmlScene(self):
        return slicer.mrmlScene

    @invokable
    def applicationLogic(self):
        return self.logic

    @invokable
    def moduleLogic(self, name: str):
        return self.logic.GetModuleLogic(name)

    @invokable
    def moduleManager(self):
        return self.manager

    @invokable
    def coreIOManager(self):
        return self.ioManager

    @invokable
    def layoutManager(self):
        """None, as in Slicer without a main window."""

    @invokable
    def settings(self):
        return self._settings

    @invokable
    def userSettings(self):
        return self._settings

    @invokable
    def revisionUserSettings(self):
        return self._settings

    @invokable
    def testingEnabled(self) -> bool:
        return self.testing

    @invokable
    def startupEnvironment(self) -> dict:
        return dict(os.environ)

    @invokable
    def commandOptions(self):
        return None


def install(ioManager) -> qSlicerApplication:
    """Make the one application of this process and put it into `slicer.app`."""
    application = qSlicerApplication(tempfile.mkdtemp(prefix="slicer_host_"))
    application.ioManager = unwrap(ioManager)
    slicer.qSlicerApplication = wrapperClass(qSlicerApplication)
    slicer.app = wrap(application)
    return application
