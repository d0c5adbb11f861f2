"""Where to compute, and whether a whole head fits there."""

from __future__ import annotations

import psutil
import torch

from mstkd.errors import InputError
from mstkd.inference.predictor import TILE, Size
from mstkd.network import Architecture

SAFE_SHARE = 0.7
"""Of the free memory; the rest is left to Slicer and the system."""
LIVE_MAPS = 9
"""Feature maps of the first stage alive at once, measured as peak memory (Testing/benchmarks/network_cost.py)."""
SMALLER_TILES: tuple[Size, ...] = (TILE, (128, 128, 128), (96, 96, 96), (64, 64, 64))


def choose_device(name: str) -> torch.device:
    """``auto`` (CUDA where there is one, else CPU), ``cpu``, ``cuda`` or ``cuda:N``.

    Raises:
        InputError: The name is unknown or the device does not exist.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    kind, _, number = name.partition(":")
    if kind not in ("cpu", "cuda") or (number and not number.isdigit()):
        raise InputError(f"the device '{name}' is unknown; use auto, cpu, cuda or cuda:N.")
    if kind == "cuda" and int(number or 0) >= torch.cuda.device_count():
        count = torch.cuda.device_count()
        raise InputError(f"the device '{name}' does not exist here (CUDA devices found: {count}); use auto or cpu.")
    return torch.device(name)


def working_bytes(architecture: Architecture, size: Size) -> int:
    """About how much memory one pass over a box of this size takes, in bytes.

    Input, logits and probabilities at full resolution, and the live maps of the first
    stage, all float32.
    """
    voxels = size[0] * size[1] * size[2]
    first = architecture.channels[0] / architecture.stem_stride**3
    return int(4 * voxels * (4 * 6 + LIVE_MAPS * first))


def plan_tile(architecture: Architecture, size: Size, device: torch.device) -> Size | None:
    """None when the whole box fits into free memory, else the largest tile that does.

    Raises:
        InputError: Not even the smallest tile fits.
    """
    on_gpu = device.type == "cuda"
    free = torch.cuda.mem_get_info(device)[0] if on_gpu else psutil.virtual_memory().available
    budget = int(free * SAFE_SHARE)
    if working_bytes(architecture, size) <= budget:
        return None
    whole = 4 * (4 + 2 * 4) * size[0] * size[1] * size[2]  # input, sum of weighted tiles, result
    for tile in SMALLER_TILES:
        if working_bytes(architecture, tile) + whole <= budget:
            return tile
    raise InputError(
        f"only {free / 2**30:.1f} GB of memory are free on {device}; close other programs or use --device cpu."
    )
