"""Signals, lifetimes and Slicer's own widgets in the test host, rule by rule as seen in the Slicer application."""

import gc
import sys
import weakref

import pytest

# Signals


def test_connecting_says_whether_the_signal_exists(qt):
    button, heard = qt.QPushButton(), []
    assert button.connect("clicked(bool)", heard.append) is True
    assert button.clicked.connect(lambda: heard.append("no argument")) is True
    assert button.connect("clicked()", lambda *given: heard.append(given)) is True
    assert button.connect("clickd(bool)", heard.append) is False
    button.click()
    assert heard == [False, "no argument", ()]


def test_a_slot_gets_as_many_arguments_as_it_declares_defaults_included(qt):
    edit, heard = qt.QLineEdit(), []
    edit.connect("textChanged(QString)", lambda text="default": heard.append(text))
    edit.text = "typed"
    assert heard == ["typed"]


def test_an_exception_in_a_slot_is_printed_and_later_slots_still_run(host, qt, capsys):
    button, heard = qt.QPushButton(), []
    button.connect("clicked()", lambda: 1 / 0)
    button.connect("clicked()", lambda: heard.append("later"))
    button.click()
    assert heard == ["later"]
    assert "ZeroDivisionError" in capsys.readouterr().err
    assert isinstance(host.slotErrors.pop(), ZeroDivisionError)


def test_disconnecting_and_connecting_widgets_to_each_other(qt):
    box, button, heard = qt.QCheckBox(), qt.QPushButton(), []
    assert box.connect("toggled(bool)", button, "setEnabled(bool)")
    box.connect("toggled(bool)", heard.append)
    box.checked = True
    assert box.disconnect("toggled(bool)", heard.append) is True
    assert box.disconnect("toggled(bool)", heard.append) is False
    box.checked = False
    assert heard == [True]
    assert button.enabled is False


# Lifetime


def test_a_connection_keeps_the_object_of_a_bound_method(qt):
    class Listener:
        heard = ()

        def listen(self, on):
            Listener.heard += (on,)

    button = qt.QPushButton()
    button.connect("clicked(bool)", Listener().listen)
    gc.collect()
    button.click()
    assert Listener.heard == (False,)


def test_a_deleted_object_is_a_value_error_but_stays_true(host, qt):
    label = qt.QLabel("x")
    label.deleteLater()
    host.process()
    assert label
    with pytest.raises(ValueError, match="deleted"):
        label.text  # noqa: B018


def test_a_widget_without_parent_dies_with_the_last_reference_and_a_child_lives_on(qt):
    parent, alone, gone = qt.QWidget(), qt.QLabel(), []
    alone.connect("destroyed()", lambda: gone.append("alone"))
    qt.QLabel("child", parent)
    dead = weakref.ref(alone)
    del alone
    gc.collect()
    assert dead() is None
    assert gone == ["alone"]
    assert [child.text for child in parent.children()] == ["child"]


# Slicer's own widgets


def test_slicers_widgets_have_only_what_pythonqt_sees(qt, ctk):
    import slicer

    selector = slicer.qMRMLNodeComboBox()
    for name in ("setNodeTypes", "setNoneEnabled", "setAddEnabled", "nodes", "sceneModel", "currentText", "refresh"):
        assert not hasattr(selector, name)
    selector.nodeTypes = ["vtkMRMLScalarVolumeNode"]
    assert selector.nodeTypes == ("vtkMRMLScalarVolumeNode",)
    assert not hasattr(ctk.ctkCollapsibleButton(), "toggle_")


def test_a_collapsed_section_hides_what_is_in_it(host, ctk, qt):
    section = ctk.ctkCollapsibleButton()
    section.text = "Advanced"
    layout = qt.QFormLayout(section)
    check = qt.QCheckBox("Align")
    layout.addRow(check)
    section.show()
    open_height = section.sizeHint.height()
    section.collapsed = True
    assert not check.isVisible()
    assert section.maximumHeight < open_height
    section.setCollapsed(False)
    assert check.isVisible()


def test_a_timer_shoots_once_and_a_process_speaks(host, qt):
    shots, said = [], []
    qt.QTimer.singleShot(1, lambda: shots.append(1))
    process = qt.QProcess()
    assert process.connect("finished(int,QProcess::ExitStatus)", lambda code, status: said.append((code, status)))
    process.start(sys.executable, ["-c", "print('hello')"])
    host.waitUntil(lambda: said and shots)
    assert process.readAllStandardOutput().data().strip() == b"hello"
    assert said == [(0, qt.QProcess.NormalExit)]


def test_settings_stay_in_the_host(qt):
    import slicer

    qt.QSettings().setValue("MSTKD/device", "cpu")
    assert slicer.util.settingsValue("MSTKD/device", "auto") == "cpu"
    assert qt.QSettings().fileName().startswith(slicer.app.temporaryPath)


def test_file_dialogs_and_questions_are_answered_from_the_queue(host, qt):
    host.answer("QFileDialog.getExistingDirectory", "/data")
    host.answer("QMessageBox.question", qt.QMessageBox.Yes)
    assert qt.QFileDialog.getExistingDirectory(None, "Folder") == "/data"
    assert qt.QMessageBox.question(None, "Delete", "Delete it?") == qt.QMessageBox.Yes
    assert qt.QDesktopServices.openUrl(qt.QUrl("https://example.org")) is True
    assert host.openedUrls == ["https://example.org"]


def test_a_path_edit_has_its_filters_and_tells_of_a_new_path(host, ctk):
    edit, heard = ctk.ctkPathLineEdit(), []
    edit.filters = ctk.ctkPathLineEdit.Dirs | ctk.ctkPathLineEdit.Readable
    assert edit.filters == 0x11
    edit.connect("currentPathChanged(QString)", heard.append)
    edit.currentPath = "/data"
    host.answer("ctkPathLineEdit.browse", "/other")
    edit.browse()
    assert heard == ["/data", "/other"]
