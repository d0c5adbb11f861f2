"""From raw studies to results, as a user runs it: DICOM exports, sequences that moved, own masks, the report."""

import hashlib
import json
import re

import nibabel as nib
import numpy as np
import pytest
from conftest import NAMES, SAMPLE
from dicom_study import Visit, write_export
from dicom_study import sample as dicom_sample
from scipy.spatial.transform import Rotation
from test_cli import found, mstkd, names, sentence, truth

from mstkd.evaluation import region_dice
from mstkd.modalities import Modality
from mstkd.regions import Region


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    folder = tmp_path_factory.mktemp("export")
    write_export(folder)
    return folder


def fingerprint(folder):
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}


def test_an_export_with_several_studies_is_refused_until_one_is_chosen(export, tmp_path):
    before = fingerprint(export)
    answer = mstkd("segment", export, "-o", tmp_path / "out")
    assert answer.returncode == 2
    assert re.search(r"holds 3 studies; choose one with --study .*P-0002", sentence(answer))
    assert not (tmp_path / "out").exists()
    assert fingerprint(export) == before


def test_a_dicom_study_is_segmented_on_the_grid_of_its_own_series(export, tmp_path):
    before = fingerprint(export)
    uid = chosen_study(export)
    answer = mstkd("segment", export, "--study", uid, "-o", tmp_path / "out", "--json")
    assert answer.returncode == 0, answer.stderr
    summary = json.loads(answer.stdout)
    assert summary["missing"] == []
    assert "series 7 't1_mprage_sag_iso_gd'" in summary["sequences"]["T1Gd"]["source"]
    assert "series 5 't1_mprage_sag_iso'" in summary["sequences"]["T1"]["source"]
    assert "rather than series 3 't1_se_tra'" in summary["sequences"]["T1"]["because"]
    assert "TR" in summary["sequences"]["FLAIR"]["because"]
    labels = nib.load(tmp_path / "out" / "labels.nii.gz")
    assert list(labels.shape) == summary["reference"]["shape"]
    sample = nib.load(SAMPLE / "seg.nii.gz")
    centre = nib.affines.apply_affine(sample.affine, np.argwhere(np.asarray(sample.dataobj) > 0).mean(axis=0))
    ours = nib.affines.apply_affine(labels.affine, np.argwhere(np.asarray(labels.dataobj) > 0).mean(axis=0))
    assert np.linalg.norm(ours - centre) < 20, "the tumour lies where it is in the patient, in mm"
    assert fingerprint(export) == before


def test_a_series_is_chosen_by_its_number(export, tmp_path):
    options = ["--study", chosen_study(export), "-o", tmp_path / "out", "--json"]
    summary = json.loads(mstkd("segment", export, "--t1", "3", *options).stdout)
    assert "series 3 't1_se_tra'" in summary["sequences"]["T1"]["source"]
    assert summary["sequences"]["T1"]["because"].startswith("you said so")
    refused = mstkd("segment", export, "--t1", "77", *options[:4])
    assert "there is no series 77 of the study" in sentence(refused)


def test_what_speaks_against_the_users_word_is_a_warning(export, tmp_path):
    options = ["--study", chosen_study(export), "-o", tmp_path / "out", "--json"]
    summary = json.loads(mstkd("segment", export, "--t2", "2", *options).stdout)
    assert any("series 2 't2_flair_tra'" in w and "was given as T2" in w for w in summary["warnings"])
    assert summary["sequences"]["T2"]["source"] != summary["sequences"].get("FLAIR", {}).get("source"), (
        "what was named is not taken for another sequence too"
    )


def test_series_of_two_patients_are_not_mixed(tmp_path):
    for patient, modality, name in (("A", Modality.FLAIR, "t2_flair_tra"), ("B", Modality.T2, "t2_tse_tra")):
        visit = Visit(tmp_path / patient, patient=patient)
        visit.write(2, name, *dicom_sample(modality, (3, 3, 5)))
    answer = mstkd("segment", "--flair", tmp_path / "A", "--t2", tmp_path / "B", "-o", tmp_path / "out")
    assert answer.returncode == 2
    assert "different patients" in sentence(answer)


@pytest.fixture(scope="module")
def moved(tumour_box, tmp_path_factory):
    """The tumour box with FLAIR turned by 6 degrees and shifted by 9 mm in its header."""
    folder = tmp_path_factory.mktemp("moved")
    for name in NAMES.values():
        image = nib.load(tumour_box / f"{name}.nii.gz")
        affine = image.affine.copy()
        if name == "flair":
            centre = nib.affines.apply_affine(affine, np.array(image.shape) / 2)
            turn = Rotation.from_euler("xyz", [4, -3, 3], degrees=True).as_matrix()
            affine[:3, :3] = turn @ affine[:3, :3]
            affine[:3, 3] = turn @ (affine[:3, 3] - centre) + centre + [6, -5, 4]
        nib.save(nib.Nifti1Image(np.asarray(image.dataobj), affine), folder / f"{name}.nii.gz")
    return folder


def test_a_sequence_that_moved_is_brought_back_and_said(moved, tumour_box, tmp_path):
    before = fingerprint(moved)
    aligned = json.loads(mstkd("segment", moved, "-o", tmp_path / "a", "--json").stdout)
    left = json.loads(mstkd("segment", moved, "--no-align", "-o", tmp_path / "b", "--json").stdout)
    assert aligned["sequences"]["FLAIR"]["alignment"]["verdict"] == "moved"
    assert aligned["sequences"]["FLAIR"]["alignment"]["displacement_mm"] == pytest.approx(9, abs=3)
    assert {aligned["sequences"][m]["alignment"]["verdict"] for m in ("T1", "T2")} == {"in place"}
    assert left["sequences"]["FLAIR"]["alignment"] is None
    assert any("Alignment was switched off" in warning for warning in left["warnings"])
    assert mstkd("segment", tumour_box, "-o", tmp_path / "clean").returncode == 0
    dice = {n: region_dice(found(tmp_path / n), truth(tumour_box))[Region.WT] for n in ("a", "b", "clean")}
    assert dice["a"] > dice["b"]
    assert dice["a"] == pytest.approx(dice["clean"], abs=0.03)
    assert fingerprint(moved) == before


def test_the_report_shows_every_step_of_a_patient_on_one_page(moved, tmp_path):
    assert mstkd("segment", moved, "-o", tmp_path / "out").returncode == 0
    page = (tmp_path / "out" / "report.html").read_text()
    for title in ("Result", "Sequences as given", "Alignment", "Brain", "What the network saw", "Time"):
        assert f"<h2>{title}</h2>" in page
    captions = re.findall(r"<figcaption>([^<]*)</figcaption>", page)
    assert {"FLAIR in T1Gd, as given", "FLAIR in T1Gd, moved", "T1Gd, coronal"} <= set(captions)
    assert "T1 in T1Gd, moved" not in captions
    assert "FLAIR was moved onto T1Gd" in page
    assert "Research use only" in page
    assert not re.search(r"(?:src|href)=.(?!data:)", page), "the page needs no other file"


def test_nothing_is_found_outside_the_users_own_brain_mask(tumour_box, tmp_path):
    image = nib.load(tumour_box / "t1c.nii.gz")
    brain = np.asarray(image.dataobj) > 0
    half = brain.copy()
    half[:, : brain.shape[1] // 2] = False
    nib.save(
        nib.Nifti1Image(half.astype(np.uint8)[::2, ::2, ::2], image.affine @ np.diag([2, 2, 2, 1])),
        tmp_path / "m.nii.gz",
    )
    summary = json.loads(
        mstkd("segment", tumour_box, "--brain", tmp_path / "m.nii.gz", "-o", tmp_path / "out", "--json").stdout
    )
    assert summary["brain"]["method"] == "given"
    outside = found(tmp_path / "out")[:, : brain.shape[1] // 2 - 6]
    assert not outside.any()


def test_a_foreign_brain_mask_is_refused(tumour_box, tmp_path):
    far = np.diag([1.0, 1, 1, 1])
    far[:3, 3] = 900
    nib.save(nib.Nifti1Image(np.ones((40, 40, 40), np.uint8), far), tmp_path / "m.nii.gz")
    answer = mstkd("segment", tumour_box, "--brain", tmp_path / "m.nii.gz", "-o", tmp_path / "out")
    assert answer.returncode == 2
    assert "m.nii.gz" in sentence(answer)
    assert names(tmp_path) == {"m.nii.gz"}


def chosen_study(export):
    summary = json.loads(mstkd("series", export, "--json").stdout)
    (study,) = [s for s in summary["studies"] if "P-1479" in s["text"] and len(s["stacks"]) > 5]
    return study["uid"]
