"""What a newcomer does wrong with a data set is said in one exact sentence."""

import json
import shutil

import numpy as np
import pytest
from data_sets import AFFINE, BRATS, SHAPE, bids, case, case_2023, decathlon, image, label_map
from test_cli import mstkd, sentence

from mstkd.data.check import check
from mstkd.data.datalist import read_datalist
from mstkd.data.split import Fractions, divide
from mstkd.errors import InputError

LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 2361\n"


@pytest.fixture
def brats(tmp_path):
    """Three good patients of BraTS 2021."""
    for number in range(3):
        case(tmp_path / f"BraTS2021_0000{number}")
    return tmp_path


def problems(root, *choices):
    return {c.entry.id: c.problems for c in check(root, choices).cases if c.problems}


def remarks(root):
    report = check(root)
    assert report.usable
    return {c.entry.id: c.remarks for c in report.cases if c.remarks}


def refusal(root):
    with pytest.raises(InputError) as error:
        check(root)
    return str(error.value)


def test_good_patients_have_no_problems(brats):
    report = check(brats)
    assert len(report.usable) == len(report.cases) == 3
    assert not report.questions
    assert not any(c.remarks for c in report.cases)


# 1. The wrong level.


def test_a_folder_one_level_too_high_names_the_data_set(tmp_path):
    for make, name in [(decathlon, "Task01_BrainTumour"), (lambda root: bids(root, "sub-01"), "ds001")]:
        root = make(tmp_path / "download" / name)
        assert refusal(root.parent) == f"{root.parent} is one level too high; give the data set itself, e.g. {root}."
        shutil.rmtree(root)


def test_patients_one_level_deeper_are_found_and_their_place_is_said(tmp_path):
    case(tmp_path / "BraTS2021_Training_Data" / "BraTS2021_00000")
    (finding,) = check(tmp_path).findings
    assert finding.evidence == "1 folder in BraTS2021_Training_Data named like BraTS2021_00000"


def test_a_single_patients_folder_is_one_level_too_deep(brats, tmp_path):
    patient = brats / "BraTS2021_00000"
    assert refusal(patient) == f"{patient} is the folder of one patient; give the folder above, {brats}."
    subject = bids(tmp_path / "bids", "sub-01") / "sub-01"
    assert refusal(subject) == f"{subject} is the folder of one patient; give the folder above, {subject.parent}."
    images = decathlon(tmp_path / "Task01") / "imagesTr"
    assert refusal(images) == f"{images} is one level too deep; give the data set's folder {images.parent}."


def test_a_folder_without_patients_is_refused(tmp_path):
    assert refusal(tmp_path / "no") == (
        f"{tmp_path / 'no'} does not exist; give the folder of a data set or a list (.csv or .json)."
    )
    assert refusal(tmp_path) == (
        f"{tmp_path} holds no images (NIfTI, NRRD or MetaImage) of patients; give a data set's folder."
    )
    for name in ("a_flair.nii.gz", "b_flair.nii.gz"):
        image(tmp_path / name)
    assert refusal(tmp_path) == (
        f"{tmp_path} holds the files of many patients side by side; give each patient a folder, or give a list (CSV)."
    )
    (tmp_path / "cases.txt").write_text("a")
    assert refusal(tmp_path / "cases.txt") == (
        f"{tmp_path / 'cases.txt'} is neither a folder nor a list (.csv or .json); give the folder of a data set."
    )


# 2. A missing sequence.


def test_a_missing_sequence_is_named_and_the_case_goes_without(brats):
    lost = brats / "BraTS2021_00001" / "BraTS2021_00001_t2.nii.gz"
    lost.unlink()
    assert remarks(brats) == {
        "BraTS2021_00001": [f"{lost} is missing; copy it again, or the case goes without T2."],
    }
    assert len(check(brats).usable) == 3


def test_a_listed_file_that_is_missing_leaves_the_case_out(tmp_path):
    root = decathlon(tmp_path)
    (root / "imagesTr" / "BRATS_002.nii.gz").unlink()
    (root / "labelsTr" / "BRATS_001.nii.gz").unlink()
    assert problems(root) == {
        "BRATS_001": [f"{root / 'labelsTr' / 'BRATS_001.nii.gz'} does not exist; check the name."],
        "BRATS_002": [f"{root / 'imagesTr' / 'BRATS_002.nii.gz'} does not exist; check the name."],
    }


def test_an_empty_folder_of_a_known_set_is_a_case_without_files(brats):
    folder = brats / "BraTS2021_00007"
    folder.mkdir()
    (brats / "notes").mkdir()
    assert problems(brats) == {
        "BraTS2021_00007": [
            f"{folder} has no file for it whose name tells FLAIR, T1, T1Gd or T2; add or rename its files.",
            f"{folder} has no segmentation for it (a file named seg); add it.",
        ]
    }


# 3. Labels of another convention.


def test_label_4_in_a_set_of_1_2_3_is_a_question_not_a_guess(tmp_path):
    case_2023(tmp_path / "BraTS-GLI-00000-000")
    case_2023(tmp_path / "BraTS-GLI-00001-000", labels=(1, 2, 4))
    report = check(tmp_path)
    assert report.usable == []
    assert report.questions == [
        "BraTS2023: its layout says brats2023 (labels 1, 2, 3), but 1 of 2 label maps hold 4, BraTS-GLI-00001-000 "
        "first; say what is right with --labels BraTS2023=NAME (just these values: brats2015: 1 NETC, 2 SNFH, 3 NETC, "
        "4 ET; brats2024-post: 1 NETC, 2 SNFH, 3 ET, 4 no tumour; brats2023 leaves these cases out)."
    ]
    assert problems(tmp_path, "BraTS2023=brats2023") == {
        "BraTS-GLI-00001-000": [
            f"{tmp_path / 'BraTS-GLI-00001-000' / 'BraTS-GLI-00001-000-seg.nii.gz'} holds the label 4, which brats2023 "
            "does not define; choose another convention if that is not it (just these values: brats2018-21 or fets: "
            "1 NETC, 2 SNFH, 4 ET; these and more: brats2015: 1 NETC, 2 SNFH, 3 NETC, 4 ET; brats2024-post: 1 NETC, "
            "2 SNFH, 3 ET, 4 no tumour), or correct the file."
        ]
    }


def test_whole_tumour_masks_in_a_brats_set_are_a_question(tmp_path):
    for number in range(2):
        case(tmp_path / f"BraTS2021_0000{number}", labels=(1,))
    (question,) = check(tmp_path).questions
    assert question.startswith(
        "BraTS2021: its layout says brats2018-21 (labels 1, 2, 4), but all its label maps (2) hold only 1, as masks "
        "of the whole tumour do; say what is right with --labels BraTS2021=NAME (just these values: whole-tumour: "
        "1 tumour; "
    )
    assert {c.convention for c in check(tmp_path, ["whole-tumour"]).usable} == {"whole-tumour"}


@pytest.mark.parametrize(
    ("choice", "answer"),
    [
        ("BraTS2021=brats", "'brats' is no label convention; take one of brats2015, "),
        ("BraTS2018=fets", "there is no data set 'BraTS2018' here; there is BraTS2021."),
    ],
)
def test_an_unknown_choice_of_labels_is_refused(brats, choice, answer):
    with pytest.raises(InputError) as error:
        check(brats, [choice])
    assert str(error.value).startswith(f"--labels {choice}: {answer}")


# 4. Unzipped and zipped.


def test_unzipped_and_zipped_files_of_one_image_are_told_apart(brats):
    folder = brats / "BraTS2021_00002"
    image(folder / "BraTS2021_00002_flair.nii")
    assert problems(brats) == {
        "BraTS2021_00002": [
            f"{folder} holds FLAIR unzipped and zipped, BraTS2021_00002_flair.nii and BraTS2021_00002_flair.nii.gz; "
            "delete one of them."
        ]
    }


# 5. Git LFS pointers.


def test_git_lfs_pointers_are_named_as_such(brats):
    flair, seg = (brats / "BraTS2021_00000" / f"BraTS2021_00000_{name}.nii.gz" for name in ("flair", "seg"))
    flair.write_text(LFS)
    seg.write_text(LFS)
    assert problems(brats)["BraTS2021_00000"] == [
        f"{path} is a Git LFS pointer, not the image itself; fetch it with 'git lfs pull'." for path in (flair, seg)
    ]


# 6. and 7. Upper-case names and a space in the path are nothing wrong.


def test_upper_case_names_and_a_space_in_the_path_are_understood(tmp_path):
    folder = case(tmp_path / "my data" / "BRATS2021_00000", endings=tuple(map(str.upper, BRATS)), suffix=".NII.GZ")
    report = check(folder.parent)
    assert report.findings[0].layout == "BraTS 2021"
    assert len(report.usable) == 1
    (only,) = divide(report.cases, Fractions(0, 0), seed=0)
    assert all(only.read(modality).shape == SHAPE for modality in only.images)


# 8. The same patient twice.


def test_a_patient_in_two_folders_is_used_once(tmp_path):
    first, second = (case(tmp_path / grade / "Brats18_CBICA_AAB_1") for grade in ("HGG", "LGG"))
    report = check(tmp_path)
    assert len(report.usable) == 1
    assert [c.problems for c in report.cases] == [
        [],
        [f"{second} and {first} have the same name; keep or rename one."],
    ]


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_a_patient_under_two_names_is_used_once(tmp_path, suffix):
    first = case(tmp_path / "BraTS2021_00000", suffix=suffix)
    second = case(tmp_path / "BraTS2021_00009", suffix=suffix)
    shutil.copy(first / f"BraTS2021_00000_t1{suffix}", second / f"BraTS2021_00009_t1{suffix}")
    assert problems(tmp_path) == {
        "BraTS2021_00009": [f"{second} holds the same image as BraTS2021_00000 in {first}; keep one of them."]
    }


def test_one_image_as_two_sequences_leaves_the_case_out(brats):
    t1, t1ce = (brats / "BraTS2021_00000" / f"BraTS2021_00000_{name}.nii.gz" for name in ("t1", "t1ce"))
    shutil.copy(t1, t1ce)
    assert problems(brats) == {
        "BraTS2021_00000": [f"{t1} (T1) and {t1ce} (T1Gd) are the same image; replace the wrong one."]
    }


# 9. No segmentation, or too many.


def test_a_missing_segmentation_leaves_the_case_out(brats):
    folder = brats / "BraTS2021_00001"
    (folder / "BraTS2021_00001_seg.nii.gz").unlink()
    assert problems(brats) == {"BraTS2021_00001": [f"{folder} has no segmentation for it (a file named seg); add it."]}


def test_two_segmentations_leave_the_case_out_but_a_brain_mask_does_not(brats):
    folder = brats / "BraTS2021_00001"
    label_map(folder / "brain_mask.nii.gz", (1,))
    assert problems(brats) == {}
    label_map(folder / "BraTS2021_00001_seg_old.nii.gz")
    assert problems(brats) == {
        "BraTS2021_00001": [
            f"{folder} holds a segmentation twice, BraTS2021_00001_seg.nii.gz and BraTS2021_00001_seg_old.nii.gz; "
            "keep the right one or name it in a list (CSV)."
        ]
    }


def test_an_image_instead_of_a_segmentation_is_refused(brats):
    seg = image(brats / "BraTS2021_00001" / "BraTS2021_00001_seg.nii.gz")
    (sentence,) = problems(brats)["BraTS2021_00001"]
    assert sentence.startswith(f"{seg} holds ")
    assert sentence.endswith(" different values, so it is an image; give the segmentation.")
    label_map(seg, (1, 1.5))
    assert problems(brats)["BraTS2021_00001"] == [
        f"{seg} holds fractions, so it is no label map; give the segmentation file."
    ]


def test_an_empty_segmentation_and_an_unknown_file_are_remarked_on(brats):
    seg = label_map(brats / "BraTS2021_00001" / "BraTS2021_00001_seg.nii.gz", ())
    odd = image(brats / "BraTS2021_00002" / "scan.nii.gz")
    assert remarks(brats) == {
        "BraTS2021_00001": [f"{seg} is empty (no tumour); remove the case if that is not meant."],
        "BraTS2021_00002": [
            f"{odd} names neither a sequence nor a segmentation and is left aside; rename it if it is one."
        ],
    }


# 10. Grids that differ.

MOVED = AFFINE + np.array([[0, 0, 0, 0], [0, 0, 0, 0.25], [0, 0, 0, 0], [0, 0, 0, 0]])


@pytest.mark.parametrize(
    ("shape", "affine", "differs"),
    [
        ((10, 11, 9), AFFINE, "shape (10 x 11 x 12 and 10 x 11 x 9 voxels)"),
        (SHAPE, np.diag([3.0, 3, 4, 1]), "spacing (3 x 3 x 3 and 3 x 3 x 4 mm)"),
        (SHAPE, MOVED, "position or orientation (their affines differ by up to 0.25 mm)"),
    ],
)
def test_sequences_on_different_grids_are_named(brats, shape, affine, differs):
    t1ce, flair = (brats / "BraTS2021_00000" / f"BraTS2021_00000_{name}.nii.gz" for name in ("t1ce", "flair"))
    image(flair, shape, affine)
    assert remarks(brats) == {
        "BraTS2021_00000": [
            f"{t1ce} and {flair} differ in {differs}; they are resampled by their positions, replace the wrong one if "
            "they should not differ."
        ]
    }


def test_sequences_that_do_not_overlap_leave_the_case_out(brats):
    t1ce, t2 = (brats / "BraTS2021_00000" / f"BraTS2021_00000_{name}.nii.gz" for name in ("t1ce", "t2"))
    image(t2, affine=AFFINE + np.array([[0, 0, 0, 36]] + [[0] * 4] * 3))
    assert problems(brats) == {
        "BraTS2021_00000": [
            f"{t1ce} and {t2} do not overlap in space, so they are not one examination; replace the wrong one."
        ]
    }


def test_a_segmentation_off_the_reference_grid_leaves_the_case_out(brats):
    t1ce, seg = (brats / "BraTS2021_00000" / f"BraTS2021_00000_{name}.nii.gz" for name in ("t1ce", "seg"))
    label_map(seg, shape=(10, 11, 9))
    assert problems(brats) == {
        "BraTS2021_00000": [
            f"{t1ce} and the segmentation {seg} differ in shape (10 x 11 x 12 and 10 x 11 x 9 voxels); resample the "
            "second to the grid of the first."
        ]
    }


# The command.


@pytest.fixture
def mixed(brats):
    """Good and bad patients of three sets, one of which has labels that nothing explains."""
    (brats / "BraTS2021_00001" / "BraTS2021_00001_seg.nii.gz").unlink()
    case_2023(brats / "BraTS-GLI-00000-000")
    for name in ("Clinic_a", "Clinic_b"):
        image(brats / name / "flair.nii.gz")
        label_map(brats / name / "seg.nii.gz", (1,))
    return brats


def test_a_mixed_and_broken_folder_gets_an_exact_report(mixed, tmp_path):
    answer = mstkd("data", "check", mixed, "--json")
    assert answer.returncode == 0, answer.stderr
    report = json.loads(answer.stdout)
    assert [(f["layout"], f["patients"]) for f in report["layouts"]] == [
        ("BraTS 2021", 3),
        ("BraTS 2023", 1),
        ("One folder per case", 2),
    ]
    assert (report["patients"], report["cases"], report["usable_cases"]) == (6, 6, 3)
    assert report["sequences"] == {"FLAIR": 6, "T1": 4, "T1Gd": 4, "T2": 4}
    assert report["combinations"] == {"FLAIR, T1, T1Gd, T2": 4, "FLAIR": 2}
    assert report["labels"] == [
        {"dataset": "BraTS2021", "cases": 2, "values": {"1": 2, "2": 2, "4": 2}, "convention": "brats2018-21"},
        {"dataset": "BraTS2023", "cases": 1, "values": {"1": 1, "2": 1, "3": 1}, "convention": "brats2023"},
        {"dataset": "Clinic", "cases": 2, "values": {"1": 2}, "convention": None},
    ]
    folder = mixed / "BraTS2021_00001"
    assert report["problems"] == [
        {"case": folder.name, "sentence": f"{folder} has no segmentation for it (a file named seg); add it."}
    ]
    assert (
        "(1 in 2 of 2); say it with --labels Clinic=NAME (just these values: whole-tumour: 1 tumour; "
        in report["questions"][0]
    )


def test_a_datalist_is_written_once_every_label_is_explained(mixed, tmp_path):
    output = tmp_path / "datalist.json"
    answer = mstkd("data", "check", mixed, "-o", output)
    assert answer.returncode == 2
    assert sentence(answer) == (
        "mstkd: the label convention of one data set is undecided, so nothing is written; say it with --labels as told."
    )
    assert not output.exists()
    answer = mstkd("data", "check", mixed, "-o", output, "--labels", "Clinic=whole-tumour", "--test", "0.4")
    assert answer.returncode == 0, answer.stderr
    assert "6 patients, 6 cases, 5 of them usable." in answer.stdout
    assert "Problems (1 case left out):" in answer.stdout
    assert f"Written to {output}, patients on each side: train 3" in " ".join(answer.stdout.split())
    cases = read_datalist(output)
    assert [(c.dataset, c.convention.name) for c in cases] == [
        ("BraTS2021", "brats2018-21"),
        ("BraTS2021", "brats2018-21"),
        ("BraTS2023", "brats2023"),
        ("Clinic", "whole-tumour"),
        ("Clinic", "whole-tumour"),
    ]
    assert [path for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_side_without_patients_is_said(brats, tmp_path):
    answer = mstkd("data", "check", brats, "-o", tmp_path / "datalist.json")
    assert answer.returncode == 0, answer.stderr
    assert "No patient fell to validation; raise the share if that side is needed." in answer.stdout


def test_nothing_usable_ends_with_code_2_also_for_machines(brats):
    for seg in brats.glob("*/*_seg.nii.gz"):
        seg.unlink()
    answer = mstkd("data", "check", brats, "--json")
    assert answer.returncode == 2
    report = json.loads(answer.stdout)
    assert len(report["problems"]) == 3
    assert report["error"] == (
        f"{brats} holds no usable case, for the problems told; correct them or give another folder."
    )


def test_an_output_that_cannot_be_written_is_refused_before_reading(brats):
    answer = mstkd("data", "check", brats, "-o", brats / "no" / "datalist.json")
    assert answer.returncode == 2
    assert sentence(answer) == (
        f"mstkd: {brats / 'no' / 'datalist.json'} cannot be written; give a file in a folder that exists."
    )
    assert answer.stdout == ""
