"""One patient ready for the network, and the way back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mstkd.modalities import CHANNELS, Modality, modality_mask, ordered
from mstkd.preprocessing.bias_field import without_strong_field
from mstkd.preprocessing.gather import GatheredPatient, gather
from mstkd.preprocessing.grid import Array, Grid, bounding_box, resample, resample_labels, widened
from mstkd.preprocessing.intensity import normalise
from mstkd.preprocessing.volume import Volume

MARGIN = 4
"""Voxels kept around what is shown."""
BRAIN_MARGIN_MM = 3.0
"""How far outside the brain mask images are shown and a tumour may reach: masks cut into tumours at the surface."""


@dataclass(frozen=True)
class PreparedPatient:
    """A patient ready for the network.

    Attributes:
        images: ``(4, H, W, D)`` float32 on ``grid``, channels FLAIR, T1, T1Gd, T2;
            z-scored, 0 outside the brain and its margin, or the head, and in absent channels.
        mask: Which channels exist.
        brain: ``(H, W, D)`` bool; results may lie in it and `BRAIN_MARGIN_MM` around it.
        grid: The working grid: 1 mm, RAS+, cropped to what is shown.
        reference: The volume whose grid the result returns to.
        reference_modality: Its sequence.
        corrected: The sequences whose bias field was strong, and was corrected.
        warnings: Sentences the user must see.
    """

    images: Array
    mask: tuple[bool, bool, bool, bool]
    brain: Array
    grid: Grid
    reference: Volume
    reference_modality: Modality
    corrected: tuple[Modality, ...]
    warnings: tuple[str, ...]

    @property
    def present(self) -> tuple[Modality, ...]:
        """The sequences that were given."""
        return tuple(m for m in CHANNELS if self.mask[m.channel])

    @property
    def reference_grid(self) -> Grid:
        return Grid(self.reference.shape, self.reference.affine)

    def to_reference(self, probabilities: Array) -> Array:
        """Probabilities of any regions ``(R, H, W, D)`` on the reference's grid, ``(R, I, J, K)``.

        Outside what the network was shown they are 0.
        """
        return np.stack([resample(p, self.grid, self.reference_grid) for p in probabilities])

    def brain_on_reference(self) -> Array:
        """The brain and its margin on the reference's grid, ``(I, J, K)`` bool."""
        return self.labels_to_reference(widened(self.brain, BRAIN_MARGIN_MM).astype(np.uint8)) > 0

    def labels_to_working(self, labels: Array) -> Array:
        """A label map on the reference's grid ``(I, J, K)`` to the working grid."""
        return resample_labels(labels, self.reference_grid, self.grid)

    def labels_to_reference(self, labels: Array) -> Array:
        """A label map on the working grid ``(H, W, D)`` to the reference's grid."""
        return resample_labels(labels, self.grid, self.reference_grid)


def prepare(volumes: Mapping[Modality, Volume], reference: Modality | None = None) -> PreparedPatient:
    """Bring any non-empty subset of aligned sequences to what the network takes; all of the head counts as brain.

    Raises:
        InputError: As `gather`.
    """
    patient = gather(volumes, reference)
    return normalised(patient, np.logical_or.reduce(list(patient.heads.values())))


def normalised(patient: GatheredPatient, brain: Array) -> PreparedPatient:
    """Z-score each sequence, correct its bias field where that is strong, and crop to what the network shall see.

    Args:
        brain: ``(H, W, D)`` bool on the patient's grid. Mean and deviation are taken inside
            it, and what lies further outside than `BRAIN_MARGIN_MM` is 0.
    """
    near = widened(brain, BRAIN_MARGIN_MM)
    shown = {modality: head & near for modality, head in patient.heads.items()}
    box = bounding_box(np.logical_or.reduce(list(shown.values())), MARGIN)
    grid = patient.grid.crop(box)
    images = np.zeros((len(CHANNELS), *grid.shape), dtype=np.float32)
    strong = []
    for modality, image in patient.images.items():
        seen, measured = shown[modality][box], brain[box]
        scored = normalise(image[box], seen, patient.air[modality], measured)
        if (even := without_strong_field(scored, measured)) is not None:
            strong.append(modality)
        images[modality.channel] = scored if even is None else even
    mask = modality_mask(patient.images)
    return PreparedPatient(
        images, mask, brain[box], grid, patient.reference, patient.reference_modality, ordered(strong), patient.warnings
    )
