"""The module's logic on real MRML (slicer-core), with the real engine in its child process."""

import subprocess
import sys
from types import SimpleNamespace

import nibabel as nib
import numpy as np
import pydicom
import pytest
import slicer
import vtk
from MSTKDSegmentLib import SegmentLogic
from MSTKDSegmentLib.States import State
from slicer_scene import load_volume, new_scene
from vtk.util import numpy_support

from mstkd.modalities import Modality
from mstkd.pipeline import segment_files
from mstkd.sources import find_sources
from MSTKDLib.Engine import EngineError


@pytest.fixture
def scene():
    return new_scene()


@pytest.fixture(scope="module")
def logic():
    logic = SegmentLogic()
    yield logic
    logic.onChange = None
    logic.close()


@pytest.fixture
def volumes(scene, tumour_box):
    return {
        name: load_volume(scene, tumour_box / f"{file}.nii.gz", name)
        for name, file in (("flair", "flair"), ("t1gd", "t1c"))
    }


def segment_array(node, name, volume):
    """A segment on the volume's voxels, ``(i, j, k)`` bool, read through Slicer's own resampling."""
    image = slicer.vtkOrientedImageData()
    node.GetBinaryLabelmapRepresentation(name, image)
    reference = slicer.vtkSlicerSegmentationsModuleLogic.CreateOrientedImageDataFromVolumeNode(volume)
    resampled = slicer.vtkOrientedImageData()
    slicer.vtkOrientedImageDataResample.ResampleOrientedImageToReferenceOrientedImage(image, reference, resampled)
    i, j, k = resampled.GetDimensions()
    return numpy_support.vtk_to_numpy(resampled.GetPointData().GetScalars()).reshape(k, j, i).transpose(2, 1, 0) > 0


REGION_LABELS = {"WT": (1, 2, 3), "TC": (1, 3), "ET": (3,)}


def test_volumes_become_three_overlapping_segments_equal_to_the_commands(scene, logic, volumes, tumour_box, tmp_path):
    said = []
    logic.onChange = lambda: said.append((logic.state, logic.share))
    node = logic.segment(volumes)
    segmentation = node.GetSegmentation()
    names = [segmentation.GetNthSegment(n).GetName() for n in range(segmentation.GetNumberOfSegments())]
    assert names == ["WT", "TC", "ET"]
    assert len({segmentation.GetSegment(n).GetColor() for n in names}) == 3
    assert "86049000" in vtk_tag(segmentation.GetSegment("TC"))
    assert "108369006" in vtk_tag(segmentation.GetSegment("WT"))
    assert node.GetNodeReferenceID("referenceImageGeometryRef") == volumes["t1gd"].GetID()
    assert logic.summary["missing"] == ["T1", "T2"]
    assert list(dict.fromkeys(state for state, _ in said)) == [
        State.PREPARING,
        State.RUNNING,
        State.IMPORTING,
        State.IDLE,
    ]
    shares = [share for state, share in said if state.busy]
    assert shares == sorted(shares)
    assert len(set(shares)) > 5

    files = {Modality.FLAIR: tumour_box / "flair.nii.gz", Modality.T1GD: tumour_box / "t1c.nii.gz"}
    segment_files(find_sources(None, files), tmp_path / "out")
    labels = np.asarray(nib.load(tmp_path / "out" / "labels.nii.gz").dataobj)
    for name, values in REGION_LABELS.items():
        np.testing.assert_array_equal(segment_array(node, name, volumes["t1gd"]), np.isin(labels, values))

    saved = str(tmp_path / "tumour.seg.nrrd")
    storage = slicer.vtkMRMLSegmentationStorageNode()
    storage.SetFileName(saved)
    assert storage.WriteData(node)
    again = scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    assert storage.ReadData(again)
    assert again.GetSegmentation().GetNumberOfSegments() == 3
    for name in names:
        before, after = segmentation.GetSegment(name), again.GetSegmentation().GetSegment(name)
        assert after.GetName() == name
        np.testing.assert_allclose(after.GetColor(), before.GetColor(), atol=1e-4)
        assert vtk_tag(after) == vtk_tag(before)
        np.testing.assert_array_equal(
            segment_array(again, name, volumes["t1gd"]), segment_array(node, name, volumes["t1gd"])
        )
    assert node.CreateClosedSurfaceRepresentation()


def vtk_tag(segment):
    value = vtk.reference("")
    segment.GetTag("TerminologyEntry", value)
    return str(value)


def turn(scene):
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "turn")
    matrix = vtk.vtkTransform()
    matrix.RotateZ(30)
    matrix.Translate(12, -7, 30)
    transform.SetMatrixTransformToParent(matrix.GetMatrix())
    return transform, matrix


def test_a_transformed_volume_is_taken_from_where_it_lies_in_the_world(scene, logic, volumes):
    plain = logic.segment(volumes)
    # The same place in the world, reached through a parent transform instead of by its own matrix.
    transform, matrix = turn(scene)
    own = vtk.vtkMatrix4x4()
    volumes["flair"].GetIJKToRASMatrix(own)
    back = vtk.vtkMatrix4x4()
    vtk.vtkMatrix4x4.Multiply4x4(matrix.GetInverse().GetMatrix(), own, back)
    volumes["flair"].SetIJKToRASMatrix(back)
    volumes["flair"].SetAndObserveTransformNodeID(transform.GetID())
    again = logic.segment(volumes)
    one, two = (segment_array(node, "WT", volumes["t1gd"]) for node in (plain, again))
    assert 2 * (one & two).sum() / (one.sum() + two.sum()) > 0.99
    assert again.GetTransformNodeID() is None


def mirrored(scene, volume):
    """The same image in the same place, stored with its first axis reversed (a left-handed grid)."""
    matrix = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    last = volume.GetImageData().GetDimensions()[0] - 1
    flip = vtk.vtkMatrix4x4()
    flip.SetElement(0, 0, -1)
    flip.SetElement(0, 3, last)
    vtk.vtkMatrix4x4.Multiply4x4(matrix, flip, matrix)
    array = slicer.util.arrayFromVolume(volume)[:, :, ::-1].copy()
    node = slicer.util.addVolumeFromArray(array, name="mirrored", nodeClassName="vtkMRMLScalarVolumeNode")
    node.SetIJKToRASMatrix(matrix)
    return node


def test_a_left_handed_volume_gets_its_result_in_the_right_place(scene, logic, volumes, monkeypatch):
    monkeypatch.setattr(slicer, "mrmlScene", scene, raising=False)
    plain = logic.segment(volumes)
    other = logic.segment({"flair": volumes["flair"], "t1gd": mirrored(scene, volumes["t1gd"])})
    one, two = (segment_array(node, "WT", volumes["t1gd"]) for node in (plain, other))
    assert one.any()
    assert 2 * (one & two).sum() / (one.sum() + two.sum()) > 0.99


def test_the_result_follows_the_references_parent_transform(scene, logic, volumes):
    transform, _ = turn(scene)
    for volume in volumes.values():
        volume.SetAndObserveTransformNodeID(transform.GetID())
    node = logic.segment(volumes)
    assert node.GetTransformNodeID() == transform.GetID()
    assert segment_array(node, "WT", volumes["t1gd"]).any()


def test_a_report_and_an_own_brain_mask_are_as_with_the_command(
    scene, logic, volumes, tumour_box, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    image = nib.load(tumour_box / "t1c.nii.gz")
    brain = (np.asarray(image.dataobj) > 0).astype(np.uint8)
    nib.save(nib.Nifti1Image(brain, image.affine), tmp_path / "brain.nii.gz")
    logic.segment(volumes, brainMask=load_volume(scene, tmp_path / "brain.nii.gz", "Brain"), report="report")
    assert logic.summary["brain"]["method"] == "given"
    assert "Research use only" in (tmp_path / "report" / "report.html").read_text()
    with pytest.raises(EngineError, match="flair is no brain mask"):
        logic.segment(volumes, brainMask=volumes["flair"])


def test_volumes_that_a_transform_moved_apart_are_brought_together_or_refused_by_name(scene, logic, volumes):
    transform, _ = turn(scene)
    far = vtk.vtkMatrix4x4()
    far.SetElement(0, 3, 900)
    transform.SetMatrixTransformToParent(far)
    volumes["flair"].SetAndObserveTransformNodeID(transform.GetID())
    with pytest.raises(EngineError, match="flair does not overlap t1gd"):
        logic.segment(volumes, align=False)
    assert scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 0
    assert logic.segment(volumes)
    assert logic.summary["sequences"]["FLAIR"]["alignment"]["displacement_mm"] == pytest.approx(900, abs=2)


def test_a_deformation_above_a_volume_is_refused_in_words(scene, logic, volumes):
    grid = scene.AddNewNodeByClass("vtkMRMLGridTransformNode", "warp")
    displacement = vtk.vtkImageData()
    displacement.SetDimensions(3, 3, 3)
    displacement.AllocateScalars(vtk.VTK_DOUBLE, 3)
    numpy_support.vtk_to_numpy(displacement.GetPointData().GetScalars())[:] = 1.0
    warp = slicer.vtkOrientedGridTransform()
    warp.SetDisplacementGridData(displacement)
    grid.SetAndObserveTransformToParent(warp)
    volumes["flair"].SetAndObserveTransformNodeID(grid.GetID())
    with pytest.raises(EngineError, match="Harden transform"):
        logic.segment(volumes)


def test_a_wrong_choice_is_refused_in_words(scene, logic, volumes):
    with pytest.raises(EngineError, match="at least one"):
        logic.segment({"flair": None})
    with pytest.raises(EngineError, match="chosen twice"):
        logic.segment({"flair": volumes["flair"], "t2": volumes["flair"]})
    with pytest.raises(EngineError, match="'t1ce' is no sequence"):
        logic.segment({"t1ce": volumes["flair"]})
    with pytest.raises(EngineError, match="holds no image"):
        logic.segment({"flair": scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "empty")})
    with pytest.raises(EngineError, match="given as t1 is no scalar volume node"):
        logic.segment({"t1": "t1.nii.gz"})
    with pytest.raises(EngineError, match="given as brainMask is no scalar volume node"):
        logic.segment(volumes, brainMask="mask")
    with pytest.raises(EngineError, match="reference 't2' is none of the volumes"):
        logic.segment(volumes, reference="t2")
    with pytest.raises(EngineError, match="cuda:77"):
        logic.segment(volumes, device="cuda:77")


def test_the_module_does_not_bring_torch_into_slicers_process():
    code = (
        "import sys; sys.path[:0] = sys.argv[1:]; import MSTKDSegmentLib; print(*{'torch', 'mstkd'} & {*sys.modules})"
    )
    path = [p for p in sys.path if p.endswith("MSTKDSegment")]
    answer = subprocess.run([sys.executable, "-c", code, *path], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == []


def test_volumes_of_two_patients_are_refused_by_their_headers(scene, logic, volumes, tmp_path, monkeypatch):
    headers = {}
    for name, volume in volumes.items():
        header = pydicom.Dataset()
        header.PatientID, header.StudyInstanceUID = f"patient of {name}", "1.2.3"
        header.SOPClassUID, header.SOPInstanceUID = pydicom.uid.MRImageStorage, pydicom.uid.generate_uid()
        header.file_meta = pydicom.dataset.FileMetaDataset()
        header.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
        headers[name] = str(tmp_path / f"{name}.dcm")
        header.save_as(headers[name], enforce_file_format=True)
        volume.SetAttribute("DICOM.instanceUIDs", name)
    database = SimpleNamespace(fileForInstance=headers.get)
    monkeypatch.setattr(slicer, "dicomDatabase", database, raising=False)
    with pytest.raises(EngineError, match="different patients: 'flair' and 't1gd'"):
        logic.segment(volumes)
