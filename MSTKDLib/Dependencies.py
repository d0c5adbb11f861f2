"""The engine's Python packages in Slicer's own Python: what is missing, and installing it with consent.

Nothing here imports the engine or PyTorch to look; versions come from the packages' metadata.
Installing runs pip, so call it on Slicer's main thread.
"""

from __future__ import annotations

import importlib
import platform
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from .Engine import EngineError
from .Translation import _

if TYPE_CHECKING:
    from packaging.requirements import Requirement

Confirm = Callable[[str], bool]

TORCH = "torch>=2.4.1"
"""As in pyproject.toml; MONAI 1.5 takes no older one."""
OLDEST_PYTHON = (3, 10)
REQUIREMENTS = Path(__file__).parent / "requirements.txt"
BUNDLED = ("numpy", "scipy", "SimpleITK", "requests", "pydicom", "highdicom", "pillow", "packaging", "setuptools")
"""What Slicer brings, in builds of its own; pip must leave these as they are."""
WHEEL_MB = {"deepbet": 10, "matplotlib": 10, "nibabel": 3, "monai": 2}
"""Sizes of wheels for Linux, November 2026; packages that are not here have less than 1 MB."""
OTHERS_MB = 40
"""Together, the packages that these need in turn; pandas is the largest."""


def missingRequirements() -> list[str]:
    """What the engine needs and Slicer's Python lacks, one text for each; empty when all is there."""
    return [_text(requirement) for requirement in _missing()]


def ensureEngine(confirm: Confirm) -> None:
    """Install what is missing, after asking once; nothing happens when nothing is missing.

    PyTorch comes through Slicer's PyTorch extension, which chooses the build for the graphics card.

    Args:
        confirm: Asked with a text that lists packages and sizes.

    Raises:
        EngineError: Refused, not possible on this computer, or pip failed; one sentence.
    """
    missing = _missing()
    if not missing:
        return
    torch = _refuseUnfit(missing)
    torchLogic = _torchLogic() if torch else None
    _ask(confirm, missing)
    if torchLogic is not None:
        _installTorch(torchLogic, torch[0])
    _pipInstall([str(requirement) for requirement in missing if requirement.name != "torch"])
    _checkAll()


def installFromFolder(folder: Path, confirm: Confirm = lambda text: True) -> None:
    """Install what is missing from a folder of wheels, without any network; see docs/models.md.

    Args:
        folder: Filled by ``pip download``.
        confirm: As for `ensureEngine`; choosing the folder counts as consent.

    Raises:
        EngineError: The folder lacks a package, refused, or pip failed; one sentence.
    """
    missing = _missing()
    if not missing:
        return
    _refuseUnfit(missing)
    wheels = {path.name.split("-")[0].replace("_", "-").lower() for path in Path(folder).glob("*.whl")}
    if not wheels:
        raise EngineError(_("{folder} holds no wheels (.whl files); fill it with pip download.").format(folder=folder))
    absent = [str(requirement) for requirement in missing if requirement.name not in wheels]
    if absent:
        raise EngineError(
            _("{folder} holds no wheel of {packages}; download it too.").format(
                folder=folder, packages=", ".join(absent)
            )
        )
    _ask(confirm, missing)
    _pipInstall(["--no-index", "--find-links", str(folder), *map(str, missing)])
    _checkAll()


def _missing() -> list[Requirement]:
    """The requirements that no installed package meets, PyTorch first."""
    from packaging.requirements import Requirement

    lines = [TORCH, *REQUIREMENTS.read_text(encoding="utf-8").splitlines()]
    requirements = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return [requirement for requirement in requirements if not _isMet(requirement)]


def _isMet(requirement: Requirement) -> bool:
    version = _version(requirement.name)
    return version is not None and requirement.specifier.contains(version, prereleases=True)


def _version(name: str) -> str | None:
    """The installed version; None also when half an installation has left no version."""
    try:
        return metadata.version(name)
    except (metadata.PackageNotFoundError, KeyError, TypeError):
        return None


def _text(requirement: Requirement) -> str:
    version = _version(requirement.name)
    if version is None:
        return str(requirement)
    return _("{requirement} ({version} is installed)").format(requirement=requirement, version=version)


def _refuseUnfit(missing: Sequence[Requirement]) -> list[Requirement]:
    """PyTorch, where it is missing; refuses where the engine cannot run or PyTorch not be put in."""
    torch = [requirement for requirement in missing if requirement.name == "torch"]
    if sys.version_info < OLDEST_PYTHON:
        raise EngineError(_("The engine needs Python 3.10 or newer; use Slicer 5.10 or newer."))
    _refuseIntelMac(torch)
    _refuseLoaded(torch)
    return torch


def _refuseIntelMac(torch: Sequence[Requirement]) -> None:
    """Refuse where PyTorch would have to replace Slicer's NumPy; Rosetta counts as Intel."""
    if torch and sys.platform == "darwin" and platform.machine() == "x86_64":
        raise EngineError(
            _(
                "This Slicer runs on an Intel Mac or under Rosetta, where PyTorch ends at 2.2.2, which is too old for "
                "the engine and would need NumPy 1 instead of Slicer's {numpy}, so nothing was installed; "
                "use Slicer on Windows or Linux."
            ).format(numpy=_version("numpy"))
        )


def _refuseLoaded(torch: Sequence[Requirement]) -> None:
    """Refuse to replace a PyTorch that another module has loaded: Windows would leave half of each."""
    if torch and "torch" in sys.modules:
        raise EngineError(
            _(
                "Another module has loaded PyTorch, which is too old and must be replaced; restart Slicer and install "
                "the packages before anything else."
            )
        )


def _ask(confirm: Confirm, missing: Sequence[Requirement]) -> None:
    lines = "\n".join(f"- {_text(requirement)}: {_size(requirement.name)}" for requirement in missing)
    text = _(
        "The engine needs Python packages that will be installed in Slicer's Python (sizes are of the downloads):\n"
        "{lines}\n- {others}\nInstall them now?"
    ).format(lines=lines, others=_("packages that these need: about {size} MB").format(size=OTHERS_MB))
    if not confirm(text):
        raise EngineError(_("The engine's packages were not installed, so it cannot segment; install them first."))


def _size(name: str) -> str:
    if name == "torch":
        return _("about 200 MB, with an NVIDIA graphics card gigabytes")
    return _("about {size} MB").format(size=WHEEL_MB[name]) if name in WHEEL_MB else _("less than 1 MB")


def _torchLogic():
    try:
        import PyTorchUtils
    except ImportError:
        raise EngineError(
            _(
                "Slicer's extension 'PyTorch' is missing; install it in the Extensions Manager and restart Slicer, "
                "or install the packages from a folder."
            )
        ) from None
    return PyTorchUtils.PyTorchUtilsLogic()


def _installTorch(logic, requirement: Requirement) -> None:
    """Through the extension, whose keywords changed once: without them it still installs."""
    wanted = str(requirement.specifier)
    try:
        try:
            module = logic.installTorch(askConfirmation=False, torchVersionRequirement=wanted)
        except TypeError:
            module = logic.installTorch()
    except Exception as error:  # the extension raises of many kinds
        raise EngineError(_failure(error)) from error
    if module is None:
        raise EngineError(_("PyTorch was not installed by Slicer's PyTorch extension; try again there."))


def _pipInstall(arguments: list[str]) -> None:
    """pip, with what Slicer brings held as it is."""
    if not arguments:
        return
    with tempfile.TemporaryDirectory(prefix="MSTKDSegment-") as folder:
        constraints = Path(folder) / "constraints.txt"
        constraints.write_text("\n".join(_constraints()) + "\n", encoding="utf-8")
        try:
            _pip([*arguments, "--constraint", str(constraints)])
        except Exception as error:
            raise EngineError(_failure(error)) from error


def _pip(arguments: list[str]) -> None:
    try:
        from slicer.packaging import pip_install
    except ImportError:  # Slicer before 5.11
        from slicer.util import pip_install

        pip_install(arguments)
    else:
        pip_install(arguments, requester="MSTKDSegment")


def _constraints() -> list[str]:
    """The bundled packages and a PyTorch that will do, each at its installed version."""
    importlib.invalidate_caches()
    from packaging.requirements import Requirement

    kept = [*BUNDLED, "torch", "torchvision"] if _isMet(Requirement(TORCH)) else BUNDLED
    return [f"{name}=={version}" for name in kept if (version := _version(name)) is not None]


def _failure(error: Exception) -> str:
    return _(
        "The engine's packages could not be installed ({reason}); look into Slicer's log, check network and disk "
        "space, or install them from a folder."
    ).format(reason=" ".join(str(error).split()) or type(error).__name__)


def _checkAll() -> None:
    importlib.invalidate_caches()
    left = missingRequirements()
    if left:
        raise EngineError(
            _("After installing, still missing: {packages}; restart Slicer and try again.").format(
                packages=", ".join(left)
            )
        )
