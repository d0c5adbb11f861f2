"""What a run was made with, recorded when it starts."""

from __future__ import annotations

import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

import torch

import mstkd
from mstkd.words import counted


def versions() -> dict[str, str]:
    """Versions of what decides a run's figures."""
    return {
        "mstkd": mstkd.__version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "monai": version("monai"),
    }


def revision() -> str:
    """The git revision of the code, ``-dirty`` when it has uncommitted changes; ``unknown`` outside a clone."""
    here = Path(mstkd.__file__).parents[1]
    # An installed package may lie inside somebody else's repository.
    if not (here / ".git").exists():
        return "unknown"
    try:
        command = ["git", "describe", "--always", "--dirty"]
        answer = subprocess.run(command, cwd=here, capture_output=True, text=True, check=False)
    except OSError:
        return "unknown"
    return answer.stdout.strip() or "unknown"


def device_name(device: torch.device, processes: int = 1) -> str:
    """The graphics card's or the processor's name, and how many processes share the work, with a device each."""
    several = f"{processes} x " if processes > 1 else ""
    if device.type == "cuda":
        return several + torch.cuda.get_device_name(device)
    return f"CPU {platform.machine()}, {several}{counted(torch.get_num_threads(), 'thread')}"
