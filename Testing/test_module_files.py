"""The module as it is packaged: nothing forgotten, nothing heavy at import, the sample as registered."""

import ast
import hashlib
import subprocess
import sys
from pathlib import Path

import matplotlib.image
import pytest
from MSTKDSegmentLib import Sample

from MSTKDLib.Engine import EngineError

ROOT = Path(__file__).parents[1]
SHARED = ROOT / "MSTKDLib"
MODULES = (ROOT / "MSTKDSegment", ROOT / "MSTKDTrain")
SOURCES = sorted(path for folder in (SHARED, *MODULES) for path in folder.rglob("*.py"))
OURS = {"MSTKDLib", *(f"{module.name}Lib" for module in MODULES)}
ALLOWED = {*sys.stdlib_module_names, "slicer", "qt", "ctk", "vtk", "numpy", *OURS}


def imported_at_once(tree: ast.AST) -> set[str]:
    """Packages that are imported when the file is, not first inside a function."""
    found = set()
    for node in ast.iter_child_nodes(tree):
        for_types = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        if isinstance(node, ast.FunctionDef) or for_types:
            continue
        if isinstance(node, ast.Import):
            found |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(node.module.split(".")[0])
        else:
            found |= imported_at_once(node)
    return found


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_a_file_of_the_module_imports_only_what_every_slicer_has(source):
    assert imported_at_once(ast.parse(source.read_text())) <= ALLOWED


def imports_of_the_engine() -> set[str]:
    """Whatever the modules import of `mstkd` in Slicer's own process, at once or later, as statements."""
    nodes = (node for source in SOURCES for node in ast.walk(ast.parse(source.read_text())))
    ours = (node for node in nodes if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mstkd"))
    return {ast.unparse(node) for node in ours}


def test_what_the_modules_use_of_the_engine_loads_nothing_heavy():
    heavy = {"torch", "monai", "nibabel", "pydantic", "yaml", "lightning_fabric", "matplotlib", "filelock", "psutil"}
    code = "\n".join(
        ["import sys", *sorted(imports_of_the_engine()), f"sys.exit(str({heavy} & set(sys.modules) or ''))"]
    )
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.stderr.strip() == ""


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_every_file_of_the_module_is_installed(module):
    listed = (module / "CMakeLists.txt").read_text().replace("${MODULE_NAME}", module.name).split()
    files = [path for path in module.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    wanted = {path.relative_to(module).as_posix() for path in files} - {"CMakeLists.txt"}
    assert wanted <= set(listed)
    assert {entry for entry in listed if entry.endswith((".py", ".ui", ".png"))} <= wanted | {f"{module.name}.py"}


def test_the_extension_builds_every_module_and_installs_what_they_share():
    lists = (ROOT / "CMakeLists.txt").read_text()
    assert all(f"add_subdirectory({module.name})" in lists for module in MODULES)
    assert "DIRECTORY mstkd MSTKDLib" in lists


def test_the_sample_is_what_its_checksums_say():
    for file, checksum in Sample.FILES.values():
        assert hashlib.sha256((Sample.sampleFolder() / file).read_bytes()).hexdigest() == checksum


def test_a_missing_sample_is_one_sentence(monkeypatch, tmp_path):
    monkeypatch.setattr(Sample, "engineFolder", lambda: tmp_path)
    with pytest.raises(EngineError, match="sample patient is not installed"):
        Sample.sampleFolder()


def test_the_samples_picture_has_slicers_size():
    picture = ROOT / "MSTKDSegment" / "Resources" / "Icons" / "BraTS2021_01479.png"
    assert picture.stat().st_size < 100_000
    assert matplotlib.image.imread(picture).shape[:2] == (280, 260)
