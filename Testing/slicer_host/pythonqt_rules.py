"""The rules of the static check, one function each; each yields the place and what is wrong with it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator

from slicer_host import pythonqt_facts as facts
from slicer_host.pythonqt_check import Source, isUi, widgetClass, widgetName
from slicer_host.signals import normalized

Places = Iterator[tuple[ast.AST, str]]

TRANSLATORS = {"_", "tr", "translate"}
THREADS = {"threading", "multiprocessing", "concurrent", "_thread", "asyncio"}
QT_THREADS = {"QThread", "QThreadPool", "QRunnable", "QtConcurrent"}
EVERY_SLICER_HAS = {"slicer", "qt", "ctk", "vtk", "numpy"}
MUTABLE_DEFAULT = {"exportNode", "saveNode", "loadNodeFromFile", "loadNodesFromFile", "loadVolume", "loadScene"}


def missingSetter(source: Source) -> Places:
    for call in source.calls():
        isSetter = isinstance(call.func, ast.Attribute) and call.func.attr in facts.missingSetters()
        if isSetter and not source.classOf(call.func.value):  # else it is a missing member
            yield call, f"{call.func.attr} is not visible from Python; assign the property"


def missingMember(source: Source) -> Places:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            kind = source.classOf(node.value)
            if kind and node.attr != "SlicerParameterName" and not facts.classes()[kind].has(node.attr):
                yield node, f"{kind} has no {node.attr}"


def calledProperty(source: Source) -> Places:
    for call in source.calls():
        if not isinstance(call.func, ast.Attribute):
            continue
        name, kind = call.func.attr, source.classOf(call.func.value)
        isCertain = kind and name in facts.classes()[kind].properties
        isLikely = not kind and not call.args and not call.keywords and name not in source.defined
        if isCertain or (isLikely and name in facts.onlyProperties()):
            yield call, f"{name} is a property: no parentheses"


def wrongExec(source: Source) -> Places:
    for call in source.calls():
        if isinstance(call.func, ast.Attribute) and call.func.attr == "exec":
            yield call, "PythonQt calls it exec_()"


def classTest(source: Source) -> Places:
    for call in source.calls():
        if isinstance(call.func, ast.Name) and call.func.id in ("isinstance", "issubclass") and len(call.args) == 2:
            names = [widgetName(node) for node in ast.walk(call.args[1])]
            if any(names):
                yield call, "isinstance knows only the exact class; use inherits() or className()"


def constructorKeywords(source: Source) -> Places:
    for call in source.calls():
        if widgetClass(call) and call.keywords:
            yield call, "constructors of Qt take no keyword arguments"


def signalAsText(source: Source) -> Places:
    """Signals are connected as `w.connect("clicked(bool)", f)`: the overload is certain, and a typo is found."""
    names = {signature.split("(")[0] for signature in facts.everySignal()}
    for call in source.calls():
        if not (isinstance(call.func, ast.Attribute) and call.func.attr in ("connect", "disconnect")):
            continue
        receiver, first = call.func.value, call.args[0] if call.args else None
        if isinstance(receiver, ast.Attribute) and receiver.attr in names:
            yield call, f'connect {receiver.attr} as text: w.connect("{receiver.attr}(...)", f)'
        elif isinstance(first, ast.Constant) and isinstance(first.value, str):
            kind = source.classOf(receiver)
            if normalized(first.value) not in (facts.classes()[kind].signals if kind else facts.everySignal()):
                yield call, f"{kind or 'no class'} has no signal {first.value}"


def newAttribute(source: Source) -> Places:
    for node in ast.walk(source.tree):
        if not (isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)):
            continue
        kind = source.classOf(node.value)
        isWidget = isinstance(node.value, ast.Attribute) and isUi(node.value.value)
        known = facts.classes()[kind].properties if kind else facts.everyProperty()
        if (kind or isWidget) and node.attr not in known | {"name"}:
            yield node, f"{node.attr} is no property of {kind or 'any widget'}; C++ objects take no new attributes"


def translatedText(source: Source) -> Places:
    for call in source.calls():
        name = call.func.id if isinstance(call.func, ast.Name) else ""
        if name in TRANSLATORS and not all(isinstance(argument, ast.Constant) for argument in call.args):
            yield call, f"{name}() takes a literal; fill in with .format(name=...) outside"


def threads(source: Source) -> Places:
    for node in ast.walk(source.tree):
        if any(name in THREADS for name in imported(node)):
            yield node, "Python threads starve beside Qt's event loop; use QTimer or QProcess"
        if widgetName(node) in QT_THREADS:
            yield node, "never run Python in a Qt thread"


def imported(node: ast.AST) -> list[str]:
    """Top packages that an import statement names."""
    if isinstance(node, ast.Import):
        return [alias.name.split(".")[0] for alias in node.names]
    if isinstance(node, ast.ImportFrom) and not node.level:
        return [node.module.split(".")[0]]
    return []


def fileScope(tree: ast.AST) -> Iterator[ast.AST]:
    """What runs when the file is imported."""
    for node in ast.iter_child_nodes(tree):
        isTyping = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        if not isinstance(node, (ast.FunctionDef, ast.Lambda)) and not isTyping:
            yield node
            yield from fileScope(node)


def importAtStart(source: Source) -> Places:
    allowed = EVERY_SLICER_HAS | set(sys.stdlib_module_names)
    for node in fileScope(source.tree):
        for name in imported(node):
            if name not in allowed and not name.startswith("MSTKD"):
                yield node, f"{name} is imported at file scope: Slicer may lack it and starts slower"


def installAtStart(source: Source) -> Places:
    for node in fileScope(source.tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1].startswith("pip_"):
            yield node, "never install at file scope"


def pathToQt(source: Source) -> Places:
    paths = pathNames(source.tree)
    for node in ast.walk(source.tree):
        values = toQt(node, source)
        yield from ((value, "Qt takes no pathlib.Path; pass str(path)") for value in values if isPath(value, paths))


def toQt(node: ast.AST, source: Source) -> list[ast.expr]:
    """The values that a statement or expression hands to Qt."""
    if isinstance(node, ast.Call):
        owner = getattr(node.func, "value", None)
        isQt = widgetClass(node) or (owner is not None and (source.classOf(owner) or widgetName(owner)))
        return node.args if isQt else []
    if isinstance(node, ast.Assign):
        owners = [target.value for target in node.targets if isinstance(target, ast.Attribute)]
        return [node.value] if any(source.classOf(owner) for owner in owners) else []
    return []


def pathNames(tree: ast.AST) -> set[str]:
    """Names that are seen to be paths: assigned from Path(...), or annotated so."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.arg) and node.annotation is not None:
            found |= {node.arg} if ast.unparse(node.annotation) in ("Path", "pathlib.Path") else set()
        if isinstance(node, ast.Assign) and isPath(node.value, set()):
            found |= {ast.unparse(target) for target in node.targets}
    return found


def isPath(node: ast.expr, names: set[str]) -> bool:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        return isPath(node.left, names)
    if isinstance(node, ast.Call):
        return ast.unparse(node.func) in ("Path", "pathlib.Path", "Path.home", "Path.cwd")
    return ast.unparse(node) in names


def mutableDefault(source: Source) -> Places:
    for call in source.calls():
        name = ast.unparse(call.func)
        isOne = name.startswith("slicer.util.") and name.split(".")[-1] in MUTABLE_DEFAULT
        if isOne and len(call.args) < 3 and "properties" not in {keyword.arg for keyword in call.keywords}:
            yield call, "its default properties are one shared dictionary; pass properties={}"


RULES = {
    "missing setter": missingSetter,
    "missing member": missingMember,
    "called property": calledProperty,
    "exec": wrongExec,
    "isinstance": classTest,
    "keywords": constructorKeywords,
    "signal": signalAsText,
    "new attribute": newAttribute,
    "translated text": translatedText,
    "threads": threads,
    "import": importAtStart,
    "install": installAtStart,
    "path": pathToQt,
    "shared properties": mutableDefault,
}
