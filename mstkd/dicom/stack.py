"""One volume's worth of slices of a series, as far as their headers tell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from mstkd.dicom.layout import Layout, normal
from mstkd.modalities import Modality
from mstkd.preprocessing.volume import LPS_RAS
from mstkd.recognition import Recognition

Array = np.ndarray
WHOLE_HEAD_MM = (130.0, 150.0, 110.0)
"""Width, length and height that a field of view needs to show a whole brain."""
AXIS_COSINE = 0.8
"""A stack whose normal lies nearer to an axis than this (37 degrees) has that axis's plane."""
_PARTS = {"R", "REAL", "I", "IMAGINARY"}


def series_name(number: int, description: str) -> str:
    """``series 7 't1_mprage_sag'``."""
    name = "a series without number" if number < 0 else f"series {number}"
    return f"{name} '{description}'" if description else name


@dataclass(frozen=True)
class Stack:
    """Parallel slices that belong together.

    Attributes:
        number: SeriesNumber, -1 where there is none; ``description`` is SeriesDescription.
        part: Which stack of its series, from 1; 0 when it is the only one.
        layout: Its slices and how they lie.
        recognition: Which sequence it is, and why.
        refusal: Why it cannot be read, a clause with the remedy; empty when it can.
        warnings: What is doubtful about it, as clauses.
    """

    number: int
    description: str
    part: int
    layout: Layout
    recognition: Recognition
    refusal: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """``series 7 't1_mprage_sag'``, for messages."""
        return series_name(self.number, self.description) + (f" part {self.part}" if self.part else "")

    @property
    def key(self) -> str:
        """What names it in an option: ``7``, or ``7.2`` for the second stack of series 7."""
        return f"{self.number}.{self.part}" if self.part else str(self.number)

    @property
    def sequence(self) -> Modality | None:
        return self.recognition.modality

    @property
    def slices(self) -> int:
        """How many images it has; a missing slice is none."""
        return len(self.layout.frames)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Columns, rows and slices of the volume, a missing slice counted."""
        rows, columns = self.layout.frames[0].matrix
        return columns, rows, self.layout.places[-1] + 1

    @property
    def affine(self) -> Array:
        """Voxel index (column, row, slice) to RAS+ mm, ``(4, 4)``; singular for a single slice."""
        first = self.layout.frames[0]
        affine = np.eye(4)
        affine[:3, 0] = np.array(first.orientation[:3]) * first.pixel_spacing[1]
        affine[:3, 1] = np.array(first.orientation[3:]) * first.pixel_spacing[0]
        affine[:3, 2] = self.layout.step
        affine[:3, 3] = first.position
        return LPS_RAS @ affine

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Distance of columns, rows and slices in mm; 0 for a single slice, which tells none."""
        i, j, k = (float(mm) for mm in np.linalg.norm(self.affine[:3, :3], axis=0))
        return i, j, k

    @property
    def coverage_mm(self) -> tuple[float, float, float]:
        """Extent of the field of view along right-left, anterior-posterior and superior-inferior.

        Measured along the stack's own axes, each counted for the direction it is nearest to.
        """
        extent = np.array(self.spacing) * self.shape
        axes, _ = linear_sum_assignment(-np.abs(self.affine[:3, :3] / np.maximum(self.spacing, 1e-9)))[::-1]
        x, y, z = (float(mm) for mm in extent[axes])
        return x, y, z

    @property
    def whole_head(self) -> bool:
        return all(mm >= wanted for mm, wanted in zip(self.coverage_mm, WHOLE_HEAD_MM, strict=True))

    @property
    def plane(self) -> str:
        """``axial``, ``coronal`` or ``sagittal`` by the axis nearest to the normal, else ``oblique``."""
        share = np.abs(normal(self.layout.frames[0]))
        return ("sagittal", "coronal", "axial")[int(share.argmax())] if share.max() >= AXIS_COSINE else "oblique"

    @property
    def image_type(self) -> tuple[str, ...]:
        return self.layout.frames[0].image_type

    @property
    def reformat(self) -> bool:
        """Whether its slices were computed from those of another series."""
        return self.recognition.reformat

    @property
    def magnitude(self) -> bool:
        """Whether it is not the real or imaginary part of a complex image, by ImageType and ComplexImageComponent."""
        return not _PARTS & set(self.image_type[2:])

    @property
    def acquired(self) -> str:
        """When its first slice was acquired, ``YYYYMMDDHHMMSS`` or less; empty when not told."""
        return min(frame.acquired for frame in self.layout.frames)

    @property
    def size_text(self) -> str:
        """``1.0 x 1.0 x 5.5 mm, whole head``."""
        spacing = " x ".join(f"{mm:.1f}" for mm in self.spacing)
        coverage = " x ".join(f"{mm:.0f}" for mm in self.coverage_mm)
        return f"{spacing} mm, {'whole head' if self.whole_head else f'only {coverage} mm of the head'}"

    @property
    def text(self) -> str:
        """``series 5 't1_mprage' (1.0 x 1.0 x 1.0 mm, whole head)``."""
        return f"{self.name} ({self.size_text})"
