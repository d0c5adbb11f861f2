"""Rigid co-registration of a patient's sequences: only where a volume lies changes, never its voxels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from mstkd.modalities import Modality, ordered
from mstkd.preprocessing.alignment.head import Head, find_head
from mstkd.preprocessing.alignment.optimum import look_around
from mstkd.preprocessing.alignment.rigid import mean_displacement, mirror, rotation_degrees
from mstkd.preprocessing.alignment.search import FEW_POINTS, climb, search
from mstkd.preprocessing.alignment.similarity import Similarity, seen_share
from mstkd.preprocessing.grid import Array
from mstkd.preprocessing.volume import Volume

TOLERANCE_MM = 1.0
"""A sequence that lies nearer than this to its best position is left where it is."""
GLANCE_POINTS, FINE_POINTS = 10_000, 20_000


class Verdict(Enum):
    """What became of a sequence."""

    IN_PLACE = "in place"
    MOVED = "moved"
    FAILED = "failed"


@dataclass(frozen=True)
class Alignment:
    """How a sequence lies relative to the reference.

    Attributes:
        motion: ``(4, 4)``, rigid, world to world in RAS+ mm: where the sequence's stored
            points belong in the reference's world. The identity unless moved.
        verdict: In place already, moved, or not to be aligned and left as it lies.
        rotation_deg: Angle of the motion.
        displacement_mm: Mean displacement over the reference's head.
        before: Mutual information (nats) with the reference as stored.
        after: The same after the motion.
        overlap: Share of the reference's head inside the sequence's field of view after the motion.
        sentence: The finding for a person.
    """

    motion: Array
    verdict: Verdict
    rotation_deg: float
    displacement_mm: float
    before: float
    after: float
    overlap: float
    sentence: str

    @property
    def gain(self) -> float:
        """Mutual information won by the motion, in nats."""
        return self.after - self.before


def align_all(volumes: Mapping[Modality, Volume], reference: Modality) -> dict[Modality, Alignment]:
    """Align every other sequence with the reference, in channel order."""
    fixed = find_head(volumes[reference])
    return {
        modality: _align(volumes[modality], modality.label, fixed, reference.label)
        for modality in ordered(volumes)
        if modality is not reference
    }


def align(moving: Volume, fixed: Volume, name: str = "the image", reference: str = "the reference") -> Alignment:
    """Find the rigid motion of one volume onto another.

    A volume that lies within about 1 mm of its best position is recognised by a look around
    this position and stays. Otherwise the motion is searched for: up to about 25 degrees from
    wherever the head lies. It counts only when the images then fit as two images of one head
    do; those of two patients, a mirrored image and noise do not. Deterministic.

    Args:
        name: What the sentence calls the moving volume.
        reference: And the fixed one.
    """
    return _align(moving, name, find_head(fixed), reference)


def apply(volume: Volume, alignment: Alignment) -> Volume:
    """The volume where it belongs: the same array under a moved affine, or the very same volume."""
    if alignment.verdict is not Verdict.MOVED:
        return volume
    return replace(volume, affine=alignment.motion @ volume.affine, header=None)


def _align(moving: Volume, name: str, fixed: Head | None, reference: str) -> Alignment:
    stored = np.eye(4)
    if fixed is None:
        return _failed(name, reference, "no head stands out in the reference")
    glance = look_around(Similarity(fixed, moving, GLANCE_POINTS), stored, fixed.points)
    if glance.shows_one_head and glance.offset_mm < TOLERANCE_MM:
        return _in_place(name, reference, glance.information, seen_share(moving, fixed.points, stored))
    head = find_head(moving)
    if head is None:
        return _failed(name, reference, "no head stands out in it")

    similarity = Similarity(fixed, moving, FINE_POINTS)
    found = climb(similarity, search(fixed, head), fixed.centre, step=0.5, tolerance=0.05)
    motion = max((stored, found), key=similarity)
    optimum = look_around(similarity, motion, fixed.points)
    before, overlap = similarity(stored), seen_share(moving, fixed.points, motion)
    if not optimum.shows_one_head:
        return _failed(name, reference, "they do not fit like two images of one head", before, overlap)
    if _fits_mirrored(fixed, moving, motion):
        return _failed(name, reference, "it fits better as its mirror image; check left and right", before, overlap)
    displacement = mean_displacement(np.linalg.inv(motion), fixed.points)
    if displacement < TOLERANCE_MM:
        return _in_place(name, reference, before, overlap)
    angle = rotation_degrees(motion)
    sentence = f"{name} was moved onto {reference} by {displacement:.1f} mm and {angle:.1f} degrees."
    return Alignment(motion, Verdict.MOVED, angle, displacement, before, optimum.information, overlap, sentence)


def _fits_mirrored(fixed: Head, moving: Volume, motion: Array) -> bool:
    """Whether the image reflected at the head's middle plane fits better, as no right image does."""
    similarity = Similarity(fixed, moving, FEW_POINTS)
    mirrored = climb(similarity, mirror(fixed.centre) @ motion, fixed.centre, step=2.0, tolerance=0.2)
    return similarity(mirrored) > similarity(motion)


def _in_place(name: str, reference: str, information: float, overlap: float) -> Alignment:
    sentence = f"{name} lies as {reference} does."
    return Alignment(np.eye(4), Verdict.IN_PLACE, 0.0, 0.0, information, information, overlap, sentence)


def _failed(name: str, reference: str, reason: str, information: float = 0.0, overlap: float = 0.0) -> Alignment:
    sentence = f"{name} could not be aligned with {reference} and is left as it lies: {reason}."
    return Alignment(np.eye(4), Verdict.FAILED, 0.0, 0.0, information, information, overlap, sentence)
