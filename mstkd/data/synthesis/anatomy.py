"""The tissues of a synthetic head, and how FreeSurfer's labels map to them."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

import numpy as np

Array = np.ndarray


class Anatomy(IntEnum):
    """What a voxel of a healthy head is.

    ``CAVITY`` is air inside the head: sinuses, mouth, ear. White matter beside the ventricles
    and in spots brightens with age in FLAIR. Sulci have classes of their own because they are
    narrower than a voxel in some people and wide in others.
    """

    AIR = 0
    CAVITY = 1
    WHITE = 2
    PERIVENTRICULAR = 3
    SPOT = 4
    CORTEX = 5
    DEEP = 6
    CEREBELLAR_WHITE = 7
    CEREBELLAR_CORTEX = 8
    STEM = 9
    NARROW_SULCUS = 10
    SULCUS = 11
    CSF = 12
    VENTRICLE_RIM = 13
    VENTRICLE = 14
    CHOROID = 15
    DURA = 16
    SKULL = 17
    MARROW = 18
    FAT = 19
    SOFT = 20
    MUCOSA = 21
    EYE = 22
    VESSEL = 23


PARENCHYMA = tuple(Anatomy(value) for value in range(Anatomy.WHITE, Anatomy.STEM + 1))
FLUID = tuple(Anatomy(value) for value in range(Anatomy.NARROW_SULCUS, Anatomy.CHOROID + 1))

# FreeSurfer's FreeSurferColorLUT.txt below 500 (right-hand twins from 41); 136, 137, 163 and 164 lie in the lateral
# ventricles; 25 and 57 are lesions of white matter. From 500: the atlas of SAMSEG's heads (502 artery, 508 eye
# muscles, 512 cord, 514 vein, 530 optic nerve). 165, 258 and 259: skull, other tissue and eyes of SynthSeg's maps.
_SOURCES: dict[Anatomy, tuple[int, ...]] = {
    Anatomy.WHITE: (2, 41, 85),
    Anatomy.SPOT: (25, 57),
    Anatomy.CORTEX: (3, 42),
    Anatomy.DEEP: (10, 11, 12, 13, 17, 18, 26, 28, 49, 50, 51, 52, 53, 54, 58, 60),
    Anatomy.CEREBELLAR_WHITE: (7, 46),
    Anatomy.CEREBELLAR_CORTEX: (8, 47),
    Anatomy.STEM: (16,),
    Anatomy.VENTRICLE: (4, 5, 14, 15, 43, 44, 72),
    Anatomy.CHOROID: (31, 63, 136, 137, 163, 164),
    Anatomy.CSF: (24,),
    Anatomy.SKULL: (165, 515),
    Anatomy.MARROW: (516,),
    Anatomy.FAT: (511,),
    Anatomy.SOFT: (258, 507, 508, 512, 530),
    Anatomy.MUCOSA: (509,),
    Anatomy.EYE: (259, 506),
    Anatomy.VESSEL: (30, 62, 502, 514),
}


def from_labels(labels: Array) -> Array:
    """A FreeSurfer label map of a head to its tissues, uint8 of the same shape; unknown labels are soft tissue."""
    table = np.full(int(labels.max()) + 1, Anatomy.SOFT, dtype=np.uint8)
    table[0] = Anatomy.AIR
    for tissue, values in _SOURCES.items():
        table[[value for value in values if value < table.size]] = tissue
    return table[labels]


def is_one_of(tissues: Array, kinds: Iterable[Anatomy]) -> Array:
    """Where a tissue map holds one of these, bool of the same shape."""
    table = np.zeros(len(Anatomy), dtype=bool)
    table[list(kinds)] = True
    return table[tissues]
