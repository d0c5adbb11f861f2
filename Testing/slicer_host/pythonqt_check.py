"""A static check: what of a module's Python would fail or misbehave under PythonQt in Slicer.

    python -m slicer_host.pythonqt_check MSTKDSegment

The class of a widget is known where it comes from a .ui file (`ui.name`, `self.ui.name`) or was made by a visible
`qt.X(...)`; elsewhere only what is wrong for every class is reported.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from slicer_host import pythonqt_facts as facts

WIDGET_LIBRARIES = {"qt", "ctk"}


@dataclass(frozen=True)
class Finding:
    """One place that Slicer would not take."""

    path: str
    line: int
    rule: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.text}"


@dataclass
class Source:
    """One parsed file with what is known of its names.

    Attributes:
        forms: Widget name to class, from the .ui files.
        defined: Names of functions that the module's own classes define: calling those is fine.
    """

    tree: ast.Module
    path: str
    forms: dict[str, str] = field(default_factory=dict)
    defined: frozenset[str] = frozenset()

    def __post_init__(self):
        self.made: dict[str, str] = {}
        for name, value in bindings(self.tree):
            kind = widgetClass(value) if value is not None else ""
            self.made[name] = kind if self.made.get(name, kind) == kind else ""

    def classOf(self, node: ast.expr) -> str:
        """The class of the widget that an expression is, or "" when that cannot be seen."""
        text = ast.unparse(node)
        if isinstance(node, ast.Attribute) and isUi(node.value):
            kind = self.forms.get(node.attr, "")
        else:
            kind = self.made.get(text, "")
        return kind if kind in facts.classes() else ""

    def calls(self) -> Iterator[ast.Call]:
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.Call))


Rule = Callable[[Source], Iterator[tuple[ast.AST, str]]]


def bindings(tree: ast.AST) -> Iterator[tuple[str, ast.AST | None]]:
    """Every name that the file binds, with its value where that is one expression."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            yield from ((ast.unparse(target), node.value) for target in node.targets)
        elif isinstance(node, ast.arg):
            yield node.arg, None
        elif isinstance(node, (ast.For, ast.comprehension)):
            yield from ((name.id, None) for name in ast.walk(node.target) if isinstance(name, ast.Name))


def isUi(node: ast.expr) -> bool:
    """`ui` or `self.ui`: the widgets of a form."""
    return (isinstance(node, ast.Name) and node.id == "ui") or (
        isinstance(node, ast.Attribute) and node.attr in ("ui", "_ui")
    )


def widgetClass(node: ast.AST) -> str:
    """X for `qt.X(...)`, `ctk.X(...)` and `slicer.qMRMLX(...)`, else ""."""
    if not isinstance(node, ast.Call):
        return ""
    return widgetName(node.func)


def widgetName(node: ast.AST) -> str:
    """X for `qt.X`, `ctk.X` and `slicer.qMRMLX`, else ""."""
    if not (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)):
        return ""
    isMrml = node.value.id == "slicer" and node.attr.startswith("qMRML")
    return node.attr if node.value.id in WIDGET_LIBRARIES or isMrml else ""


def check(text: str, path: str = "", forms: dict[str, str] | None = None, defined: frozenset[str] = frozenset()):
    """Every finding in one file's text, by line."""
    from slicer_host.pythonqt_rules import RULES

    source = Source(ast.parse(text), path, forms or {}, defined | functionNames(text))
    found = [Finding(path, node.lineno, name, what) for name, rule in RULES.items() for node, what in rule(source)]
    return sorted(found, key=lambda finding: finding.line)


def functionNames(text: str) -> frozenset[str]:
    return frozenset(node.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef))


def checkTree(folder: Path) -> list[Finding]:
    """Every finding in the module's Python files."""
    files = sorted(folder.rglob("*.py"))
    forms = facts.formClasses(folder)
    defined = frozenset().union(*(functionNames(file.read_text(encoding="utf-8")) for file in files))
    return [f for file in files for f in check(file.read_text(encoding="utf-8"), str(file), forms, defined)]


def main() -> int:
    findings = [finding for folder in sys.argv[1:] for finding in checkTree(Path(folder))]
    print(*findings, sep="\n")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
