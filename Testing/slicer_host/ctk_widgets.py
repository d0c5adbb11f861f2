"""The widgets of CTK that scripted modules use, with the properties, slots and signals that the real ones have."""

from __future__ import annotations

import enum
import sys
import types
from pathlib import Path
from typing import ClassVar

from PySide6 import QtCore, QtWidgets

from slicer_host.ui_loader import ownWidgets
from slicer_host.wrapping import invokable, wrapperClass


class ctkCollapsibleButton(QtWidgets.QAbstractButton):
    """A section whose header is a checkable button; its contents are hidden while it is collapsed."""

    SIGNALS: ClassVar = {"contentsCollapsed(bool)": "collapsedSignal"}
    collapsedSignal = QtCore.Signal(bool)

    def __init__(self, parent: QtWidgets.QWidget | None = None):
        super().__init__(parent)
        self._hidden: list[QtWidgets.QWidget] = []
        self._header = self.fontMetrics().height() + 8
        self.setContentsMargins(0, self._header, 0, 0)
        self.setMinimumHeight(self._header)
        self.setCheckable(True)
        self.setChecked(True)
        self.toggled.connect(self._apply)

    def _apply(self, opened: bool):
        if not opened:
            direct = QtCore.Qt.FindChildOption.FindDirectChildrenOnly
            contents = self.findChildren(QtWidgets.QWidget, options=direct)
            self._hidden = [widget for widget in contents if not widget.isHidden()]
        for widget in self._hidden:
            widget.setVisible(opened)
        self.setMaximumHeight(16777215 if opened else self._header)
        self.collapsedSignal.emit(not opened)

    def hitButton(self, position):
        return position.y() < self._header

    def paintEvent(self, event):
        painter, option = QtWidgets.QStylePainter(self), QtWidgets.QStyleOption()
        option.initFrom(self)
        option.rect = QtCore.QRect(4, 0, 12, self._header)
        style = QtWidgets.QStyle.PrimitiveElement
        arrow = style.PE_IndicatorArrowDown if self.isChecked() else style.PE_IndicatorArrowRight
        painter.drawPrimitive(arrow, option)
        header = QtCore.QRect(20, 0, self.width() - 20, self._header)
        painter.drawText(header, QtCore.Qt.AlignmentFlag.AlignVCenter, self.text())

    collapsed = QtCore.Property(bool, lambda self: not self.isChecked(), lambda self, on: self.setChecked(not on))

    @invokable
    def setCollapsed(self, collapsed: bool) -> None:
        self.setChecked(not collapsed)


class ctkPathLineEdit(QtWidgets.QWidget):
    """A path with a button to browse for it."""

    SIGNALS: ClassVar = {
        "currentPathChanged(QString)": "pathSignal",
        "validInputChanged(bool)": "validSignal",
    }

    class Filter(enum.IntFlag):
        """What the browse button offers, as in QDir."""

        Dirs, Files, Drives, NoSymLinks = 0x1, 0x2, 0x4, 0x8
        Readable, Writable, Executable = 0x10, 0x20, 0x40
        Hidden, System, NoDot, NoDotDot = 0x100, 0x200, 0x2000, 0x4000

    pathSignal = QtCore.Signal(str)
    validSignal = QtCore.Signal(bool)

    def __init__(self, parent: QtWidgets.QWidget | None = None):
        super().__init__(parent)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._edit, self._browse = QtWidgets.QLineEdit(self), QtWidgets.QToolButton(self)
        self._browse.setText("...")
        layout.addWidget(self._edit)
        layout.addWidget(self._browse)
        self._edit.textChanged.connect(self.pathSignal.emit)
        self._filters, self._names, self._label, self._key = 0, [], "", ""

    currentPath = QtCore.Property(str, lambda self: self._edit.text(), lambda self, path: self._edit.setText(path))
    label = QtCore.Property(str, lambda self: self._label, lambda self, text: setattr(self, "_label", text))
    settingKey = QtCore.Property(str, lambda self: self._key, lambda self, key: setattr(self, "_key", key))
    filters = QtCore.Property(int, lambda self: self._filters, lambda self, value: setattr(self, "_filters", value))
    nameFilters = QtCore.Property(
        "QStringList", lambda self: self._names, lambda self, names: setattr(self, "_names", list(names))
    )
    showBrowseButton = QtCore.Property(
        bool, lambda self: not self._browse.isHidden(), lambda self, shown: self._browse.setVisible(shown)
    )

    @invokable
    def setCurrentPath(self, path: str) -> None:
        self._edit.setText(path)

    @invokable
    def addCurrentPathToHistory(self) -> None:
        """Remembered under `settingKey` in Slicer; nothing to show here."""

    @invokable
    def browse(self) -> None:
        from slicer_host.dialogs import dialogs

        path = dialogs.ask("ctkPathLineEdit.browse", self._label, "")
        if path:
            self._edit.setText(str(Path(path)))


class ctkComboBox(QtWidgets.QComboBox):
    """A combo box with a text for when nothing is chosen."""

    _text = ""
    defaultText = QtCore.Property(str, lambda self: self._text, lambda self, text: setattr(self, "_text", text))


class ctkFittedTextBrowser(QtWidgets.QTextBrowser):
    """A text browser; the real one also fits its height to the text."""


class ctkMessageBox(QtWidgets.QMessageBox):
    """A message box that remembers "do not show again"."""

    _key = ""
    dontShowAgainSettingsKey = QtCore.Property(
        str, lambda self: self._key, lambda self, key: setattr(self, "_key", key)
    )


def install() -> types.ModuleType:
    """Put the module `ctk` into sys.modules."""
    module = types.ModuleType("ctk")
    for kind in (ctkCollapsibleButton, ctkPathLineEdit, ctkComboBox, ctkFittedTextBrowser, ctkMessageBox):
        ownWidgets[kind.__name__] = kind
        setattr(module, kind.__name__, wrapperClass(kind))
    sys.modules["ctk"] = module
    return module
