"""Size of a region: its volume, and two diameters in one axial slice as RANO measures them.

The largest diameter in one slice, and the largest one perpendicular to it, is how response
is assessed in neuro-oncology (Wen et al. 2010 and 2023, Journal of Clinical Oncology). What
holds here, where that leaves a choice:

- Axial slices are those along the grid axis that lies closest to superior-inferior. They are
  measured as they are stored, also where they are thick or oblique.
- A slice's parts are taken apart first, pixels that touch by an edge or a corner together.
  Both diameters belong to one part.
- A part's outline runs half-way between the centres of its pixels and those outside, through
  the middles of the pixels' edges, cutting their corners, as marching squares draws it. A row
  of n pixels of 1 mm is n mm long. An outline through the centres is one pixel too short, one
  through the corners too long.
- The longest diameter is the largest distance between two points of the outline; the line
  between them may leave the part, across a notch or a necrosis.
- The perpendicular is the largest distance between two points of the outline on one line
  perpendicular to it, in mm, at any position along it.
- Among equally long diameters, of any part and slice, the one with the largest perpendicular
  counts, so the result does not depend on the order of axes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.spatial import ConvexHull

from mstkd.regions import REGIONS, Region, region_mask

Array = np.ndarray
DIGITS = 6
"""Lengths (mm) that agree to so many digits are equal; positions, to three more."""


@dataclass(frozen=True)
class Measurement:
    """Size of a region; all 0 when it is empty.

    Attributes:
        ml: Volume of all its parts, mL.
        longest_mm: Longest diameter in an axial slice.
        perpendicular_mm: The longest one perpendicular to it in the same part and slice.
    """

    ml: float
    longest_mm: float
    perpendicular_mm: float


Measurements = Mapping[Region, Measurement]


def measure_regions(tissues: Array, affine: Array) -> dict[Region, Measurement]:
    """Sizes of WT, TC and ET.

    Args:
        tissues: ``(I, J, K)`` of our classes.
        affine: ``(4, 4)``, voxel index to RAS+ mm; may be oblique, anisotropic or sheared.
    """
    return {region: measure(region_mask(tissues, region), affine) for region in REGIONS}


def measure(mask: Array, affine: Array) -> Measurement:
    """Size of a mask ``(I, J, K)`` bool on the grid of ``affine``."""
    voxel_ml = abs(np.linalg.det(affine[:3, :3])) / 1000
    return Measurement(float(np.count_nonzero(mask) * voxel_ml), *axial_diameters(mask, affine))


def axial_diameters(mask: Array, affine: Array) -> tuple[float, float]:
    """Longest diameter and perpendicular in mm over all axial slices of a mask; zeros when it is empty."""
    axis = axial_axis(affine)
    in_plane = plane_basis(np.delete(affine[:3, :3], axis, axis=1))
    best = (0.0, 0.0)
    for part in sorted(parts_of_slices(np.moveaxis(mask, axis, 0)), key=lambda p: -diagonal(p.shape, in_plane)):
        if diagonal(part.shape, in_plane) < best[0]:
            break  # not even from corner to corner of its box
        longest, directions = longest_diameters(part, in_plane)
        if longest >= best[0]:
            segments = outline(part) @ in_plane.T
            best = max(best, *((longest, width(segments, direction)) for direction in directions))
    return best


def parts_of_slices(slices: Array) -> Iterator[Array]:
    """The connected parts of each slice ``(S, A, B)`` bool, each in its own box ``(a, b)``."""
    for whole in ndimage.find_objects(slices.view(np.uint8)):
        # Connected within a slice, also by a corner, but never to the next slice.
        labels, _ = ndimage.label(slices[whole], structure=np.pad(np.ones((1, 3, 3)), ((1, 1), (0, 0), (0, 0))))
        for number, box in enumerate(ndimage.find_objects(labels), start=1):
            yield labels[box][0] == number


def axial_axis(affine: Array) -> int:
    """The grid axis whose direction lies closest to superior-inferior.

    Of several equally close ones, as at exactly 45 degrees, the one with the largest steps (slices
    are thicker than their pixels), else the one that leans most to anterior, else to right, on its
    way up. So it does not depend on the order of axes.
    """
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    upwards = affine[:3, :3] / lengths * np.where(affine[2, :3] < 0, -1, 1)
    right, anterior, up = np.round(upwards, DIGITS)
    return int(np.lexsort((right, anterior, np.round(lengths, DIGITS), up))[-1])


def plane_basis(steps: Array) -> Array:
    """Two steps in space, ``(3, 2)``, as steps in the plane they span, ``(2, 2)``: same lengths, same angle."""
    return np.linalg.qr(steps).R


def diagonal(shape: tuple[int, ...], in_plane: Array) -> float:
    """The longer diagonal of a box of pixels, mm."""
    one, other = in_plane * shape @ np.array([[1.0, 1.0], [1.0, -1.0]])
    return float(np.hypot(one, other).max())


def longest_diameters(part: Array, in_plane: Array) -> tuple[float, Array]:
    """The longest diameter of one part ``(A, B)`` bool of a slice, mm, and its direction, or several: ``(N, 2)``.

    Args:
        in_plane: ``(2, 2)``, its columns the steps from pixel to pixel along A and B, mm.
    """
    rows = np.flatnonzero(part.any(axis=1))
    ends = part[rows].argmax(axis=1), part.shape[1] - 1 - part[rows, ::-1].argmax(axis=1)
    outer = np.concatenate([np.stack([rows, columns], axis=1) for columns in ends])
    points = (outer[:, None] + _MIDDLES - 0.5).reshape(-1, 2) @ in_plane.T
    corners = points[ConvexHull(points).vertices]  # never flat: one pixel's outline has four corners
    steps = corners[:, None] - corners[None]
    lengths = np.round(np.hypot(steps[..., 0], steps[..., 1]), DIGITS)
    longest = lengths.max()
    return float(longest), steps[np.triu(lengths == longest)] / longest


# Corners of a cell of four pixel centres count 1, 2, 4, 8 around it where they are inside; its edges are
# 0 to 3. Which edges an outline joins for each sum; diagonal neighbours (5 and 10) stay joined.
_JOINED = {
    1: [(3, 0)],
    2: [(0, 1)],
    3: [(3, 1)],
    4: [(1, 2)],
    5: [(0, 1), (2, 3)],
    6: [(0, 2)],
    7: [(2, 3)],
    8: [(2, 3)],
    9: [(0, 2)],
    10: [(3, 0), (1, 2)],
    11: [(1, 2)],
    12: [(1, 3)],
    13: [(0, 1)],
    14: [(3, 0)],
}
_MIDDLES = np.array([(0.5, 0.0), (1.0, 0.5), (0.5, 1.0), (0.0, 0.5)])


def outline(part: Array) -> Array:
    """The outline of a mask ``(A, B)`` bool by marching squares, as segments ``(N, 2, 2)`` in pixels."""
    padded = np.pad(part, 1).astype(np.uint8)
    around = padded[:-1, :-1] + 2 * padded[1:, :-1] + 4 * padded[1:, 1:] + 8 * padded[:-1, 1:]
    found = [
        np.argwhere(around == case)[:, None] + _MIDDLES[list(edges)] - 1
        for case, joined in _JOINED.items()
        for edges in joined
    ]
    return np.concatenate(found)


def width(segments: Array, direction: Array) -> float:
    """The largest extent of an outline perpendicular to a direction, at any position along it.

    Between two corners of the outline its extent is convex, because its upper side is the
    largest of some straight lines there and its lower side the smallest; so the largest
    extent is found at the position of a corner.

    Args:
        segments: ``(N, 2, 2)``, mm.
        direction: A unit vector ``(2,)``.
    """
    along = np.round(segments[..., 0] * direction[0] + segments[..., 1] * direction[1], DIGITS + 3)
    across = segments[..., 1] * direction[0] - segments[..., 0] * direction[1]
    order = np.argsort(along, axis=1)
    along, across = (np.take_along_axis(values, order, axis=1) for values in (along, across))
    positions = np.unique(along)
    first = np.searchsorted(positions, along[:, 0])
    count = np.searchsorted(positions, along[:, 1]) - first + 1
    segment = np.repeat(np.arange(len(along)), count)
    here = np.arange(len(segment)) - np.repeat(np.cumsum(count) - count - first, count)
    length = along[segment, 1] - along[segment, 0]
    share = (positions[here] - along[segment, 0]) / np.where(length > 0, length, 1)
    level = across[segment, 0] + share * (across[segment, 1] - across[segment, 0])
    low, high = np.full(len(positions), np.inf), np.full(len(positions), -np.inf)
    # A segment that runs across has both ends at one position, and only the first as its level.
    for where, values in ((here, level), (first + count - 1, across[:, 1])):
        np.minimum.at(low, where, values)
        np.maximum.at(high, where, values)
    return float(np.round((high - low).max(), DIGITS))
