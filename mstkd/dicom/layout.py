"""How the slices of a stack lie in space: their order, their distance, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mstkd.dicom.frames import Frame

Array = np.ndarray
SAME_MM = 0.01
"""Slices nearer than this lie at one position."""
LATTICE = 0.05
"""A slice may lie this share of the distance between slices (but 0.1 mm at least) off its regular place."""
MISSING = 0.1
"""At most this share of the slices that are there may be missing."""
ORTHONORMAL = 1e-3
"""Largest deviation of the direction cosines from unit length and right angles."""


@dataclass(frozen=True)
class Layout:
    """A regular row of slices, or why there is none.

    Attributes:
        frames: In the order along the normal (rows x columns, so that the axes are right-handed).
        places: Index of each frame on the regular row; an index that does not occur is missing.
        step: From slice to slice, ``(3,)``, mm in LPS+; not along the normal in a sheared stack.
        refusal: Why these slices make no volume, as a clause with a remedy; empty when they do.
        warnings: What is doubtful though they do, as clauses.
    """

    frames: tuple[Frame, ...]
    places: tuple[int, ...]
    step: tuple[float, ...]
    refusal: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[int, ...]:
        return tuple(sorted(set(range(self.places[-1] + 1)) - set(self.places)))


def normal(frame: Frame) -> Array:
    """The direction of a stack, ``(3,)`` in LPS+: rows x columns."""
    across = np.cross(frame.orientation[:3], frame.orientation[3:])
    return across / max(float(np.linalg.norm(across)), 1e-9)


def by_place(frames: Sequence[Frame]) -> list[list[Frame]]:
    """Parallel slices along their normal, those at one position together."""
    along = normal(frames[0])
    ordered = sorted(frames, key=lambda f: (float(np.dot(f.position, along)), f.instance, f.uid, f.index, f.path))
    places: list[list[Frame]] = []
    for frame in ordered:
        if places and np.linalg.norm(np.subtract(frame.position, places[-1][0].position)) < SAME_MM:
            places[-1].append(frame)
        else:
            places.append([frame])
    return places


def lay_out(ordered: Sequence[Frame]) -> Layout:
    """The regular row on which slices of different positions lie, from their positions alone.

    SliceThickness and SpacingBetweenSlices are not looked at: they do not tell gaps.

    Args:
        ordered: Parallel slices in the order along their normal.
    """
    frames = tuple(ordered)
    positions, along = np.array([f.position for f in frames]), normal(frames[0])
    gaps = np.diff(positions @ along)
    layout = _row(frames, np.arange(len(frames)))
    if len(frames) == 1:
        return replace(layout, refusal="is a single slice; export the whole series.")
    rows, columns = np.reshape(frames[0].orientation, (2, 3))
    skew = max(abs(rows @ columns), abs(np.linalg.norm(rows) - 1), abs(np.linalg.norm(columns) - 1))
    distance = float(np.median(gaps))
    if skew > ORTHONORMAL or distance < SAME_MM:
        return replace(layout, refusal="has no usable orientation; export the series again.")
    places = np.concatenate([[0], np.cumsum(np.round(gaps / distance))]).astype(int)
    regular = _row(frames, places)
    off = np.linalg.norm(positions - positions[0] - np.outer(places, regular.step), axis=1).max()
    if np.diff(places).min() < 1 or off > max(0.1, LATTICE * distance) or places[-1] > 2 * len(frames):
        text = f"has slices at uneven distances ({gaps.min():.2f} to {gaps.max():.2f} mm) or out of line"
        return replace(layout, refusal=f"{text}; export the whole series again.")
    gap = _gap(regular, along)
    if np.diff(places).max() > 2 or len(regular.missing) > MISSING * len(frames):
        return replace(regular, refusal=f"{gap}, too many to bridge; export the whole series again.")
    if gap:
        gap += "; each was filled with the mean of its neighbours and shows no anatomy of its own."
    return replace(regular, warnings=tuple(filter(None, (gap, _drift(regular, along)))))


def _row(frames: tuple[Frame, ...], places: Array) -> Layout:
    """Frames at their places, with the mean step from the first to the last."""
    first, last = (np.array(frames[i].position) for i in (0, -1))
    step = (last - first) / max(1, int(places[-1]))
    return Layout(frames, tuple(places.tolist()), tuple(step.tolist()))


def _gap(layout: Layout, along: Array) -> str:
    """What is missing, as a clause; empty when nothing is."""
    missing, total = layout.missing, layout.places[-1] + 1
    if not missing:
        return ""
    start, distance = np.dot(layout.frames[0].position, along), np.dot(layout.step, along)
    where = ", ".join(f"{start + i * distance:.1f}" for i in missing[:5]) + (", ..." if len(missing) > 5 else "")
    return f"misses {len(missing)} of its {total} slices (at {where} mm along its normal)"


def _drift(layout: Layout, along: Array) -> str:
    """How the slices shift sideways, as a clause; empty when by less than half a voxel in all."""
    step = np.array(layout.step)
    drift = float(np.linalg.norm(step - (step @ along) * along))
    if drift * layout.places[-1] <= min(layout.frames[0].pixel_spacing) / 2:
        return ""
    return f"has slices that shift sideways by {drift:.2f} mm from one to the next; it is read sheared, as they lie."
