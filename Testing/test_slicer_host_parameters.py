"""Parameter node wrappers of the test host: typed, checked, saved with the scene and tied to widgets."""

import enum
import importlib
import pathlib
from typing import Annotated, Optional

import pytest
import slicer
import vtk


class Device(enum.Enum):
    AUTO = "auto"
    CPU = "cpu"


@pytest.fixture
def wrappers(host):
    return importlib.import_module("slicer.parameterNodeWrapper")


@pytest.fixture
def kind(wrappers):
    @wrappers.parameterNodeWrapper
    class Parameters:
        volume: slicer.vtkMRMLScalarVolumeNode
        level: Annotated[float, wrappers.WithinRange(0, 1)] = 0.5
        count: Annotated[int, wrappers.Minimum(1)]
        align: bool = True
        title: str
        device: Device = Device.CPU
        region: Annotated[str, wrappers.Choice(["WT", "TC"])]
        folder: pathlib.Path
        reference: Optional[str]  # noqa: UP045  as modules write it

        def isAligned(self):  # noqa: N802  as modules write it
            return self.align

    return Parameters


@pytest.fixture
def parameters(host, kind):
    return kind(host.scene.AddNewNodeByClass("vtkMRMLScriptedModuleNode"))


def test_defaults_are_the_given_ones_or_the_first_that_is_allowed(parameters):
    assert parameters.volume is None
    assert (parameters.level, parameters.count, parameters.align, parameters.title) == (0.5, 1, True, "")
    assert (parameters.device, parameters.region, parameters.folder) == (Device.CPU, "WT", pathlib.Path())
    assert parameters.reference is None
    assert parameters.isAligned()


def test_a_value_out_of_range_is_a_value_error_and_a_wrong_type_a_type_error(parameters):
    for name, value in (("level", 2.0), ("count", 0), ("region", "ET")):
        with pytest.raises(ValueError, match="must be"):
            setattr(parameters, name, value)
    for name, value in (
        ("align", 1),
        ("title", 3),
        ("count", 1.5),
        ("count", True),
        ("folder", "x"),
        ("device", "cpu"),
    ):
        with pytest.raises(TypeError):
            setattr(parameters, name, value)
    with pytest.raises(TypeError):
        parameters.volume = slicer.vtkMRMLSegmentationNode()
    with pytest.raises(AttributeError):
        parameters.levle = 0.1


def test_everything_survives_saving_and_loading_the_scene(host, kind, parameters, tmp_path):
    parameters.volume = host.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "FLAIR")
    parameters.level, parameters.device, parameters.align = 0.25, Device.AUTO, False
    parameters.folder, parameters.reference = tmp_path, "None at all"
    parameters.parameterNode.SetName("parameters")
    host.scene.SetURL(str(tmp_path / "scene.mrml"))
    host.scene.Commit()
    other = slicer.vtkMRMLScene()
    other.SetURL(str(tmp_path / "scene.mrml"))
    other.Import()
    again = kind(other.GetFirstNodeByName("parameters"))
    assert again.volume.GetName() == "FLAIR"
    assert (again.level, again.device, again.align) == (0.25, Device.AUTO, False)
    assert (again.folder, again.reference) == (tmp_path, "None at all")


def test_a_change_is_told_once_and_no_change_is_not_told(parameters):
    heard = []
    tag = parameters.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda caller, event: heard.append(event))
    parameters.level = 0.1
    parameters.level = 0.1
    assert len(heard) == 1
    before = parameters.StartModify()
    parameters.level, parameters.align = 0.2, False
    assert len(heard) == 1
    parameters.EndModify(before)
    assert len(heard) == 2
    parameters.RemoveObserver(tag)


def test_a_removed_node_is_none(host, parameters):
    parameters.volume = host.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    host.scene.RemoveNode(parameters.volume)
    assert parameters.volume is None


def test_a_type_that_cannot_be_stored_and_a_forbidden_default_are_refused(wrappers):
    class Strange:
        thing: complex

    class OutOfRange:
        level: Annotated[float, wrappers.WithinRange(0, 1)] = 2.0

    for kind in (Strange, OutOfRange):
        with pytest.raises(ValueError, match=r"serializer|range"):
            wrappers.parameterNodeWrapper(kind)


def test_widgets_follow_parameters_and_parameters_follow_widgets(host, parameters):
    import ctk
    import qt

    box, spin, combo, regions = qt.QCheckBox(), qt.QDoubleSpinBox(), qt.QComboBox(), qt.QComboBox()
    path, edit = ctk.ctkPathLineEdit(), qt.QLineEdit()
    names = {"align": box, "level": spin, "device": combo, "region": regions, "folder": path, "title": edit}
    tag = parameters.connectParametersToGui(names)
    assert (box.checked, spin.value, combo.currentText, regions.currentText) == (True, 0.5, "CPU", "WT")
    assert (spin.minimum, spin.maximum) == (0, 1)
    box.checked, spin.value, combo.currentIndex, edit.text = False, 0.75, 0, "patient"
    path.currentPath = "/data"
    assert (parameters.align, parameters.level, parameters.device) == (False, 0.75, Device.AUTO)
    assert (parameters.folder, parameters.title) == (pathlib.Path("/data"), "patient")
    parameters.region = "TC"
    assert regions.currentText == "TC"
    parameters.disconnectGui(tag)
    box.checked = True
    parameters.level = 0.5
    assert parameters.align is False
    assert spin.value == 0.75


def test_a_widget_that_slicer_cannot_connect_is_refused(parameters):
    import qt

    class OwnBox(qt.QCheckBox):
        pass

    for name, widget in (
        ("align", OwnBox()),
        ("align", qt.QRadioButton()),
        ("title", qt.QPlainTextEdit()),
        ("title", qt.QCheckBox()),
    ):
        with pytest.raises(ValueError, match="connector"):
            parameters.connectParametersToGui({name: widget})
    with pytest.raises(ValueError, match="no such parameter"):
        parameters.connectParametersToGui({"other": qt.QCheckBox()})
