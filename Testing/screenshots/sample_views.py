"""Draw a training's sample with Slicer's own displayable managers, without a screen: axial slice and 3D.

The sample patient stands in for a validation patient; its "prediction" is the reference, shifted by
a few millimetres, first one way and then, renewed in place, the other: the picture shows the second.
Needs the environment that render_views.py describes::

    .venv-render/bin/python Testing/screenshots/sample_views.py Resources/Screenshots/train_samples.png
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import types
from pathlib import Path

import numpy as np
import SimpleITK as sitk
import slicer
import vtk
from render_views import ROOT, SIZE, grab
from trame_slicer.core import SlicerApp
from trame_slicer.views import DirectViewFactory, ViewLayoutDefinition
from vtk.util import numpy_support

sys.path[:0] = [str(ROOT / "MSTKDTrain")]
PATIENT = ROOT / "Resources" / "SampleData" / "BraTS2021_01479"
TISSUES = np.array([0, 1, 2, 3, 3], dtype=np.uint8)
"""Of the data set's labels, which have 4 for enhancing tumour."""


def write_sample(run: Path, shift: int, step: int) -> None:
    """What a validation writes, the prediction shifted by so many millimetres to the front."""
    folder = run / "samples"
    folder.mkdir(exist_ok=True)
    image = sitk.DICOMOrient(sitk.ReadImage(str(PATIENT / "flair.nii.gz")), "RAS")
    given = sitk.DICOMOrient(sitk.ReadImage(str(PATIENT / "seg.nii.gz")), "RAS")
    labels = TISSUES[sitk.GetArrayFromImage(given)]
    sitk.WriteImage(image, str(folder / "image.nrrd"))
    for name, array in (("reference", labels), ("prediction", np.roll(labels, shift, axis=1))):
        written = sitk.GetImageFromArray(array)
        written.CopyInformation(given)
        sitk.WriteImage(written, str(folder / f"{name}.nrrd"))
    files = {name: f"{name}.nrrd" for name in ("image", "reference", "prediction")}
    entry = {"case": "BraTS2021_01479", **files, "sequences": "FLAIR+T1Gd", "step": step}
    (folder / "index.json").write_text(json.dumps([entry]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("picture", type=Path)
    picture = parser.parse_args().picture

    app = SlicerApp()
    slicer.mrmlScene = app.scene
    sys.modules["qt"] = types.ModuleType("qt")  # the package imports it; the samples need none
    from MSTKDTrainLib.Samples import SampleNodes, readSamples

    from MSTKDLib.Steps import runToEnd

    app.view_manager.register_factory(DirectViewFactory(do_render_offscreen=True))
    axial = app.view_manager.create_view(ViewLayoutDefinition.axial_view())
    threed = app.view_manager.create_view(ViewLayoutDefinition.threed_view())
    for view in (axial, threed):
        view.render_window().SetSize(SIZE, SIZE)
        view.render_window().SetMultiSamples(0)  # off screen, it hides whatever is translucent
        view.render_window().SetAlphaBitPlanes(1)
    nodes = SampleNodes()
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder)
        write_sample(run, -6, 100)
        assert runToEnd(nodes.steps(readSamples(run)[0]))
        nodes.display()
        axial.fit_view_to_content()
        threed.render()
        threed.fit_view_to_content()
        before = [grab(view) for view in (axial, threed)]
        write_sample(run, 3, 200)
        assert runToEnd(nodes.steps(readSamples(run)[0]))
        after = [grab(view) for view in (axial, threed)]
    for name, one, other in zip(("slice", "3D"), before, after, strict=True):
        print(f"{name}: {np.any(one != other, axis=2).sum()} pixels follow the new prediction")
    both = np.ascontiguousarray(np.concatenate(after, axis=1))
    image = vtk.vtkImageData()
    image.SetDimensions(both.shape[1], both.shape[0], 1)
    image.GetPointData().SetScalars(numpy_support.numpy_to_vtk(both.reshape(-1, 3), deep=True))
    writer = vtk.vtkPNGWriter()
    writer.SetFileName(str(picture))
    writer.SetInputData(image)
    writer.Write()


if __name__ == "__main__":
    main()
