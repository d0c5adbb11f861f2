"""Dialogs nobody can click: each is recorded and answered from a queue, or refused."""

from __future__ import annotations

import collections
import sys

from PySide6 import QtWidgets

from slicer_host.wrapping import alive, extend


class Dialogs:
    """What was shown, as (kind, text), and the answers given in advance for each kind."""

    def __init__(self):
        self.shown: list[tuple[str, str]] = []
        self.unexpected: list[tuple[str, str]] = []
        self.openedUrls: list[str] = []
        self._answers: dict[str, collections.deque] = collections.defaultdict(collections.deque)

    def clear(self) -> None:
        self.shown.clear()
        self.unexpected.clear()
        self.openedUrls.clear()
        self._answers.clear()

    def answer(self, kind: str, value=True) -> None:
        """Expect one more dialog of this kind and answer it so."""
        self._answers[kind].append(value)

    def ask(self, kind: str, text: str, refusal=None):
        """Record a dialog; the queued answer, or the refusal for one that was not expected."""
        self.shown.append((kind, str(text)))
        if self._answers[kind]:
            return self._answers[kind].popleft()
        self.unexpected.append((kind, str(text)))
        print(f"Unexpected dialog {kind}: {text}", file=sys.stderr)
        return refusal

    def unused(self) -> list[str]:
        return [kind for kind, waiting in self._answers.items() if waiting]


dialogs = Dialogs()

_CANCEL, _NO = (QtWidgets.QMessageBox.StandardButton[name].value for name in ("Cancel", "No"))


def _message(kind: str, refusal: int):
    def show(parent, title, text, *buttons):
        return dialogs.ask(f"QMessageBox.{kind}", text, refusal)

    return staticmethod(show)


def _file(kind: str, refusal):
    def show(parent=None, caption="", folder="", *rest):
        return dialogs.ask(f"QFileDialog.{kind}", caption, refusal)

    return staticmethod(show)


def _execute(this):
    """A dialog's own loop: answered at once, refused as if closed."""
    cpp = alive(this)
    text = cpp.text() if isinstance(cpp, QtWidgets.QMessageBox) else cpp.windowTitle()
    refusal = _CANCEL if isinstance(cpp, QtWidgets.QMessageBox) else 0
    return dialogs.ask(type(this)._cppClass.__name__, text, refusal)


def _openUrl(url) -> bool:
    dialogs.openedUrls.append(alive(url).toString())
    return True


def install() -> None:
    """Replace every static function and loop of Qt that would wait for a person."""
    for name, refusal in (("question", _NO), ("warning", _CANCEL), ("information", _CANCEL), ("critical", _CANCEL)):
        extend("QMessageBox", **{name: _message(name, refusal)})
    for name, nothing in (
        ("getOpenFileName", ""),
        ("getSaveFileName", ""),
        ("getExistingDirectory", ""),
        ("getOpenFileNames", ()),
    ):
        extend("QFileDialog", **{name: _file(name, nothing)})
    extend("QDialog", exec_=_execute)
    extend("QMenu", exec_=lambda this, *where: dialogs.ask("QMenu", alive(this).title()))
    extend("QDesktopServices", openUrl=staticmethod(_openUrl))
