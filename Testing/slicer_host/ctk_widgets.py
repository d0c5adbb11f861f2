"""The widgets of CTK that scripted modules use, with the properties, slots and signals that the real ones have."""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import ClassVar

from PySide6 import QtCore, QtWidgets

from slicer_host.ui_loader import ownWidgets
from slicer_host.wrapping import invokable, wrapperClass


class ctkCollapsibleButton(QtWidgets.QWidget):
    """A section with a header; its contents are hidden while it is collapsed."""

    SIGNALS: ClassVar = {"contentsCollapsed(bool)": "contentsCollapsedSignal"}
    contentsCollapsedSignal = QtCore.Signal(bool)

    def __init__(self, parent: QtWidgets.QWidget | None = None):
        super().__init__(parent)
        self._header = QtWidgets.QToolButton(self)
        self._header.setObjectName("")
        self._header.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Fixed)
        self._header.setToolButtonStyle(QtCore.Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._header.clicked.connect(lambda: self._collapse(not self._collapsed))
        self.setContentsMargins(0, self._header.sizeHint().height(), 0, 0)  # the layout begins below it
        self._collapsed = False
        self._hidden: list[QtWidgets.QWidget] = []
        self._arrow()

    def _arrow(self):
        arrow = QtCore.Qt.ArrowType.RightArrow if self._collapsed else QtCore.Qt.ArrowType.DownArrow
        self._header.setArrowType(arrow)

    def _contents(self):
        widgets = self.findChildren(QtWidgets.QWidget, options=QtCore.Qt.FindChildOption.FindDirectChildrenOnly)
        return [w for w in widgets if w is not self._header]

    def _collapse(self, collapsed: bool):
        if collapsed == self._collapsed:
            return
        self._collapsed = collapsed
        if collapsed:
            self._hidden = [w for w in self._contents() if not w.isHidden()]
        for widget in self._hidden:
            widget.setVisible(not collapsed)
        height = self._header.sizeHint().height()
        self.setMaximumHeight(height if collapsed else 16777215)
        self._arrow()
        self.contentsCollapsedSignal.emit(collapsed)

    def resizeEvent(self, event):
        self._header.setGeometry(0, 0, self.width(), self._header.sizeHint().height())
        super().resizeEvent(event)

    def minimumSizeHint(self):
        hint = super().minimumSizeHint()
        return hint.expandedTo(self._header.sizeHint())

    def _read(self):
        return self._header.text()

    def _write(self, text):
        self._header.setText(text)

    text = QtCore.Property(str, _read, _write)
    collapsed = QtCore.Property(bool, lambda self: self._collapsed, _collapse)
    checked = QtCore.Property(bool, lambda self: not self._collapsed, lambda self, on: self._collapse(not on))

    @invokable
    def setText(self, text: str) -> None:
        self._write(text)

    @invokable
    def setCollapsed(self, collapsed: bool) -> None:
        self._collapse(collapsed)


class ctkPathLineEdit(QtWidgets.QWidget):
    """A path with a button to browse for it."""

    SIGNALS: ClassVar = {
        "currentPathChanged(QString)": "pathSignal",
        "validInputChanged(bool)": "validSignal",
    }
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
