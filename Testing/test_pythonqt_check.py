"""The static check finds what PythonQt would not take, and the module has nothing of it."""

from pathlib import Path

import pytest
from slicer_host.pythonqt_check import check, checkTree

ROOT = Path(__file__).parents[1]
MODULES = ("MSTKDLib", "MSTKDSegment", "MSTKDTrain")
FORMS = {
    "segmentButton": "QPushButton",
    "selector": "qMRMLNodeComboBox",
    "path": "ctkPathLineEdit",
    "table": "QTableWidget",
}

WRONG = [
    (
        "missing member",
        "self.ui.selector.setNodeTypes(['vtkMRMLNode'])",
        "self.ui.selector.nodeTypes = ['vtkMRMLNode']",
    ),
    ("missing setter", "anything.setNoneEnabled(True)", "anything.noneEnabled = True"),
    ("missing member", "self.ui.path.setNameFilters([])", "self.ui.path.nameFilters = []"),
    ("missing member", "self.ui.selector.currentText", "self.ui.selector.currentNode()"),
    ("called property", "self.ui.segmentButton.text()", "self.ui.segmentButton.text"),
    ("called property", "combo.currentText()", "combo.currentText"),
    ("called property", "label = qt.QLabel()\nlabel.text()", "cell = qt.QTableWidgetItem()\ncell.text()"),
    ("called property", "ui.table.rowCount()", "ui.table.item(0, 0).text()"),
    ("exec", "dialog.exec()", "dialog.exec_()"),
    ("isinstance", "isinstance(w, qt.QWidget)", "w.inherits('QWidget')"),
    ("isinstance", "isinstance(w, (int, slicer.qMRMLNodeComboBox))", "isinstance(node, slicer.vtkMRMLVolumeNode)"),
    ("keywords", "qt.QLabel('FLAIR', parent=self.parent)", "qt.QLabel('FLAIR', self.parent)"),
    ("signal", "self.ui.segmentButton.clicked.connect(f)", "self.ui.segmentButton.connect('clicked(bool)', f)"),
    ("signal", "self.ui.segmentButton.connect('clickd(bool)', f)", "self.ui.segmentButton.connect('clicked()', f)"),
    ("signal", "combo.connect('currentIndexChange(int)', f)", "combo.connect('currentIndexChanged(int)', f)"),
    ("signal", "ui.selector.connect('textChanged(QString)', f)", "ui.selector.connect('currentNodeChanged(bool)', f)"),
    ("new attribute", "self.ui.segmentButton.model = 1", "self.ui.segmentButton.enabled = True"),
    ("new attribute", "self.ui.unknownWidget.model_ = 1", "self.model_ = 1"),
    ("new attribute", "button = qt.QPushButton()\nbutton.action = f", "button = qt.QPushButton()\nbutton.text = 'x'"),
    ("translated text", "_(f'{n} volumes')", "_('{n} volumes').format(n=n)"),
    ("translated text", "_('a' + name)", "_('a')"),
    ("translated text", "translate('MSTKD', '{n}'.format(n=1))", "translate('MSTKD', '{n}').format(n=1)"),
    ("threads", "def f():\n    import threading", "import subprocess"),
    ("threads", "from multiprocessing import Pool", "from collections import Counter"),
    ("threads", "qt.QThread()", "qt.QTimer()"),
    ("import", "import torch", "def f():\n    import SimpleITK"),
    (
        "import",
        "class A:\n    from mstkd import store",
        "import numpy as np",
    ),
    ("install", "slicer.util.pip_install('monai')", "def f():\n    slicer.util.pip_install('monai')"),
    ("path", "self.ui.path.currentPath = Path('a')", "self.ui.path.currentPath = str(Path('a'))"),
    (
        "path",
        "def f(folder: Path):\n    qt.QIcon(folder / 'a.png')",
        "def f(folder: Path):\n    qt.QIcon(str(folder / 'a.png'))",
    ),
    ("path", "p = Path.home()\nqt.QUrl.fromLocalFile(p)", "p = Path.home()\nqt.QUrl.fromLocalFile(str(p))"),
    ("shared properties", "slicer.util.loadVolume(p)", "slicer.util.loadVolume(p, properties={})"),
]


@pytest.mark.parametrize(("rule", "wrong", "right"), WRONG, ids=[wrong for _, wrong, _ in WRONG])
def test_what_pythonqt_refuses_is_found_and_its_remedy_is_not(rule, wrong, right):
    assert [finding.rule for finding in check(wrong, forms=FORMS)] == [rule]
    assert check(right, forms=FORMS) == []


def test_a_finding_says_where_it_is():
    (finding,) = check("import qt\n\nqt.QLabel(text='x')", "Panel.py")
    assert str(finding) == "Panel.py:3: keywords: constructors of Qt take no keyword arguments"


def test_functions_of_the_module_itself_may_have_the_names_of_properties():
    assert check("class Region:\n    def checked(self): ...\n\nRegion().checked()") == []


def test_a_name_that_stands_for_several_things_is_left_alone():
    assert check("item = qt.QLabel()\ndef f(item):\n    item.text()") == []


@pytest.mark.parametrize("folder", MODULES)
def test_the_modules_python_is_what_slicer_takes(folder):
    assert [str(finding) for finding in checkTree(ROOT / folder)] == []
