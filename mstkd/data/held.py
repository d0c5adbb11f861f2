"""The arrays of cached cases where samples are drawn: mapped from disk, or held on a GPU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from mstkd.data.cache import CachedCase
from mstkd.errors import InputError

Array = np.ndarray
HELD_SHARE = 0.25
"""Of a GPU's memory that cases may take; more than that are read from disk for each sample."""
COARSE = 2
"""Every so manieth voxel is a place to centre a patch on."""


class Arrays(NamedTuple):
    """A case on its working grid.

    Attributes:
        images: ``(4, H, W, D)`` float16.
        labels: ``(H, W, D)`` uint8 of our classes.
        brain: ``(H, W, D)`` bool.
    """

    images: Tensor
    labels: Tensor
    brain: Tensor


class HeldCases:
    """Cached cases by number.

    Args:
        device: Where samples are made.
    """

    def __init__(self, cases: Sequence[CachedCase], device: torch.device) -> None:
        self.cases, self.device = list(cases), device
        self._held: dict[int, Arrays] = {}
        self._holds = device.type == "cuda" and self._fit()
        self._places: dict[tuple[int, bool], Array] = {}

    def arrays(self, number: int) -> Arrays:
        """A case's arrays; on the disk unless they are held.

        Raises:
            InputError: The case's file in the cache is gone or unreadable.
        """
        if number in self._held:
            return self._held[number]
        case = self.cases[number]
        try:
            # Copy on write: torch takes no read-only memory, and nobody writes.
            files = [np.load(case.folder / f"{name}.npy", mmap_mode="c") for name in Arrays._fields]
        except (OSError, ValueError) as error:
            raise InputError(
                f"{case.folder}, the prepared {case.case.id}, vanished or is damaged, and the last checkpoint was "
                "kept; remove what is left of it and resume the run, which prepares it anew."
            ) from error
        arrays = Arrays(*map(torch.from_numpy, files))
        if self._holds:
            arrays = self._held[number] = Arrays(*(array.to(self.device) for array in arrays))
        return arrays

    def places(self, number: int, *, tumour: bool) -> Array:
        """Voxels of the tumour, or of the rest of the brain, ``(n, 3)``; every other one. Errors as of `arrays`."""
        if (number, tumour) not in self._places:
            _, labels, brain = (array[..., ::COARSE, ::COARSE, ::COARSE].cpu() for array in self.arrays(number))
            wanted = labels > 0 if tumour else brain & (labels == 0)
            self._places[number, tumour] = COARSE * wanted.nonzero().numpy()
        return self._places[number, tumour]

    def _fit(self) -> bool:
        size = sum((case.folder / f"{name}.npy").stat().st_size for case in self.cases for name in Arrays._fields)
        return size <= HELD_SHARE * torch.cuda.get_device_properties(self.device).total_memory
