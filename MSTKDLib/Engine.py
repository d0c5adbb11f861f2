"""Where the engine is, how it is started, and the error that it ends in."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

import slicer

from .Translation import _


class EngineError(RuntimeError):
    """The engine refused the input or failed; the message is one sentence for a person."""


class CancelledError(EngineError):
    """The run was cancelled; the scene is as it was."""

    def __init__(self) -> None:
        super().__init__(_("Cancelled; nothing was changed."))


def engineFolder() -> Path:
    """The folder that holds the package `mstkd`: the one that holds this package too."""
    folder = Path(__file__).resolve().parents[1]
    if not (folder / "mstkd" / "__init__.py").is_file():
        raise EngineError(_("The engine (mstkd) is not installed beside this module; reinstall the extension."))
    return folder


def command(module: str, *arguments: str) -> list[str]:
    """The command line of a child process of the engine's.

    Raises:
        EngineError: No Python interpreter was found.
    """
    return [_interpreter(), "-u", "-m", module, *arguments]


def _interpreter() -> str:
    """Slicer's own Python, or the one that runs this; never the application, which `sys.executable` may be."""
    home = getattr(getattr(slicer, "app", None), "slicerHome", None)
    bundled = shutil.which("PythonSlicer", path=str(Path(home) / "bin")) if home else None
    found = bundled or shutil.which("PythonSlicer")
    if found is None and "python" in Path(sys.executable or "").name.lower():
        found = sys.executable
    if found is None:  # a Slicer that embeds the system's or an environment's Python
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        found = shutil.which(version, path=str(Path(sys.base_prefix) / "bin"))
    if found is None:
        raise EngineError(_("Slicer's Python (PythonSlicer) was not found; reinstall Slicer."))
    return found


def environment(temporary: str) -> dict[str, str]:
    """This process's environment with the engine on Python's path.

    Args:
        temporary: The folder for the engine's temporary files, which may hold the patient's
            images; the worker's goes with it, however that ends.
    """
    path = [str(engineFolder())] + [p for p in [os.environ.get("PYTHONPATH")] if p]
    ours = {"PYTHONPATH": os.pathsep.join(path), "PYTHONUNBUFFERED": "1"}
    return {**os.environ, **ours, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), temporary)}


def temporaryPath() -> str:
    """Where the user wants temporary files, as far as there is an application to say so; Slicer's end leaves it."""
    application = getattr(slicer, "app", None)
    return application.temporaryPath if application is not None else tempfile.gettempdir()


def temporaryFolder() -> tempfile.TemporaryDirectory:
    """A new folder for temporary files."""
    return tempfile.TemporaryDirectory(prefix="MSTKD-", dir=temporaryPath(), ignore_cleanup_errors=True)
