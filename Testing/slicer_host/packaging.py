"""`slicer.packaging`: nothing is installed; what was asked for is recorded and answered as the test wishes."""

from __future__ import annotations

import re
import sys
import types
from pathlib import Path

import slicer

from slicer_host.dialogs import dialogs


class Packages:
    """What the pretended Python environment holds, and what was done to it."""

    def __init__(self):
        self.reset()

    def reset(self) -> None:
        """Everything is installed, nothing fails."""
        self.missing: set[str] = set()  # names of distributions that are not installed
        self.failure: Exception | None = None  # raised by the next installations
        self.calls: list[tuple[str, list[str], dict]] = []  # (function, requirements, keywords)

    def lacking(self, requirements: list[str]) -> list[str]:
        return [r for r in requirements if name(r) in {name(m) for m in self.missing}]

    def install(self, requirements: list[str]) -> None:
        if self.failure:
            raise self.failure
        self.missing = {m for m in self.missing if name(m) not in {name(r) for r in requirements}}


packages = Packages()


def name(requirement: str) -> str:
    """The distribution's name in a requirement, normalised."""
    return re.sub(r"[-_.]+", "-", re.match(r"\s*([\w.-]+)", requirement).group(1)).lower()


def listed(requirements) -> list[str]:
    """Requirements as a list of texts.

    Raises:
        TypeError: neither a text nor a list of texts.
    """
    given = [requirements] if isinstance(requirements, str) else list(requirements)
    if not all(isinstance(r, str) or hasattr(r, "specifier") for r in given):
        raise TypeError(f"requirements must be texts, not {requirements!r}")
    return [str(r) for r in given]


def load_requirements(path) -> list[str]:
    lines = [line.split("#")[0].strip() for line in Path(path).read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line]


def pip_check(requirements) -> bool:
    packages.calls.append(("pip_check", listed(requirements), {}))
    return not packages.lacking(listed(requirements))


def pip_install(requirements, **keywords) -> None:
    packages.calls.append(("pip_install", listed(requirements), keywords))
    packages.install(listed(requirements))
    if keywords.get("completedCallback"):
        keywords["completedCallback"](0)


def pip_uninstall(requirements, **keywords) -> None:
    packages.calls.append(("pip_uninstall", listed(requirements), keywords))


def pip_ensure(requirements, constraints=None, skip_packages=None, requester=None, **keywords) -> None:
    """Check, ask, install.

    Raises:
        RuntimeError: the user refused.
    """
    keywords.update(constraints=constraints, skip_packages=skip_packages, requester=requester)
    packages.calls.append(("pip_ensure", listed(requirements), keywords))
    needed = packages.lacking(listed(requirements))
    if not needed or slicer.app.testingEnabled():
        return
    if not dialogs.ask("pipEnsure", f"{requester} needs {', '.join(needed)}", False):
        raise RuntimeError(f"User declined installation of {', '.join(needed)}")
    packages.install(needed)


def isPipInstallInProgress() -> bool:
    return False


def install() -> None:
    module = types.ModuleType("slicer.packaging")
    for function in (
        load_requirements,
        pip_check,
        pip_install,
        pip_uninstall,
        pip_ensure,
        isPipInstallInProgress,
    ):
        setattr(module, function.__name__, function)
    sys.modules["slicer.packaging"] = module
    slicer.packaging = module
