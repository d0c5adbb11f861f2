"""`slicer.ScriptedLoadableModule`: the four base classes of a scripted module, written from their documentation."""

from __future__ import annotations

import logging
import sys
import types
import unittest
from pathlib import Path

import slicer


class ScriptedLoadableModule:
    """Metadata of a module; fills in the icon and registers the self-test."""

    def __init__(self, parent):
        import qt

        self.parent = parent
        self.moduleName = type(self).__name__
        parent.title, parent.helpText, parent.acknowledgementText = "", "", ""
        parent.categories, parent.dependencies, parent.contributors = [], [], []
        folder = Path(getattr(parent, "path", "")).parent
        icons = [folder / "Resources" / "Icons" / f"{self.moduleName}{ending}" for ending in (".svg", ".png")]
        icon = next((icon for icon in icons if icon.exists()), None)
        if icon:
            parent.icon = qt.QIcon(str(icon))
        slicer.selfTests[self.moduleName] = self.runTest

    def getDefaultModuleDocumentationLink(self) -> str:
        return f'<p>For more information see the <a href="https://slicer.readthedocs.io">{self.moduleName}</a>.</p>'

    def runTest(self, msec=100, **kwargs):
        """Run the class named after the module, as the Reload and Test button does."""
        module = sys.modules[type(self).__module__]
        getattr(module, f"{self.moduleName}Test")().runTest()


class ScriptedLoadableModuleWidget:
    """The panel: `parent` is the C++ widget that already has a layout."""

    def __init__(self, parent=None):
        import qt

        self.moduleName = type(self).__name__.removesuffix("Widget")
        self.developerMode = slicer.app.userSettings().value("Developer/DeveloperMode") in (True, "true")
        if not parent:
            self.parent = slicer.qMRMLWidget()
            self.parent.setLayout(qt.QVBoxLayout())
            self.parent.setMRMLScene(slicer.mrmlScene)
        else:
            self.parent = parent
        self.layout = self.parent.layout()
        if not parent:
            self.setup()
            self.parent.show()
        slicer.app.moduleManager().connect("moduleAboutToBeUnloaded(QString)", self._onModuleAboutToBeUnloaded)

    def _onModuleAboutToBeUnloaded(self, moduleName):
        """Slicer cleans every panel up before it ends."""
        if moduleName == self.moduleName:
            self.cleanup()
            slicer.app.moduleManager().disconnect("moduleAboutToBeUnloaded(QString)", self._onModuleAboutToBeUnloaded)

    def resourcePath(self, filename: str) -> str:
        scriptedModulesPath = Path(slicer.util.modulePath(self.moduleName)).parent
        return str(scriptedModulesPath / "Resources" / filename)

    def setup(self):
        """Overridden by the module."""

    def cleanup(self):
        """Overridden by the module."""

    def enter(self):
        """Overridden by the module."""

    def exit(self):
        """Overridden by the module."""

    def onReload(self):
        slicer.util.reloadScriptedModule(self.moduleName)


class ScriptedLoadableModuleLogic:
    """Computation without widgets; knows the module's parameter nodes."""

    def __init__(self, parent=None):
        self.moduleName = type(self).__name__.removesuffix("Logic")
        self.isSingletonParameterNode = True

    def getParameterNode(self):
        if self.isSingletonParameterNode:
            node = slicer.mrmlScene.GetSingletonNode(self.moduleName, "vtkMRMLScriptedModuleNode")
            return node or slicer.mrmlScene.AddNode(self.createParameterNode())
        nodes = self.getAllParameterNodes()
        return nodes[0] if nodes else slicer.mrmlScene.AddNode(self.createParameterNode())

    def getAllParameterNodes(self) -> list:
        nodes = slicer.util.getNodesByClass("vtkMRMLScriptedModuleNode")
        return [node for node in nodes if node.GetAttribute("ModuleName") == self.moduleName]

    def createParameterNode(self):
        node = slicer.mrmlScene.CreateNodeByClass("vtkMRMLScriptedModuleNode")
        node.UnRegister(None)
        if self.isSingletonParameterNode:
            node.SetSingletonTag(self.moduleName)
        node.SetAttribute("ModuleName", self.moduleName)
        node.SetName(slicer.mrmlScene.GenerateUniqueName(self.moduleName))
        return node


class ScriptedLoadableModuleTest(unittest.TestCase):
    """A self-test that runs in the application."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.messageDelay = 1000

    def delayDisplay(self, message, requestedDelay=None, msec=None):
        logging.info(message)
        slicer.app.processEvents()

    def runTest(self):
        """Every method whose name has "test" in it, after a fresh `setUp` each."""
        for name in sorted(n for n in dir(self) if "test" in n.lower() and n != "runTest" and n.startswith("test")):
            self.setUp()
            getattr(self, name)()
            self.tearDown()


def install() -> None:
    """Put the classes into `slicer.ScriptedLoadableModule`."""
    module = types.ModuleType("slicer.ScriptedLoadableModule")
    kinds = (
        ScriptedLoadableModule,
        ScriptedLoadableModuleWidget,
        ScriptedLoadableModuleLogic,
        ScriptedLoadableModuleTest,
    )
    for kind in kinds:
        setattr(module, kind.__name__, kind)
    module.__all__ = [kind.__name__ for kind in kinds]
    sys.modules["slicer.ScriptedLoadableModule"] = module
    slicer.ScriptedLoadableModule = module
    slicer.selfTests = {}
