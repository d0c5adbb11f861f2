"""Draw the sample's picture for Slicer's Sample Data module: the four sequences, 260 x 280 pixels.

Run in the repository's environment::

    .venv/bin/python Testing/screenshots/sample_thumbnail.py MSTKDSegment/Resources/Icons/BraTS2021_01479.png
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib
import nibabel as nib
import numpy as np

SAMPLE = Path(__file__).parents[2] / "Resources" / "SampleData" / "BraTS2021_01479"
WIDTH, HEIGHT = 260, 280


def axial(name: str, level: int) -> np.ndarray:
    """One axial slice, the patient's left on the right of the picture, ``(rows, columns)``, 0 to 1."""
    image = nib.as_closest_canonical(nib.load(SAMPLE / f"{name}.nii.gz")).get_fdata()
    return np.rot90(image[::-1, :, level]) / np.percentile(image[image > 0], 99.5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("picture", type=Path)
    arguments = parser.parse_args()
    matplotlib.use("Agg")
    from matplotlib import pyplot

    tumour = nib.as_closest_canonical(nib.load(SAMPLE / "seg.nii.gz")).get_fdata() > 0
    level = int(tumour.sum(axis=(0, 1)).argmax())
    figure, axes = pyplot.subplots(2, 2, figsize=(WIDTH / 100, HEIGHT / 100), dpi=100, facecolor="black")
    for panel, name in zip(axes.flat, ("flair", "t1", "t1c", "t2"), strict=True):
        panel.imshow(axial(name, level), cmap="gray", vmin=0, vmax=1)
        panel.axis("off")
    figure.subplots_adjust(0, 0, 1, 1, 0, 0)
    figure.savefig(arguments.picture, facecolor="black")


if __name__ == "__main__":
    main()
