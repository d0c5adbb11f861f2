"""Properties and types in the test host, rule by rule as seen in the Slicer application."""

from pathlib import Path

import numpy as np
import pytest

# Properties


def test_a_property_is_an_attribute_and_calling_it_is_a_type_error(qt):
    label, spin, combo, table = qt.QLabel("FLAIR"), qt.QSpinBox(), qt.QComboBox(), qt.QTableWidget(2, 3)
    combo.addItem("one")
    assert (label.text, spin.value, combo.count, combo.currentText, table.rowCount) == ("FLAIR", 0, 1, "one", 2)
    for call in (lambda: label.text(), lambda: spin.value(), lambda: combo.currentText(), lambda: table.rowCount()):
        with pytest.raises(TypeError):
            call()
    assert label.size.width() == label.width


def test_assigning_a_property_works_like_its_setter_and_emits_the_signal(qt):
    box, heard = qt.QCheckBox("x"), []
    assert box.connect("toggled(bool)", heard.append)
    box.checked = True
    box.setChecked(False)
    box.enabled = False
    assert heard == [True, False]
    assert not box.isEnabled()


def test_what_is_no_property_is_a_method(qt):
    parent = qt.QWidget()
    parent.setLayout(qt.QVBoxLayout())
    child = qt.QLabel("x", parent)
    assert parent.isVisible() is False
    assert parent.visible is False
    assert child.parent() is parent
    assert child in parent.children()
    assert isinstance(parent.layout(), qt.QVBoxLayout)
    assert qt.QTableWidgetItem("cell").text() == "cell"
    assert qt.QListWidgetItem("row").text() == "row"


def test_nothing_can_be_added_to_an_object_of_cpp(qt, ctk):
    import slicer

    for thing in (qt.QPushButton(), qt.QTimer(), ctk.ctkCollapsibleButton(), slicer.qMRMLNodeComboBox()):
        with pytest.raises(AttributeError, match="not allowed"):
            thing.helper = 1
    button = qt.QPushButton()
    for name in ("setText", "clicked", "layout", "click"):
        with pytest.raises(AttributeError):
            setattr(button, name, print)
    for name in ("width", "isActiveWindow", "visibleRegion"):
        with pytest.raises(AttributeError):
            setattr(button, name, 3)
    with pytest.raises(AttributeError):
        button.txet  # noqa: B018


def test_a_property_refuses_a_value_of_another_type(qt):
    with pytest.raises(AttributeError, match="does not accept"):
        qt.QSpinBox().value = "3"
    with pytest.raises(AttributeError, match="does not accept"):
        qt.QLabel().text = Path("file")


def test_a_python_subclass_may_have_attributes_and_overrides_virtual_functions(host, qt):
    class Filter(qt.QObject):
        def __init__(self):
            qt.QObject.__init__(self)
            self.seen = 0

        def eventFilter(self, watched, event):  # noqa: N802  Qt's name
            self.seen += event.type() == qt.QEvent.Hide
            return False

    hidden, watcher = qt.QWidget(), Filter()
    hidden.installEventFilter(watcher)
    hidden.show()
    hidden.hide()
    host.process()
    assert watcher.seen == 1


def test_dynamic_properties_read_as_attributes_and_name_is_the_object_name(qt):
    widget = qt.QWidget()
    widget.setProperty("SlicerParameterName", "level")
    widget.name = "panel"
    assert widget.SlicerParameterName == "level"
    assert widget.property("SlicerParameterName") == "level"
    assert widget.objectName == widget.name == "panel"


def test_a_tooltip_comes_back_as_rich_text(qt):
    widget = qt.QWidget()
    widget.toolTip = "t"
    assert widget.toolTip == "<p>t</p>"
    widget.setToolTip("u")
    assert widget.toolTip == "<p>u</p>"


# Types


def test_isinstance_knows_only_the_exact_class(qt):
    button = qt.QPushButton()
    assert not isinstance(button, qt.QWidget)
    assert isinstance(button, qt.QPushButton)
    assert button.inherits("QWidget")
    assert button.className() == "QPushButton"


def test_lists_come_as_tuples_and_enums_as_ints(qt):
    widget = qt.QWidget()
    widget.setProperty("names", ["a", ["b"]])
    assert widget.names == ("a", ("b",))
    assert widget.children() == ()
    assert qt.QMessageBox.Ok == 1024
    assert type(qt.Qt.AlignRight | qt.Qt.AlignTop) is int
    label = qt.QLabel()
    label.setAlignment(qt.Qt.AlignRight | qt.Qt.AlignTop)
    assert label.alignment == qt.Qt.AlignRight | qt.Qt.AlignTop
    process = qt.QProcess()
    assert process.state() == process.NotRunning == qt.QProcess.NotRunning


def test_arguments_are_converted_as_pythonqt_does_and_others_are_value_errors(qt):
    label, spin = qt.QLabel(), qt.QSpinBox()
    label.setText(5)
    assert label.text == "5"
    label.setText(None)
    assert label.text == "None"
    spin.setValue(3.7)
    assert spin.value == 3
    spin.setValue(np.int64(4))
    assert spin.value == 4
    spin.setValue(2**40)
    assert spin.value == 0
    for call in (
        lambda: spin.setValue("3"),
        lambda: spin.setValue(),
        lambda: label.setText("a", "b"),
        lambda: label.setText(Path("file")),
        lambda: label.setText(["a"]),
        lambda: qt.QProcess().start("ls", [1, Path("x")]),
        lambda: qt.QVBoxLayout().addWidget("label"),
        lambda: qt.QLabel(3.5, 4.5),
    ):
        with pytest.raises(ValueError, match="wrong arguments"):
            call()


def test_constructors_and_methods_take_no_keywords(qt):
    with pytest.raises(TypeError):
        qt.QLabel(text="x")
    with pytest.raises(TypeError):
        qt.QLabel().setText(text="x")


def test_only_names_of_slicers_qt_exist(qt):
    for name in ("Signal", "Slot", "Property", "QtWidgets"):
        assert not hasattr(qt, name)
    assert not hasattr(qt.QCheckBox(), "checkStateChanged")
    assert not hasattr(qt.QDialog(), "exec")
    with pytest.raises(AttributeError):
        qt.QMessageBox.StandardButton  # noqa: B018
