"""Small pictures of slices for a page: grey values, marks over them, encoded for HTML."""

from __future__ import annotations

import base64
import io

import nibabel as nib
import numpy as np
from PIL import Image
from scipy import ndimage

from mstkd.preprocessing import Volume

Array = np.ndarray
Colour = tuple[float, float, float]
HEIGHT = 220
"""Pixels of a picture on the page."""
QUALITY = 80
SQUARE_MM = 24
"""Edge of a checkerboard's square: several on a head."""


WINDOW = (-2.5, 3.5)
"""Shown z-scores."""


def plane(volume: Array, axis: int, index: int) -> Array:
    """A slice of a RAS+ volume as it is looked at: up is superior or anterior, left is right or anterior."""
    return np.take(volume, index, axis=axis).T[::-1, ::-1]


def grey(image: Array, limits: tuple[float, float] | None = None) -> Array:
    """``(H, W, 3)`` from 0 to 1; without limits, from the 1st to the 99.5th percentile of what is not constant."""
    if limits is None:
        values = image[image != image.flat[0]]
        limits = tuple(np.percentile(values, (1, 99.5))) if values.size else (0.0, 1.0)
    low, high = limits
    scaled = np.clip((image - low) / max(high - low, 1e-6), 0, 1)
    return np.repeat(scaled[..., None], 3, axis=-1)


def normalised_grey(image: Array) -> Array:
    """Z-scores as grey values; exactly 0 is what is not shown, and black."""
    return grey(np.where(image == 0, WINDOW[0], image), WINDOW)


def outlined(picture: Array, mask: Array, colour: Colour) -> Array:
    """A copy with the mask's border drawn."""
    out = picture.copy()
    out[mask & ~ndimage.binary_erosion(mask)] = colour
    return out


def checkerboard(first: Array, second: Array) -> Array:
    """Squares of two pictures in turn: where edges run through, they agree."""
    rows, columns = np.indices(first.shape[:2]) // SQUARE_MM
    return np.where(((rows + columns) % 2 == 0)[..., None], first, second)


def as_acquired(volume: Volume) -> tuple[Array, tuple[float, float], int]:
    """The middle slice in the plane of acquisition as it is looked at, its pixel's height and width in mm, its axis.

    The plane is across the axis with the largest spacing; of equal ones, the axial.
    """
    orientation = nib.io_orientation(volume.affine)
    array = nib.orientations.apply_orientation(volume.array, orientation)
    spacing = volume.spacing[np.argsort(orientation[:, 0])]
    axis = int(2 - np.argmax(np.round(spacing[::-1], 1)))
    across, up = (spacing[a] for a in range(3) if a != axis)
    return plane(array, axis, array.shape[axis] // 2), (float(up), float(across)), axis


def encode(picture: Array, pixel_mm: tuple[float, float] = (1.0, 1.0)) -> str:
    """The picture as a ``data:`` address, `HEIGHT` pixels high, its pixels' proportions respected."""
    rows, columns = picture.shape[:2]
    width = round(HEIGHT * columns * pixel_mm[1] / (rows * pixel_mm[0]))
    image = Image.fromarray(np.uint8(np.rint(np.clip(picture, 0, 1) * 255)))
    stream = io.BytesIO()
    image.resize((max(1, width), HEIGHT), Image.Resampling.BILINEAR).save(stream, "JPEG", quality=QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode("ascii")
