"""A small scripted module for the test host's own tests, written to a folder: file, form and icon-less."""

MODULE = """
from enum import Enum
from typing import Annotated

import qt, slicer
from slicer import vtkMRMLScalarVolumeNode
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.parameterNodeWrapper import *
from slicer.ScriptedLoadableModule import *
from slicer.util import VTKObservationMixin

events = []


class Small(ScriptedLoadableModule):
    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = _("Small")
        parent.categories = [translate("qSlicerAbstractCoreModule", "Segmentation")]
        slicer.app.connect("startupCompleted()", lambda: events.append("startup"))


@parameterNodeWrapper
class Parameters:
    volume: vtkMRMLScalarVolumeNode
    level: Annotated[float, WithinRange(0, 1)] = 0.5
    invert: bool = False


class SmallLogic(ScriptedLoadableModuleLogic):
    def getParameterNode(self):
        return Parameters(super().getParameterNode())


class SmallWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.tag = None

    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        panel = slicer.util.loadUI(self.resourcePath("UI/Small.ui"))
        self.layout.addWidget(panel)
        self.ui = slicer.util.childWidgetVariables(panel)
        panel.setMRMLScene(slicer.mrmlScene)
        self.logic = SmallLogic()
        self.ui.apply.connect("clicked(bool)", self.onApply)
        slicer.app.connect("aboutToQuit()", self.onQuit)

    def enter(self):
        events.append("enter")
        self.parameters = self.logic.getParameterNode()
        self.tag = self.parameters.connectGui(self.ui)

    def exit(self):
        events.append("exit")
        self.parameters.disconnectGui(self.tag)

    def cleanup(self):
        events.append("cleanup")
        self.removeObservers()

    def onQuit(self):
        events.append("quit")

    def onApply(self):
        with slicer.util.tryWithErrorDisplay("It failed.", waitCursor=True):
            raise RuntimeError("no volume")
"""

FORM = """<?xml version="1.0" encoding="UTF-8"?>
<ui version="4.0"><class>Small</class>
<widget class="qMRMLWidget" name="Small"><layout class="QVBoxLayout" name="rows">
 <item><widget class="ctkCollapsibleButton" name="inputs"><property name="text"><string>Inputs</string></property>
  <layout class="QFormLayout" name="form">
   <item row="0" column="0"><widget class="QLabel" name="label"><property name="text"><string>Volume:</string>
    </property>
    <property name="toolTip"><string>The volume.</string></property></widget></item>
   <item row="0" column="1"><widget class="qMRMLNodeComboBox" name="selector">
    <property name="nodeTypes"><stringlist><string>vtkMRMLScalarVolumeNode</string></stringlist></property>
    <property name="noneEnabled"><bool>true</bool></property>
    <property name="SlicerParameterName" stdset="0"><string>volume</string></property></widget></item>
   <item row="3" column="1"><widget class="ctkPathLineEdit" name="folder"><property name="filters">
    <set>ctkPathLineEdit::Dirs|ctkPathLineEdit::Readable</set></property></widget></item>
   <item row="1" column="1"><widget class="QDoubleSpinBox" name="level">
    <property name="singleStep"><double>0.1</double></property>
    <property name="SlicerParameterName" stdset="0"><string>level</string></property></widget></item>
   <item row="2" column="1"><widget class="QCheckBox" name="invert">
    <property name="SlicerParameterName" stdset="0"><string>invert</string></property></widget></item>
  </layout></widget></item>
 <item><widget class="QPushButton" name="apply"><property name="text"><string>Apply</string></property></widget></item>
 <item><widget class="qMRMLNodeComboBox" name="forgotten">
    <property name="nodeTypes"><stringlist><string>vtkMRMLScalarVolumeNode</string></stringlist></property>
    </widget></item>
</layout></widget>
<customwidgets/>
<connections><connection><sender>Small</sender><signal>mrmlSceneChanged(vtkMRMLScene*)</signal>
 <receiver>selector</receiver><slot>setMRMLScene(vtkMRMLScene*)</slot></connection></connections>
</ui>
"""


def write_module(folder):
    """The module's folder, ready for `host.openModule("Small", folder)`."""
    (folder / "Resources" / "UI").mkdir(parents=True)
    (folder / "Small.py").write_text(MODULE)
    (folder / "Resources" / "UI" / "Small.ui").write_text(FORM)
    return folder
