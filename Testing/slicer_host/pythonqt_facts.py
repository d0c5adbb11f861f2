"""Questions about the classes of Qt, CTK and MRML widgets, for the static check."""

from __future__ import annotations

import datetime
import functools
import json
import os
import pathlib
import re
import subprocess
import sys
from dataclasses import dataclass
from xml.etree import ElementTree

PYTHON = (str, bytes, list, dict, set, tuple, int, float, pathlib.Path, re.Match, datetime.datetime)
WRAPPER = frozenset({"name", "connect", "disconnect", "className", "delete", "exec_", "findChild", "findChildren"})
HIDDEN = frozenset({"sceneModel", "setMRMLSceneModel"})  # other C++ methods of qMRML widgets that people try
APPLICATION = {"startupCompleted()", "mrmlSceneChanged(vtkMRMLScene*)", "moduleAboutToBeUnloaded(QString)"}


@dataclass(frozen=True)
class Declared:
    """What one class declares."""

    isOwn: bool
    properties: frozenset[str]
    signals: frozenset[str]
    methods: frozenset[str]
    values: frozenset[str]

    def has(self, member: str) -> bool:
        """Whether an object of the class has the name at all."""
        every = self.properties | self.methods | self.values | WRAPPER
        return member in every or any(signal.split("(")[0] == member for signal in self.signals)


@functools.cache
def classes() -> dict[str, Declared]:
    """Every class by name; see `pythonqt_survey`."""
    command = [sys.executable, "-m", "slicer_host.pythonqt_survey"]
    folder = str(pathlib.Path(__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": folder, "QT_QPA_PLATFORM": "offscreen"}
    answer = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
    found = json.loads(answer.splitlines()[-1])
    return {
        name: Declared(facts.pop("isOwn"), **{key: frozenset(values) for key, values in facts.items()})
        for name, facts in found.items()
    }


@functools.cache
def everySignal() -> frozenset[str]:
    return frozenset(APPLICATION.union(*(kind.signals for kind in classes().values())))


@functools.cache
def everyProperty() -> frozenset[str]:
    return frozenset().union(*(kind.properties for kind in classes().values()))


@functools.cache
def onlyProperties() -> frozenset[str]:
    """Names that are a property of some class and nowhere something to call: calling them is always wrong."""
    python = {name for kind in PYTHON for name in dir(kind)}
    return everyProperty() - python - frozenset().union(*(kind.methods for kind in classes().values()))


@functools.cache
def missingSetters() -> frozenset[str]:
    """C++ setters of ctk and qMRML properties that PythonQt does not show, and that no other class has."""
    inherited = frozenset().union(*(kind.properties for kind in classes().values() if not kind.isOwn))
    declared = frozenset().union(*(kind.properties for kind in classes().values() if kind.isOwn)) - inherited
    setters = {f"set{name[0].upper()}{name[1:]}" for name in declared}
    return HIDDEN.union(s for s in setters if not any(kind.has(s) for kind in classes().values()))


def formClasses(folder: pathlib.Path) -> dict[str, str]:
    """The class of each named widget in the module's .ui files; "" where two files disagree."""
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*.ui")):
        for widget in ElementTree.parse(path).getroot().iter("widget"):
            name, kind = widget.get("name"), widget.get("class")
            found[name] = kind if found.get(name, kind) == kind else ""
    return found
