"""What a brain mask is, and how it was found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

Array = np.ndarray


class Method(Enum):
    """How a brain mask was found, best first; the value is the name in options, files and JSON."""

    GIVEN = "given"
    STRIPPED = "stripped"
    HD_BET = "hd-bet"
    DEEPBET = "deepbet"
    BUILT_IN = "built-in"

    @property
    def label(self) -> str:
        """The name for a person, e.g. in ``found with deepbet``."""
        return {
            "given": "the given mask",
            "stripped": "the skull-stripped image",
            "hd-bet": "HD-BET",
            "deepbet": "deepbet",
            "built-in": "the built-in method",
        }[self.value]


@dataclass(frozen=True)
class Brain:
    """A patient's brain, with ventricles and the fluid around it.

    Attributes:
        mask: ``(H, W, D)`` bool on the grid it was asked for; empty only where no head is.
        method: How it was found.
        warnings: Sentences the user must see.
    """

    mask: Array
    method: Method
    warnings: tuple[str, ...] = ()

    @property
    def ml(self) -> float:
        """Volume of the mask, for voxels of 1 mm."""
        return float(self.mask.sum()) / 1000.0


class NoBrainError(Exception):
    """A method found no brain or cannot run here: one clause with the reason; the next method takes over."""
