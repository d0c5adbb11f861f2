"""Which volumes of a real MRML scene are proposed for which sequence, and what is asked instead of guessed."""

import json
import types
from dataclasses import replace

import numpy as np
import pytest
import recognition_rows
import slicer
import vtk
from dicom_study import PHYSICS, Visit
from MSTKDSegmentLib.Uncertainty import showUncertainty
from pydicom import dcmread
from slicer_scene import new_scene
from tumour_scene import SHAPE, add_segmentation, add_volume

from MSTKDLib.Recognise import evidenceOf, proposeVolumes


@pytest.fixture
def scene():
    return new_scene()


@pytest.fixture
def dicom(scene, tmp_path, monkeypatch):
    """Adds volumes that came from DICOM files, as Slicer's DICOM module leaves them."""
    files = {}
    monkeypatch.setattr(slicer, "dicomDatabase", types.SimpleNamespace(fileForInstance=files.get), raising=False)

    def add(name, description, physics, visit=None, **header):
        visit = replace(visit or Visit(tmp_path, study="1.2.3"), folder=tmp_path / str(len(files)))
        paths = visit.write(len(files), description, np.zeros((4, 4, 2)), np.eye(4), **physics, **header)
        uids = [dcmread(path).SOPInstanceUID for path in paths]
        files.update(zip(uids, map(str, paths), strict=True))
        node = add_volume(scene, name)
        node.SetAttribute("DICOM.instanceUIDs", " ".join(uids))
        return node

    return add


@pytest.fixture
def examination(scene):
    """Adds volumes of one patient's one examination, as the subject hierarchy keeps them."""
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    patient = hierarchy.CreateSubjectItem(hierarchy.GetSceneItemID(), "A")
    study = hierarchy.CreateStudyItem(patient, "MRI")
    hierarchy.SetItemUID(patient, "DICOM", "A")
    hierarchy.SetItemUID(study, "DICOM", "1.1")

    def add(*arguments):
        node = add_volume(scene, *arguments)
        hierarchy.CreateItem(study, node)
        return node

    return add


def spaced(i, j, k):
    matrix = vtk.vtkMatrix4x4()
    for axis, mm in enumerate((i, j, k)):
        matrix.SetElement(axis, axis, mm)
    return matrix


def test_the_sample_patients_volumes_are_found_by_their_names_with_the_reason(scene):
    volumes = {name: add_volume(scene, f"BraTS2021_01479_{file}") for name, file in
               (("flair", "flair"), ("t1", "t1"), ("t1gd", "t1ce"), ("t2", "t2"))}  # fmt: skip
    proposal = proposeVolumes(scene)
    assert proposal.chosen == volumes
    assert proposal.questions == []
    assert proposal.evidence["t1gd"] == "For T1Gd speaks: its name says 't1ce'."


NAMES = [row for row in recognition_rows.rows() if not any(row[column] for column in recognition_rows.FIELDS)]


@pytest.mark.parametrize("row", NAMES[::3], ids=lambda row: row["name"])
def test_a_real_name_is_never_taken_for_a_sequence_that_it_is_not(row):
    scene = new_scene()
    add_volume(scene, row["name"], (2, 2, 2))
    chosen = list(proposeVolumes(scene).chosen)
    assert chosen in ([], [row["expected"].lower()])


def test_what_is_no_image_of_the_patient_is_not_looked_at(scene):
    add_volume(scene, "t1 labels", class_name="vtkMRMLLabelMapVolumeNode")
    add_volume(scene, "t1_seg")
    scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "t2 empty")
    add_volume(scene, "t2 hidden").SetHideFromEditors(True)
    add_volume(scene, "t2 colours").GetImageData().AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 3)
    add_volume(scene, "t1 vectors", class_name="vtkMRMLVectorVolumeNode")
    flair = add_volume(scene, "FLAIR")
    showUncertainty(add_segmentation(flair), np.zeros(SHAPE, np.uint8), True)
    proposal = proposeVolumes(scene)
    assert proposal.chosen == {"flair": flair}
    assert proposal.questions == []


def test_a_name_that_tells_nothing_is_not_guessed(scene):
    add_volume(scene, "series 7")
    assert proposeVolumes(scene).chosen == {}


def test_name_and_dicom_header_are_both_given_as_evidence(dicom, scene):
    node = dicom("7: T1 post", "t1_mpr_tra_iso_KM", PHYSICS["mprage"], ContrastBolusAgent="Gadobutrol")
    proposal = proposeVolumes(scene)
    assert proposal.chosen == {"t1gd": node}
    for clause in ("its name says 'T1 post'", "its description says 't1_mpr", "TR 1900", "Gadobutrol"):
        assert clause in proposal.evidence["t1gd"]


def test_a_volume_without_a_telling_name_is_known_by_its_header(dicom, scene):
    node = dicom("Unnamed Series", "", PHYSICS["flair"])
    assert proposeVolumes(scene).chosen == {"flair": node}


def test_witnesses_that_disagree_are_a_question_with_both_readings(dicom, scene):
    dicom("T1", "t1_tse", PHYSICS["t2"])
    proposal = proposeVolumes(scene)
    assert proposal.chosen == {}
    (question,) = proposal.questions
    assert question.startswith("'T1' may be the missing T1 or T2: its name says 'T1'")
    assert "TR 5000" in question


def test_a_header_that_cannot_be_read_leaves_the_name(dicom, scene, monkeypatch):
    node = dicom("T2 tse", "t2_tse", PHYSICS["t2"])
    monkeypatch.setattr(slicer.dicomDatabase, "fileForInstance", lambda uid: "/nowhere/1.dcm")
    assert proposeVolumes(scene).chosen == {"t2": node}
    monkeypatch.setattr(slicer.dicomDatabase, "fileForInstance", lambda uid: __file__)
    assert proposeVolumes(scene).chosen == {"t2": node}


def with_file(node, path):
    node.AddDefaultStorageNode()
    node.GetStorageNode().SetFileName(str(path))
    return node


def test_the_sidecar_beside_a_volumes_file_is_a_witness(scene, tmp_path):
    fields = {
        "RepetitionTime": 9,
        "EchoTime": 0.12,
        "InversionTime": 2.5,
        "ScanningSequence": "SE_IR",
        "Modality": "MR",
    }
    (tmp_path / "scan.json").write_text(json.dumps(fields))
    node = with_file(add_volume(scene, "scan"), tmp_path / "scan.nii.gz")
    assert proposeVolumes(scene).chosen == {"flair": node}
    assert "TI 2500" in proposeVolumes(scene).evidence["flair"]


def test_a_renamed_volume_whose_file_says_otherwise_is_a_question(scene, tmp_path):
    node = with_file(add_volume(scene, "T2"), tmp_path / "pat_flair.nii.gz")
    proposal = proposeVolumes(scene)
    assert proposal.chosen == {}
    assert "its name says 'T2' (T2) but its file's name says 'flair' (FLAIR)" in proposal.questions[0]
    node.SetName("Dark fluid")
    assert proposeVolumes(scene).chosen == {"flair": node}
    node.SetName("ADC")
    assert "ADC" in proposeVolumes(scene).questions[0]


def test_a_doubtful_volume_is_not_asked_about_when_its_sequences_are_there(scene, tmp_path):
    for name in ("t2_tse", "FLAIR"):
        add_volume(scene, name)
    with_file(add_volume(scene, "T2"), tmp_path / "pat_flair.nii.gz")
    proposal = proposeVolumes(scene)
    assert set(proposal.chosen) == {"flair", "t2"}
    assert proposal.questions == []


def test_of_two_volumes_of_one_examination_the_clearly_better_is_taken_with_the_reason(scene, examination):
    thick = examination("t1_se", (25, 200, 200), spaced(1, 1, 6))
    fine = examination("t1_mprage", (150, 200, 200), spaced(1, 1, 1))
    proposal = proposeVolumes(scene)
    assert proposal.chosen == {"t1": fine}
    assert proposal.evidence["t1"].endswith("Taken rather than 't1_se', because it has thin slices.")
    scene.RemoveNode(fine)
    examination("t1_part", (40, 200, 200), spaced(1, 1, 1))
    proposal = proposeVolumes(scene)
    assert proposal.chosen == {"t1": thick}
    assert proposal.evidence["t1"].endswith("because it shows more of the head.")


def test_a_better_volume_of_unknown_origin_may_be_another_patients_and_is_asked_for(scene):
    add_volume(scene, "t1_se", (25, 200, 200), spaced(1, 1, 6))
    add_volume(scene, "t1_mprage", (150, 200, 200), spaced(1, 1, 1))
    proposal = proposeVolumes(scene)
    assert proposal.chosen == {}
    assert proposal.questions == ["T1: 't1_se' or 't1_mprage'; choose."]


def test_two_patients_from_files_are_never_mixed_by_the_quality_of_their_volumes(scene):
    for name in ("flair", "t1", "t1ce", "t2"):
        add_volume(scene, f"BraTS2021_01479_{name}")
    for name in ("FLAIR", "T1Gd", "T2"):
        add_volume(scene, f"Smith_{name}", (24, 24, 24), spaced(0.5, 0.5, 0.5))
    proposal = proposeVolumes(scene)
    assert proposal.chosen == {}
    assert proposal.questions[0] == "Volumes of several patients may be loaded; choose one's."
    assert "T1Gd: 'BraTS2021_01479_t1ce' or 'Smith_T1Gd'; choose." in proposal.questions


def test_a_volume_of_unknown_origin_is_not_put_beside_a_known_patients(dicom, scene):
    dicom("FLAIR", "flair", PHYSICS["flair"])
    add_volume(scene, "Smith_T2")
    proposal = proposeVolumes(scene)
    assert proposal.chosen == {}
    assert proposal.questions == ["'Smith_T2' may be of another patient than 'FLAIR' from DICOM; choose yourself."]


def test_an_original_is_taken_rather_than_its_reformat(scene, examination):
    original = examination("t1_space_iso", (20, 20, 20), spaced(1, 1, 1))
    examination("t1_space_iso MPR cor", (20, 20, 20), spaced(1, 1, 1))
    assert proposeVolumes(scene).chosen == {"t1": original}


def test_between_equals_the_user_is_asked(scene):
    for name in ("t1_a", "t1_b"):
        add_volume(scene, name)
    t2 = add_volume(scene, "t2")
    proposal = proposeVolumes(scene)
    assert proposal.chosen == {"t2": t2}
    assert proposal.questions == ["T1: 't1_a' or 't1_b'; choose."]


def test_a_t1_acquired_after_contrast_is_not_taken_for_a_plain_t1(dicom, scene):
    before = dicom("t1", "t1_tse", PHYSICS["t1_se"], AcquisitionTime="095900")
    late = dicom("t1 again", "t1_tse", PHYSICS["t1_se"], AcquisitionTime="103000")
    enhanced = dicom("t1 km", "t1_tse_km", PHYSICS["t1_se"], AcquisitionTime="102000")
    proposal = proposeVolumes(scene)
    assert proposal.chosen == {"t1": before, "t1gd": enhanced}
    assert late.GetName() in proposal.questions[0]
    assert "after the contrast agent" in proposal.questions[0]


def test_a_time_without_its_date_says_nothing_beside_one_with_it(dicom, scene):
    late = dicom("t1", "t1_tse", PHYSICS["t1_se"], AcquisitionDateTime="20260102103000")
    enhanced = dicom("t1 km", "t1_tse_km", PHYSICS["t1_se"], AcquisitionDate="", AcquisitionTime="102000.25")
    assert proposeVolumes(scene).chosen == {"t1": late, "t1gd": enhanced}


def test_patients_and_examinations_are_never_mixed(dicom, scene, tmp_path):
    first = Visit(tmp_path, patient="A", study="1.1")
    dicom("FLAIR", "flair", PHYSICS["flair"], first)
    other = dicom("T2", "t2_tse", PHYSICS["t2"], Visit(tmp_path, patient="B", study="2.1"))
    proposal = proposeVolumes(scene)
    assert proposal.chosen == {}
    assert proposal.questions == ["These volumes are of different patients: 'FLAIR' and 'T2'; choose those of one."]
    scene.RemoveNode(other)
    dicom("T2", "t2_tse", PHYSICS["t2"], Visit(tmp_path, patient="A", study="1.2"))
    assert "different examinations" in proposeVolumes(scene).questions[0]


def test_patients_are_told_apart_by_the_subject_hierarchy_too(scene):
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    for patient, name in (("A", "FLAIR"), ("B", "T2")):
        item = hierarchy.CreateSubjectItem(hierarchy.GetSceneItemID(), patient)
        hierarchy.SetItemUID(item, "DICOM", patient)
        study = hierarchy.CreateStudyItem(item, "MRI")
        hierarchy.CreateItem(study, add_volume(scene, name))
    assert "different patients" in proposeVolumes(scene).questions[0]


def test_what_the_user_chose_is_told_what_speaks_for_and_against_it(scene, tmp_path):
    node = add_volume(scene, "t1ce")
    assert evidenceOf(node, "t1gd") == "For T1Gd speaks: its name says 't1ce'."
    assert evidenceOf(node, "t1") == "Against T1 speaks: its name says 't1ce', as of a T1Gd; check the choice."
    assert "diffusion" in evidenceOf(add_volume(scene, "ADC"), "t2")
    assert "FLAIR is your choice" in evidenceOf(add_volume(scene, "series 7"), "flair")
    doubtful = with_file(add_volume(scene, "T2"), tmp_path / "flair.nii.gz")
    assert "T2 is in doubt" in evidenceOf(doubtful, "t2")
