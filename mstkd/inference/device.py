"""Where to compute, and whether a whole head fits there."""

from __future__ import annotations

import psutil
import torch

from mstkd.errors import InputError
from mstkd.inference.memory import is_out_of_memory
from mstkd.inference.predictor import TILE, Size
from mstkd.network import Architecture

SAFE_SHARE = 0.7
"""Of the free memory; the rest is left to Slicer and the system."""
LIVE_MAPS = 5
"""Feature maps of the first stage alive at once, measured as peak memory (Testing/benchmarks/network_cost.py)."""
TILES: tuple[Size, ...] = (TILE, (128, 128, 128), (96, 96, 96), (64, 64, 64))


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


def plan_tiles(architecture: Architecture, size: Size, device: torch.device) -> list[Size | None]:
    """The passes to try in turn: the whole box (None) and smaller tiles, from the first that should fit.

    The estimate is rough, so what follows the first is for when it proves wrong.

    Raises:
        InputError: Not even the smallest tile fits.
    """
    on_gpu = device.type == "cuda"
    free = _free_on(device) if on_gpu else psutil.virtual_memory().available
    budget = int(free * SAFE_SHARE)
    whole = 4 * (4 + 2 * 4) * size[0] * size[1] * size[2]  # input, sum of weighted tiles, result
    needs: list[tuple[Size | None, int]] = [(None, working_bytes(architecture, size))]
    needs += [(tile, working_bytes(architecture, tile) + whole) for tile in TILES]
    fitting = [tile for tile, need in needs if need <= budget]
    if not fitting:
        raise too_little_memory(device)
    return fitting


def _free_on(device: torch.device) -> int:
    """Bytes that this process can have on a GPU: also those that PyTorch keeps after what filled them was freed."""
    kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return torch.cuda.mem_get_info(device)[0] + kept


def too_little_memory(device: torch.device) -> InputError:
    """The sentence for a head that does not fit even in the smallest tiles."""
    remedy = "use --device cpu" if device.type == "cuda" else "close other programs"
    return InputError(f"the free memory of {device} is too small for this head; {remedy}.")


def memory_sentence(error: Exception) -> str | None:
    """That sentence when an error says that memory ran out, else None."""
    if not is_out_of_memory(error):
        return None
    return str(too_little_memory(torch.device("cuda" if isinstance(error, torch.OutOfMemoryError) else "cpu")))
