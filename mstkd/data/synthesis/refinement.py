"""What label maps of heads do not tell but images show: layers, sulci by width, dura, cortical vessels, spots."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from scipy import ndimage

from mstkd.data.synthesis.anatomy import PARENCHYMA, Anatomy, is_one_of
from mstkd.data.synthesis.fields import Noise

Array = np.ndarray
SCALP_MM, TABLE_MM = 4, 2
"""Thickness of the fat under the skin and of the skull's tables, in maps that do not tell them apart."""
NARROW_MM, WIDE_MM, RIM_MM = 1, 3, 2
"""Half the width up to which a sulcus is narrow, and is one at all; thickness of the ventricles' rims."""
PERIVENTRICULAR_MM = 3
VESSEL_SCALE, VESSEL_WIDTH = 12.0, 0.25
SPOT_SCALE, SPOT_LEVEL = 6.0, 3.0


def refined(tissues: Array) -> Array:
    """The same head ``(H, W, D)`` with the finer classes of `Anatomy`; what is random is so in the same way always."""
    tissues = tissues.copy()
    if not is_one_of(tissues, (Anatomy.MARROW, Anatomy.FAT)).any():
        _layer(tissues)
    _fill_cavities(tissues)
    white = tissues == Anatomy.WHITE
    beside = ndimage.binary_dilation(tissues == Anatomy.VENTRICLE, iterations=PERIVENTRICULAR_MM)
    tissues[white & beside] = Anatomy.PERIVENTRICULAR
    _grade_fluid(tissues)
    fluid = is_one_of(tissues, (Anatomy.NARROW_SULCUS, Anatomy.SULCUS, Anatomy.CSF))
    tissues[fluid & ndimage.binary_dilation(tissues == Anatomy.SKULL)] = Anatomy.DURA
    noise = Noise(tissues.size, torch.device("cpu"))
    spots = noise.smooth(1, tissues.shape, SPOT_SCALE)[0].numpy()
    tissues[white & ~beside & (spots > SPOT_LEVEL)] = Anatomy.SPOT
    first, second = noise.smooth(2, tissues.shape, VESSEL_SCALE).numpy()
    # Where two random surfaces cross there is a curve.
    tissues[fluid & (np.hypot(first, second) < VESSEL_WIDTH)] = Anatomy.VESSEL
    return tissues


def _layer(tissues: Array) -> None:
    """Tell fat under the skin from other soft tissue, and marrow from the skull's tables, by depth."""
    deep = ndimage.binary_erosion(tissues != Anatomy.AIR, iterations=SCALP_MM)
    tissues[(tissues == Anatomy.SOFT) & ~deep] = Anatomy.FAT
    tissues[ndimage.binary_erosion(tissues == Anatomy.SKULL, iterations=TABLE_MM)] = Anatomy.MARROW


def _fill_cavities(tissues: Array) -> None:
    """Air that the head encloses in any slice."""
    head = tissues != Anatomy.AIR
    for part in _slices(head):
        part |= ndimage.binary_fill_holes(part)
    tissues[head & (tissues == Anatomy.AIR)] = Anatomy.CAVITY


def _slices(array: Array) -> Iterator[Array]:
    for axis in range(3):
        yield from np.moveaxis(array, axis, 0)


def _grade_fluid(tissues: Array) -> None:
    """Tell fluid between gyri from open fluid, and the rims of the ventricles from their middle."""
    brain = is_one_of(tissues, PARENCHYMA)
    csf, ventricle = tissues == Anatomy.CSF, tissues == Anatomy.VENTRICLE
    for kind, reach in ((Anatomy.SULCUS, WIDE_MM), (Anatomy.NARROW_SULCUS, NARROW_MM)):
        tissues[csf & ndimage.binary_closing(brain, iterations=reach)] = kind
    tissues[ventricle & ndimage.binary_dilation(brain, iterations=RIM_MM)] = Anatomy.VENTRICLE_RIM
