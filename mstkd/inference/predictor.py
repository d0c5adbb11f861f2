"""Class probabilities for one prepared patient: in one pass, or in overlapping tiles."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from monai.inferers import sliding_window_inference
from torch import Tensor

from mstkd.errors import CancelledError
from mstkd.network import MSTKDNet

Array = np.ndarray
Size = tuple[int, int, int]
Progress = Callable[[float], None]
Stop = Callable[[], bool]

TILE: Size = (160, 192, 128)
OVERLAP = 0.5


@torch.inference_mode()
def predict(
    network: MSTKDNet,
    images: Array,
    mask: tuple[bool, ...],
    *,
    device: torch.device,
    tile: Size | None = None,
    flips: bool = False,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> Array:
    """Probabilities of background, NETC, SNFH and ET, ``(4, H, W, D)`` float32.

    Args:
        images: ``(4, H, W, D)`` as `prepare` makes them; any size.
        mask: Which channels exist.
        device: Where to compute; CUDA uses bfloat16 where it has it.
        tile: Size of overlapping tiles with Gaussian weights; None computes the whole
            box in one pass.
        flips: Also average over the left-right flipped image.
        progress: Called with the finished share, 0 to 1.
        stop: Asked before each tile or whole box.

    Raises:
        CancelledError: ``stop`` said so.
        torch.cuda.OutOfMemoryError: The box does not fit; use ``tile``.
    """
    network = network.to(device).eval()
    x = torch.from_numpy(np.ascontiguousarray(images, dtype=np.float32))[None].to(device)
    present = torch.tensor([mask], device=device)
    size = x.shape[2:]
    margin = [(-n) % 8 for n in size]
    x = F.pad(x, [0, margin[2], 0, margin[1], 0, margin[0]])
    window = None if tile is None else tuple(min(t, n) for t, n in zip(tile, x.shape[2:], strict=True))
    views = [x, x.flip(2)] if flips else [x]
    total = len(views) * (1 if window is None else count_tiles(tuple(x.shape[2:]), window))
    done = itertools.count(1)

    def forward(part: Tensor) -> Tensor:
        if stop is not None and stop():
            raise CancelledError("stopped before the result was complete")
        # 16-bit floats of the other kind overflow where features have grown large in training.
        mixed = device.type == "cuda" and torch.cuda.is_bf16_supported()
        with torch.autocast(device.type, torch.bfloat16, enabled=mixed):
            probabilities = torch.softmax(network(part, present.expand(len(part), -1)).float(), dim=1)
        if progress is not None:
            progress(next(done) / total)
        return probabilities

    mean = torch.zeros((1, 4, *x.shape[2:]), device=device)
    for index, view in enumerate(views):
        if window is None:
            out = forward(view)
        else:
            out = sliding_window_inference(view, window, 1, forward, overlap=OVERLAP, mode="gaussian")
        mean += out.flip(2) if index else out
    mean /= len(views)
    return mean[0, :, : size[0], : size[1], : size[2]].cpu().numpy()


def count_tiles(size: tuple[int, ...], window: tuple[int, ...]) -> int:
    """How many tiles `sliding_window_inference` will visit."""
    count = 1
    for n, w in zip(size, window, strict=True):
        step = max(1, int(w * (1 - OVERLAP))) if w < n else w
        count *= max(1, -(-(n - w) // step) + 1)
    return count
