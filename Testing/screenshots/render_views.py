"""Draw a result with Slicer's own displayable managers, without a screen: axial slice and 3D.

Needs a Python environment of its own, because trame-slicer pins another slicer-core::

    python3 -m venv .venv-render
    .venv-render/bin/pip install 'trame-slicer[standalone]==2.0.0' SimpleITK
    .venv-render/bin/python Testing/screenshots/render_views.py \\
        Resources/SampleData/BraTS2021_01479/t1c.nii.gz demo/all/labels.nii.gz Resources/Screenshots/slicer.png
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import vtk
from trame_slicer.core import SlicerApp
from trame_slicer.views import DirectViewFactory, ViewLayoutDefinition
from vtk.util import numpy_support

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "MSTKDSegment")]

from MSTKDSegmentLib.Regions import importSteps  # noqa: E402  needs the path set above

from mstkd.regions import segment_descriptions  # noqa: E402  needs the path set above
from MSTKDLib.Steps import runToEnd  # noqa: E402  needs the path set above
from MSTKDLib.Volumes import readImage  # noqa: E402  needs the path set above

SIZE = 640


def tumour_centre(labels: np.ndarray, volume) -> np.ndarray:
    """RAS coordinates of the middle of the whole tumour; labels are ``(k, j, i)``."""
    matrix = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    k, j, i = np.argwhere(labels).mean(axis=0)
    return np.array(matrix.MultiplyPoint((i, j, k, 1)))[:3]


def grab(view) -> np.ndarray:
    """The view as it is drawn, ``(height, width, 3)``."""
    view.render()
    grabber = vtk.vtkWindowToImageFilter()
    grabber.SetInput(view.render_window())
    grabber.ReadFrontBufferOff()
    grabber.Update()
    image = grabber.GetOutput()
    width, height, _ = image.GetDimensions()
    return numpy_support.vtk_to_numpy(image.GetPointData().GetScalars()).reshape(height, width, 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("volume", type=Path)
    parser.add_argument("labels", type=Path)
    parser.add_argument("picture", type=Path)
    arguments = parser.parse_args()

    app = SlicerApp()
    app.view_manager.register_factory(DirectViewFactory(do_render_offscreen=True))
    axial = app.view_manager.create_view(ViewLayoutDefinition.axial_view())
    threed = app.view_manager.create_view(ViewLayoutDefinition.threed_view())
    for view in (axial, threed):
        view.render_window().SetSize(SIZE, SIZE)
        # Off screen, multisampling hides whatever is translucent.
        view.render_window().SetMultiSamples(0)
        view.render_window().SetAlphaBitPlanes(1)

    volume = app.io_manager.load_volumes(str(arguments.volume))[0]
    labels = readImage(arguments.labels)
    answer = {"summary": {}, "segments": segment_descriptions(), "tissues": []}
    node = runToEnd(importSteps(volume, labels, answer))
    display = node.GetDisplayNode()
    # Outlines leave the image below them to be judged.
    display.SetVisibility2DFill(False)
    display.SetSliceIntersectionThickness(2)

    app.display_manager.show_volume_in_slice_background(volume)
    axial.fit_view_to_content()
    axial.set_slice_value(float(tumour_centre(labels, volume)[2]))
    threed.render()
    threed.fit_view_to_content()

    arguments.picture.parent.mkdir(parents=True, exist_ok=True)
    both = np.ascontiguousarray(np.concatenate([grab(axial), grab(threed)], axis=1))
    image = vtk.vtkImageData()
    image.SetDimensions(both.shape[1], both.shape[0], 1)
    image.GetPointData().SetScalars(numpy_support.numpy_to_vtk(both.reshape(-1, 3), deep=True))
    writer = vtk.vtkPNGWriter()
    writer.SetFileName(str(arguments.picture))
    writer.SetInputData(image)
    writer.Write()


if __name__ == "__main__":
    main()
