"""A clinical DICOM export: sorted, recognised, proposed and read, whatever its files are called."""

import hashlib
import json
import random
import shutil
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from conftest import save_nifti
from dicom_study import GADOLINIUM, PHYSICS, Visit, random_name, sample, write_export
from pydicom import dcmread
from pydicom.uid import generate_uid
from test_cli import mstkd, sentence

from mstkd.dicom import choose_study, holds_dicom, propose, read_folder, read_stack
from mstkd.dicom.report import summarise_folder
from mstkd.errors import InputError
from mstkd.modalities import CHANNELS, Modality
from mstkd.preprocessing import prepare
from mstkd.preprocessing.volume import LPS_RAS, itk_affine
from mstkd.sources import find_sources

STUDY_DATES = {("P-1479", "20201101"): 1, ("P-1479", "20210304"): 9, ("P-0002", "20210304"): 1}
CHOSEN = {
    Modality.FLAIR: ("flair", 2, (2, 2, 3), "axial"),
    Modality.T1: ("t1", 5, (2, 2, 2), "sagittal"),
    Modality.T1GD: ("t1gd", 7, (2, 2, 2), "sagittal"),
    Modality.T2: ("t2", 6, (2, 2, 4), "axial"),
}


def digest(folder):
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    """A folder, its files by series, and its bytes before anything read it."""
    folder = tmp_path_factory.mktemp("export")
    files = write_export(folder)
    return folder, files, digest(folder)


@pytest.fixture(scope="module")
def scanned(export):
    return read_folder(export[0])


@pytest.fixture(scope="module")
def study(scanned):
    return next(s for s in scanned.studies if len(s.series) > 1)


def test_studies_and_patients_are_kept_apart(scanned):
    assert {(s.patient, s.date): len(s.series) for s in scanned.studies} == STUDY_DATES
    assert scanned.problems == ()


def test_every_series_holds_its_own_files(study, export):
    files = export[1]
    found = {series.number: {f.path for stack in series.stacks for f in stack.layout.frames} for series in study.series}
    written = {2: "flair", 3: "t1 thick", 5: "t1", 6: "t2", 7: "t1gd", 8: "reformat"}
    assert {number: found[number] for number in written} == {n: set(files[name]) for n, name in written.items()}


def test_a_localiser_becomes_one_stack_for_each_orientation_and_diffusion_one_for_each_b_value(study, export):
    stacks = {number: [s for s in study.stacks if s.number == number] for number in (1, 4)}
    assert sorted(stack.plane for stack in stacks[1]) == ["axial", "coronal", "sagittal"]
    parts = [{frame.path for frame in stack.layout.frames} for stack in stacks[4]]
    assert set(export[1]["dwi 0"]) in parts
    assert set(export[1]["dwi 1000"]) in parts
    said = {series.number: " ".join(series.problems) for series in study.series}
    assert "3 stacks that differ in matrix, orientation" in said[1]
    assert "2 stacks that differ in b-value" in said[4]


def test_the_best_series_is_proposed_with_its_reason(study):
    proposal = propose(study)
    chosen = {choice.modality: choice for choice in proposal.choices}
    assert {m: c.stack.number for m, c in chosen.items()} == {m: number for m, (_, number, *_) in CHOSEN.items()}
    assert not any(choice.asked for choice in proposal.choices)
    why = chosen[Modality.T1].sentence
    assert why.startswith("T1: series 5 't1_mprage_sag_iso' (2.0 x 2.0 x 2.0 mm, whole head): its description says")
    assert why.endswith(
        "rather than series 3 't1_se_tra' (2.0 x 2.0 x 6.0 mm, whole head), because the chosen one has thin slices."
    )
    assert "is an original, not a reformat" in chosen[Modality.T1GD].sentence
    assert set(proposal.settled()) == set(Modality)


def test_a_secondary_capture_is_no_candidate_and_said(study):
    series = next(s for s in study.series if s.number == 99)
    assert series.stacks == ()
    assert "Secondary Capture" in series.problems[0]


@pytest.mark.parametrize("modality", CHOSEN, ids=lambda m: m.label)
def test_a_volume_is_the_source_image_at_its_place(study, modality):
    _, _, steps, plane = CHOSEN[modality]
    array, affine = sample(modality, steps, plane)
    stack = propose(study).settled()[modality]
    volume = read_stack(stack)
    np.testing.assert_array_equal(volume.array, array)
    np.testing.assert_allclose(volume.affine, affine, atol=1e-6)
    assert volume.array.dtype == np.float32
    assert volume.source == f"series {stack.number} '{stack.description}' (DICOM)"
    assert (stack.plane, stack.shape, stack.slices) == (plane, array.shape, array.shape[2])
    assert stack.spacing == pytest.approx(steps)


@pytest.mark.parametrize("modality", CHOSEN, ids=lambda m: m.label)
def test_simpleitk_reads_the_same_volume_from_the_clean_series(export, study, modality, tmp_path):
    for path in export[1][CHOSEN[modality][0]]:
        (tmp_path / f"{path.stem}.dcm").write_bytes(path.read_bytes())
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(tmp_path)))
    image = reader.Execute()
    volume = read_stack(propose(study).settled()[modality])
    np.testing.assert_array_equal(volume.array, sitk.GetArrayFromImage(image).transpose(2, 1, 0))
    np.testing.assert_allclose(volume.affine, LPS_RAS @ itk_affine(image), atol=1e-4)


def test_the_proposed_volumes_make_a_patient(study):
    prepared = prepare({m: read_stack(stack) for m, stack in propose(study).settled().items()})
    assert prepared.mask == (True,) * 4


def test_names_and_folders_of_files_do_not_matter(export, scanned, tmp_path):
    names = random.Random(7)
    for path in export[0].rglob("*"):
        if path.is_file():
            new = tmp_path / random_name(names)
            new.parent.mkdir(parents=True, exist_ok=True)
            new.write_bytes(path.read_bytes())
    moved = read_folder(tmp_path)
    a, b = summarise_folder(scanned, scanned.studies), summarise_folder(moved, moved.studies)
    assert a["studies"] == b["studies"]


def test_a_study_is_chosen_by_date_or_uid_and_never_guessed(scanned, study):
    assert choose_study(scanned, study.uid) is study
    assert choose_study(scanned, study.uid[:-5]) is study
    assert choose_study(scanned, "2020-11-01").date == choose_study(scanned, "20201101").date == "20201101"
    for wanted, words in [
        (None, "holds 3 studies"),
        ("2021-03-04", "fits 2 of the studies"),
        ("1999-01-01", "fits none of the studies"),
    ]:
        with pytest.raises(InputError, match=words) as caught:
            choose_study(scanned, wanted)
        assert f"2021-03-04 'MRI head' (9 series, patient P-1479) {study.uid}" in str(caught.value)
        assert "Doe" not in str(caught.value), "no names in messages"


def test_the_command_tells_what_is_taken_and_why(export, study):
    answer = mstkd("series", export[0], "--study", study.uid, "--json")
    assert answer.returncode == 0, answer.stderr
    (told,) = json.loads(answer.stdout)["studies"]
    assert told["missing"] == "none"
    assert {c["sequence"]: c["stack"] for c in told["proposal"]}["T1Gd"] == "series 7 't1_mprage_sag_iso_gd'"
    assert {s["number"] for s in told["stacks"] if s["taken"] == "yes"} == {2, 5, 6, 7}
    answer = mstkd("series", export[0])
    assert answer.returncode == 0, answer.stderr
    assert propose(study).choices[1].sentence in answer.stdout
    assert "Study of 2020-11-01 'MRI head' (1 series, patient P-1479)" in answer.stdout
    assert holds_dicom(export[0])
    assert digest(export[0]) == export[2], "the folder is left as it was"


def test_a_label_map_beside_an_export_does_not_hide_it(export, study, tmp_path):
    folder = tmp_path / "export"
    shutil.copytree(export[0], folder)
    save_nifti(folder / "labels.nii.gz", np.zeros((9, 9, 9), np.uint8))
    assert set(find_sources(folder, {}, study.uid).found) == set(CHANNELS)


def test_the_command_refuses_a_folder_without_dicom(tmp_path):
    (tmp_path / "notes.txt").write_text("x" * 500)
    assert not holds_dicom(tmp_path)
    answer = mstkd("series", tmp_path)
    assert answer.returncode == 2
    assert "holds no DICOM image" in sentence(answer)


def two(tmp_path, first, second, *, steps=((3, 3, 5), (3, 3, 5)), modality=Modality.T2):
    """A study of two series, each a description and headers; its proposal."""
    visit = Visit(tmp_path)
    for number, ((description, header), step) in enumerate(zip((first, second), steps, strict=True), start=3):
        array, affine = sample(modality, step)
        visit.write(number, description, array + number, affine, **header)
    return propose(choose_study(read_folder(tmp_path)))


def test_a_repeated_acquisition_is_asked_about_not_guessed(tmp_path):
    proposal = two(tmp_path, ("t2_tse_tra", PHYSICS["t2"]), ("t2_tse_tra", PHYSICS["t2"]))
    (choice,) = proposal.choices
    assert choice.asked
    assert (choice.stack.number, [s.number for s in choice.tied]) == (4, [3]), "the later one stands first"
    with pytest.raises(InputError, match=r"series 4 't2_tse_tra' .* or series 3 't2_tse_tra' .*--t2 4"):
        proposal.settled()


def test_a_whole_head_is_taken_before_a_finer_part_of_it(tmp_path):
    array, affine = sample(Modality.T2, (2, 2, 2))
    visit = Visit(tmp_path)
    visit.write(3, "t2_part", array[:, :, 20:50], affine, **PHYSICS["t2"])
    visit.write(4, "t2_whole", *sample(Modality.T2, (3, 3, 5)), **PHYSICS["t2"])
    (choice,) = propose(choose_study(read_folder(tmp_path))).choices
    assert choice.stack.description == "t2_whole"
    assert "t2_part' (2.0 x 2.0 x 2.0 mm, only 140 x 166 x 60 mm of the head), because" in choice.sentence
    assert "shows the whole head" in choice.sentence


def test_of_two_thick_series_the_axial_one_is_taken(tmp_path):
    visit = Visit(tmp_path)
    visit.write(3, "t2_cor", *sample(Modality.T2, (3, 3, 5), "coronal"), **PHYSICS["t2"])
    visit.write(2, "t2_tra", *sample(Modality.T2, (3, 3, 5)), **PHYSICS["t2"])
    (choice,) = propose(choose_study(read_folder(tmp_path))).choices
    assert (choice.stack.plane, choice.asked) == ("axial", False)


@pytest.mark.parametrize(
    ("image_type", "reason"),
    [
        (["ORIGINAL", "PRIMARY", "R", "ND", "NORM"], "is the magnitude image"),
        (["DERIVED", "PRIMARY", "MPR"], "is an original"),
        (["ORIGINAL", "PRIMARY", "M", "ND"], "is corrected by the scanner"),
    ],
)
def test_real_parts_reformats_and_uncorrected_images_stand_back(tmp_path, image_type, reason):
    proposal = two(tmp_path, ("t2", PHYSICS["t2"]), ("t2", PHYSICS["t2"] | {"ImageType": image_type}))
    (choice,) = proposal.choices
    assert choice.stack.number == 3
    assert [(s.number, reason in why) for s, why in choice.rejected] == [(4, True)]


def test_a_t1_acquired_after_the_contrast_agent_is_no_t1_without_contrast(tmp_path):
    first, second = ("t1_mprage_gd", PHYSICS["mprage"] | GADOLINIUM), ("t1_mprage", PHYSICS["mprage"])
    proposal = two(tmp_path, first, second, modality=Modality.T1GD)
    assert set(proposal.settled()) == {Modality.T1GD}
    assert "T1 is not series 4 't1_mprage'" in proposal.remarks[0]
    assert "after series 3 't1_mprage_gd', when the contrast agent was given" in proposal.remarks[0]


def test_the_patient_is_told_by_more_than_the_number(tmp_path):
    """One hospital number with two birth dates, even under one study UID, is two patients."""
    array, affine = sample(Modality.T2, (4, 4, 8))
    visit = Visit(tmp_path)
    paths = visit.write(3, "t2", array, affine)
    for path in visit.write(3, "t2", array + 1, affine, uid=dcmread(paths[0]).SeriesInstanceUID):
        image = dcmread(path)
        image.PatientBirthDate = "19700101"
        image.save_as(path)
    found = read_folder(tmp_path)
    assert [study.stacks[0].slices for study in found.studies] == [array.shape[2]] * 2
    assert "several patients" in found.problems[0]


def test_one_of_two_acquisitions_in_a_series_is_named_by_its_part(tmp_path):
    array, affine = sample(Modality.T2, (3, 3, 6))
    visit, uid = Visit(tmp_path), generate_uid()
    for number in (1, 2):
        header = {"AcquisitionNumber": number, "AcquisitionTime": f"10{number:02}00", **PHYSICS["t2"]}
        visit.write(3, "t2_tse_tra", array + number, affine, uid=uid, **header)
    with pytest.raises(InputError, match=r"practically equal; choose one, e\.g\. --t2 3\.[12]"):
        find_sources(tmp_path, {})
    chosen = find_sources(tmp_path, {Modality.T2: Path("3.1")})
    assert chosen.found[Modality.T2].name == "series 3 't2_tse_tra' part 1 (DICOM)"
    with pytest.raises(InputError, match=r"several volumes.*3\.1 .* or 3\.2"):
        find_sources(tmp_path, {Modality.T2: Path("3")})
