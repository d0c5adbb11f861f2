"""Slicer's own Python gets what the engine lacks: asked once, nothing of Slicer's changed."""

import re
import subprocess
import sys
import types
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from conftest import ROOT
from packaging.requirements import Requirement

from MSTKDLib import Dependencies
from MSTKDLib.Engine import EngineError

BUNDLED_HERE = {"numpy": "2.4.6", "scipy": "1.17.1", "SimpleITK": "2.5.5", "pydicom": "3.0.2", "pillow": "12.2.0"}


class FakePython:
    """A site folder that pip fills: distributions are dist-info folders, as importlib.metadata reads them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls: list[list[str]] = []
        self.constraints: list[str] = []

    def add(self, name: str, version: str) -> None:
        info = self.folder / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")

    def pip_install(self, arguments, requester=None):
        self.calls.append(arguments)
        self.constraints = Path(arguments[arguments.index("--constraint") + 1]).read_text().split()
        for text in arguments:
            if not text.startswith("-") and ">=" in text:
                requirement = Requirement(text)
                self.add(requirement.name, next(iter(requirement.specifier)).version)

    @property
    def installed(self) -> set[str]:
        return {text for call in self.calls for text in call if ">=" in text}


@pytest.fixture
def python(tmp_path, monkeypatch):
    """Slicer's Python with what Slicer brings, and its `slicer.packaging`."""
    fake = FakePython(tmp_path / "site")
    fake.folder.mkdir()
    for name, version in BUNDLED_HERE.items():
        fake.add(name, version)

    def version(name):
        found = list(metadata.distributions(name=name, path=[str(fake.folder)]))
        if not found:
            raise metadata.PackageNotFoundError(name)
        return found[0].version

    monkeypatch.setattr(Dependencies.metadata, "version", version)
    monkeypatch.delitem(sys.modules, "torch", raising=False)  # Slicer has loaded none, though these tests may have
    give(monkeypatch, "slicer", util=types.SimpleNamespace())
    give(monkeypatch, "slicer.packaging", pip_install=fake.pip_install)
    return fake


def give(monkeypatch, name, **members):
    module = types.ModuleType(name)
    module.__path__ = []
    vars(module).update(members)
    monkeypatch.setitem(sys.modules, name, module)


@pytest.fixture
def torch_extension(python, monkeypatch):
    """Slicer's PyTorch extension; returns the keywords that it was called with."""
    given = []

    class PyTorchUtilsLogic:
        def installTorch(self, askConfirmation=False, torchVersionRequirement=None):  # noqa: N802, N803  # theirs
            given.append({"askConfirmation": askConfirmation, "torchVersionRequirement": torchVersionRequirement})
            python.add("torch", "2.9.1+cu128")
            return types.ModuleType("torch")

    give(monkeypatch, "PyTorchUtils", PyTorchUtilsLogic=PyTorchUtilsLogic)
    return given


def requirements():
    lines = Dependencies.REQUIREMENTS.read_text().splitlines()
    return {line for line in lines if line and not line.startswith("#")}


def test_slicer_installs_what_the_package_declares_and_slicer_does_not_bring():
    project = (ROOT / "pyproject.toml").read_text()
    declared = set(re.findall(r'"([^"]+)"', re.search(r"^dependencies = \[(.*?)^\]", project, re.M | re.S).group(1)))
    brain = set(re.findall(r'"([^"]+)"', re.search(r"^brain = \[(.*?)\]", project, re.M).group(1)))
    bundled = {name.lower() for name in Dependencies.BUNDLED}
    wanted = {text for text in declared | brain if Requirement(text).name.lower() not in bundled}
    assert requirements() | {Dependencies.TORCH} == wanted


def test_what_is_missing_or_too_old_is_named_without_importing_anything(python):
    python.add("monai", "1.3.0")
    python.add("nibabel", "5.3.2")
    missing = Dependencies.missingRequirements()
    assert missing[0] == Dependencies.TORCH
    assert "monai>=1.5 (1.3.0 is installed)" in missing
    assert not any("nibabel" in text for text in missing)


def test_a_half_installed_package_is_missing(python):
    (python.folder / "safetensors-0.5.dist-info").mkdir()
    assert "safetensors>=0.4" in Dependencies.missingRequirements()


def test_importing_the_module_and_looking_loads_no_engine_package():
    code = (
        "import sys; from MSTKDLib import Dependencies; Dependencies.missingRequirements();"
        "heavy = {'torch', 'monai', 'deepbet', 'nibabel', 'matplotlib', 'pydantic', 'pip'};"
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT / "MSTKDSegment", capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr


def test_everything_is_installed_after_one_question_and_slicers_own_versions_are_held(python, torch_extension):
    asked = []
    Dependencies.ensureEngine(lambda text: asked.append(text) or True)
    assert Dependencies.missingRequirements() == []
    assert torch_extension == [{"askConfirmation": False, "torchVersionRequirement": ">=2.4.1"}]
    assert python.installed == requirements()
    held = {f"{name}=={version}" for name, version in BUNDLED_HERE.items()}
    assert set(python.constraints) == held | {"torch==2.9.1+cu128"}
    assert len(asked) == 1
    for requirement in requirements() | {Dependencies.TORCH}:
        assert requirement in asked[0]
    assert "gigabytes" in asked[0]


def test_nothing_is_asked_or_installed_when_all_is_there(python, torch_extension):
    Dependencies.ensureEngine(lambda text: True)
    python.calls.clear()
    Dependencies.ensureEngine(lambda text: pytest.fail("asked again"))
    assert python.calls == []


def test_a_refusal_installs_nothing_and_is_one_sentence(python, torch_extension):
    with pytest.raises(EngineError, match=r"were not installed.*install them first") as caught:
        Dependencies.ensureEngine(lambda text: False)
    assert "\n" not in str(caught.value)
    assert python.calls == []
    assert torch_extension == []


def test_without_the_pytorch_extension_the_remedy_is_said_before_asking(python, monkeypatch):
    monkeypatch.setitem(sys.modules, "PyTorchUtils", None)
    with pytest.raises(EngineError, match="Extensions Manager"):
        Dependencies.ensureEngine(lambda text: pytest.fail("asked in vain"))
    assert python.calls == []


def test_an_extension_with_other_keywords_still_installs(python, monkeypatch):
    class Logic:
        def installTorch(self):  # noqa: N802  # theirs
            python.add("torch", "2.8.0")
            return types.ModuleType("torch")

    give(monkeypatch, "PyTorchUtils", PyTorchUtilsLogic=Logic)
    Dependencies.ensureEngine(lambda text: True)
    assert Dependencies.missingRequirements() == []


def test_a_failing_pip_ends_in_one_sentence(python, torch_extension, monkeypatch):
    def fail(*_, **__):
        raise subprocess.CalledProcessError(1, "pip install")

    give(monkeypatch, "slicer.packaging", pip_install=fail)
    with pytest.raises(EngineError, match=r"could not be installed .*exit status 1.*log") as caught:
        Dependencies.ensureEngine(lambda text: True)
    assert "\n" not in str(caught.value)


def test_a_pip_that_changes_nothing_is_noticed(python, torch_extension, monkeypatch):
    give(monkeypatch, "slicer.packaging", pip_install=lambda arguments, requester: None)
    with pytest.raises(EngineError, match=r"still missing: .*monai>=1\.5"):
        Dependencies.ensureEngine(lambda text: True)


def test_an_older_slicer_installs_through_slicer_util(python, torch_extension, monkeypatch):
    monkeypatch.setitem(sys.modules, "slicer.packaging", None)
    give(monkeypatch, "slicer.util", pip_install=python.pip_install)
    Dependencies.ensureEngine(lambda text: True)
    assert Dependencies.missingRequirements() == []


def test_an_intel_mac_is_told_instead_of_changing_numpy(python, torch_extension, monkeypatch):
    monkeypatch.setattr(Dependencies.sys, "platform", "darwin")
    monkeypatch.setattr(Dependencies.platform, "machine", lambda: "x86_64")
    with pytest.raises(EngineError, match=r"Rosetta.*NumPy 1 instead of Slicer's 2\.4\.6"):
        Dependencies.ensureEngine(lambda text: pytest.fail("asked in vain"))
    assert torch_extension == []


def test_a_loaded_pytorch_that_is_too_old_is_not_replaced_under_slicers_feet(python, torch_extension, monkeypatch):
    python.add("torch", "2.2.2")
    give(monkeypatch, "torch")
    with pytest.raises(EngineError, match="restart Slicer and install"):
        Dependencies.ensureEngine(lambda text: pytest.fail("asked in vain"))
    assert torch_extension == []


def test_a_slicer_with_an_older_python_is_told_so(python, torch_extension, monkeypatch):
    monkeypatch.setattr(Dependencies.sys, "version_info", (3, 9, 10))
    with pytest.raises(EngineError, match=r"use Slicer 5\.10 or newer"):
        Dependencies.ensureEngine(lambda text: pytest.fail("asked in vain"))
    assert torch_extension == []


def fill(folder):
    folder.mkdir()
    for text in requirements() | {Dependencies.TORCH}:
        requirement = Requirement(text)
        version = next(iter(requirement.specifier)).version
        (folder / f"{requirement.name.replace('-', '_')}-{version}-py3-none-any.whl").touch()
    return folder


def test_offline_all_comes_from_the_folder_and_nothing_from_an_index(python, tmp_path):
    folder = fill(tmp_path / "my wheels")
    Dependencies.installFromFolder(folder)
    assert Dependencies.missingRequirements() == []
    (call,) = python.calls
    assert call[:3] == ["--no-index", "--find-links", str(folder)]
    assert Dependencies.TORCH in call
    assert "numpy==2.4.6" in python.constraints


def make_wheel(folder, name, version, *needs):
    """A wheel that pip can install, with metadata and nothing else."""
    info = f"{name}-{version}.dist-info"
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {n}" for n in needs)]
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{info}/METADATA", "\n".join(lines) + "\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")


def test_the_real_pip_keeps_what_slicer_brings_and_refuses_what_would_replace_it(python, tmp_path, monkeypatch):
    folder = tmp_path / "wheels"
    folder.mkdir()
    make_wheel(folder, "numpy", "2.4.6")
    make_wheel(folder, "numpy", "99.0")
    make_wheel(folder, "monai", "1.5", "numpy>=2")
    said = []

    def pip_install(arguments, requester=None):
        pip = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--no-input"]
        answer = subprocess.run([*pip, *arguments], capture_output=True, text=True)
        said.append(answer.stdout + answer.stderr)
        answer.check_returncode()

    give(monkeypatch, "slicer.packaging", pip_install=pip_install)
    offline = ["--no-index", "--find-links", str(folder), "monai>=1.5"]
    Dependencies._pipInstall(offline)
    assert "Would install monai-1.5 numpy-2.4.6" in said[-1]
    make_wheel(folder, "monai", "1.6", "numpy>=99")
    Dependencies._pipInstall(offline)
    assert "Would install monai-1.5 numpy-2.4.6" in said[-1], "an older one that lets NumPy be"
    (folder / "monai-1.5-py3-none-any.whl").unlink()
    with pytest.raises(EngineError, match="could not be installed"):
        Dependencies._pipInstall(offline)


def test_a_folder_without_wheels_or_with_too_few_is_refused_by_name(python, tmp_path):
    with pytest.raises(EngineError, match="holds no wheels"):
        Dependencies.installFromFolder(tmp_path)
    folder = fill(tmp_path / "wheels")
    next(folder.glob("lightning_fabric*")).unlink()
    with pytest.raises(EngineError, match=r"no wheel of lightning-fabric>=2\.4;"):
        Dependencies.installFromFolder(folder)
    assert python.calls == []
