"""Each public layout is recognised from folders with its real names."""

import json
from pathlib import Path

import numpy as np
import pytest
from data_sets import BRATS, bids, case, case_2023, decathlon, image, label_map

from mstkd.data.cache import content_key
from mstkd.data.check import check
from mstkd.data.datalist import read_datalist, write_datalist
from mstkd.data.layouts import find_cases
from mstkd.data.layouts.folder import sort_files
from mstkd.data.split import Fractions, divide
from mstkd.errors import InputError
from mstkd.modalities import CHANNELS, Modality

NONE_HELD_OUT = Fractions(0, 0)


def only(root):
    """The one layout of a folder, all of whose cases are complete and free of problems."""
    (finding,) = find_cases(root)
    for entry in finding.entries:
        assert tuple(entry.images) == CHANNELS
        assert entry.label is not None
        assert entry.problems == ()
    return finding


@pytest.mark.parametrize("suffix", [".nii.gz", ".nii"])
@pytest.mark.parametrize(
    ("names", "layout", "dataset"),
    [
        (("HGG/Brats18_CBICA_AAB_1", "LGG/Brats18_TCIA09_141_1"), "BraTS 2018", "BraTS2018"),
        (("HGG/BraTS19_CBICA_AAB_1", "LGG/BraTS19_2013_0_1"), "BraTS 2019", "BraTS2019"),
        (("BraTS20_Training_001", "BraTS20_Training_002"), "BraTS 2020", "BraTS2020"),
        (("BraTS2021_00000", "BraTS2021_00002"), "BraTS 2021", "BraTS2021"),
    ],
)
def test_brats_2018_to_2021(tmp_path, names, layout, dataset, suffix):
    for name in names:
        case(tmp_path / name, suffix=suffix)
    (tmp_path / "name_mapping.csv").write_text("Grade,BraTS_2020_subject_ID\nHGG,BraTS20_Training_001\n")
    finding = only(tmp_path)
    assert finding.layout == layout
    assert [entry.id for entry in finding.entries] == [name.split("/")[-1] for name in names]
    assert {(e.dataset, e.convention) for e in finding.entries} == {(dataset, "brats2018-21")}
    assert len(check(tmp_path).usable) == 2


def test_the_evidence_says_where_the_patients_lie(tmp_path):
    case(tmp_path / "HGG" / "Brats18_CBICA_AAB_1")
    case(tmp_path / "LGG" / "Brats18_TCIA09_141_1")
    assert only(tmp_path).evidence == "2 folders in HGG, LGG named like Brats18_CBICA_AAB_1"


def test_a_segmentation_that_brats_2020_misnames_is_found(tmp_path):
    folder = case(tmp_path / "BraTS20_Training_355", suffix=".nii")
    (folder / "BraTS20_Training_355_seg.nii").rename(folder / "W39_1998.09.19_Segm.nii")
    assert only(tmp_path).entries[0].label == folder / "W39_1998.09.19_Segm.nii"


def test_time_points_of_brats_2023_and_2024_share_their_patient(tmp_path):
    for name in ("BraTS-GLI-00005-000", "BraTS-GLI-00005-001", "BraTS-GLI-00006-000"):
        case_2023(tmp_path / name)
    case_2023(tmp_path / "BraTS-GLI-00005-100", labels=(1, 2, 3, 4))
    before, after = find_cases(tmp_path)
    assert (before.layout, after.layout) == ("BraTS 2023", "BraTS 2024 post-treatment")
    assert "time points from 100: after treatment" in after.evidence
    assert {e.convention for e in before.entries} == {"brats2023"}
    assert {e.convention for e in after.entries} == {"brats2024-post"}
    assert {e.patient for e in (*before.entries, *after.entries)} == {"BraTS-GLI-00005", "BraTS-GLI-00006"}
    cases = divide(check(tmp_path).cases, Fractions(0, 0.5), seed=0)
    assert len({c.split for c in cases if c.patient == "BraTS-GLI-00005"}) == 1
    assert {c.split for c in cases} == {"train", "test"}


def test_fets_keeps_its_institutions(tmp_path):
    for name in ("FeTS2022_00000", "FeTS2022_00002", "FeTS2022_00003"):
        case(tmp_path / name)
    (tmp_path / "partitioning_1.csv").write_text("Partition_ID,Subject_ID\n1,FeTS2022_00000\n7,FeTS2022_00002\n")
    (tmp_path / "partitioning_2.csv").write_text("Partition_ID,Subject_ID\n30,FeTS2022_00000\n31,FeTS2022_00002\n")
    finding = only(tmp_path)
    assert finding.layout == "FeTS 2022 / 2024"
    assert finding.evidence.endswith("and partitioning_1.csv divides them into institutions")
    assert [e.partition for e in finding.entries] == ["1", "7", None]
    assert finding.remarks == (
        f"{tmp_path / 'partitioning_1.csv'} names no institution for 1 case, FeTS2022_00003 first.",
    )
    (tmp_path / "partitioning_1.csv").unlink()
    assert [e.partition for e in only(tmp_path).entries] == ["30", "31", None]
    (tmp_path / "partitioning_2.csv").unlink()
    assert only(tmp_path).remarks == (
        "no partitioning_1.csv lies beside the FeTS cases; their institutions stay unknown.",
    )
    (tmp_path / "partitioning_1.csv").write_text("site,case\n1,FeTS2022_00000\n")
    with pytest.raises(InputError, match=r"partitioning_1\.csv lacks the columns Partition_ID and Subject_ID"):
        find_cases(tmp_path)


def test_the_decathlon_keeps_four_sequences_in_one_file(tmp_path):
    root = decathlon(tmp_path / "Task01_BrainTumour")
    finding = only(root)
    assert finding.layout == "Medical Segmentation Decathlon"
    assert finding.evidence == "dataset.json names the channels of each file (0 FLAIR, 1 T1, 2 T1Gd, 3 T2)"
    assert [e.id for e in finding.entries] == ["BRATS_001", "BRATS_002"]
    assert finding.remarks == (f"{root / 'imagesTs'} holds 1 image without reference; left aside.",)
    report = check(root)
    assert not any(c.problems for c in report.cases)
    write_datalist(tmp_path / "datalist.json", divide(report.cases, NONE_HELD_OUT, seed=0))
    entry = json.loads((tmp_path / "datalist.json").read_text())["cases"][0]
    assert entry["images"]["t1gd"] == {"file": str(root / "imagesTr" / "BRATS_001.nii.gz"), "channel": 2}
    read = read_datalist(tmp_path / "datalist.json")[0]
    assert read.convention.name == "decathlon"
    arrays = {m: read.read(m).array for m in CHANNELS}
    assert all(array.shape == (10, 11, 12) for array in arrays.values())
    assert not np.array_equal(arrays[Modality.T1], arrays[Modality.T1GD])


def test_the_cache_tells_the_channels_of_one_file_apart(tmp_path):
    keys = []
    for order in ({"0": "FLAIR", "1": "T1w"}, {"1": "FLAIR", "0": "T1w"}):
        root = decathlon(tmp_path, channels=order)
        keys.append(content_key(divide(check(root).cases, NONE_HELD_OUT, seed=0)[0]))
    assert keys[0] != keys[1]


def test_decathlon_labels_of_another_meaning_are_for_the_user_to_name(tmp_path):
    decathlon(tmp_path, meanings={"0": "background", "1": "necrosis", "2": "edema", "3": "enhancing tumour"})
    assert "neither its layout nor its name tells what the labels mean" in check(tmp_path).questions[0]
    assert len(check(tmp_path, ["brats2023"]).usable) == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "dataset.json is damaged"),
        ("[]", "dataset.json is damaged"),
        ('{"modality": {"0": "CT"}, "labels": {}, "training": []}', "dataset.json names no channel FLAIR, T1"),
    ],
)
def test_a_damaged_decathlon_is_refused(tmp_path, content, words):
    (decathlon(tmp_path) / "dataset.json").write_text(content)
    with pytest.raises(InputError, match=words):
        find_cases(tmp_path)


def test_bids_sessions_share_their_subject(tmp_path):
    bids(tmp_path, "sub-01", "ses-pre")
    bids(tmp_path, "sub-01", "ses-post", label="label-lesion_mask")
    bids(tmp_path, "sub-02", label="mask")
    image(tmp_path / "derivatives" / "manual" / "sub-02" / "anat" / "sub-02_desc-brain_mask.nii.gz")
    finding = only(tmp_path)
    assert finding.layout == "BIDS"
    assert finding.evidence == "2 subjects with an anat folder, in 2 sessions"
    assert {(e.id, e.patient, e.dataset) for e in finding.entries} == {
        ("sub-01_ses-pre", "sub-01", "Clinic"),
        ("sub-01_ses-post", "sub-01", "Clinic"),
        ("sub-02", "sub-02", "Clinic"),
    }
    report = check(tmp_path, ["Clinic=brats2023"])
    assert len(report.usable) == 3
    assert len({c.split for c in divide(report.cases, Fractions(0, 0.5), 0) if c.patient == "sub-01"}) == 1


def test_any_folder_per_case_with_telling_names_is_the_general_layout(tmp_path):
    for name in ("Clinic_a", "Clinic_b", "BraTS2015_x"):
        image(tmp_path / name / "flair.nii.gz")
        image(tmp_path / name / "t1c.nii.gz")
        label_map(tmp_path / name / "seg.nii.gz", (1, 2, 3, 4))
    (finding,) = find_cases(tmp_path)
    assert finding.layout == "One folder per case"
    assert finding.evidence == (
        "3 folders with images whose names tell FLAIR, T1Gd; data sets by folder name: BraTS2015 (1), Clinic (2)"
    )
    report = check(tmp_path)
    assert [(c.entry.id, c.convention) for c in report.cases] == [
        ("BraTS2015_x", "brats2015"),
        ("Clinic_a", None),
        ("Clinic_b", None),
    ]


def test_folders_in_several_places_may_be_one_patients(tmp_path):
    for place in ("first", "second"):
        image(tmp_path / place / f"scan_{place}" / "flair.nii.gz")
        label_map(tmp_path / place / f"scan_{place}" / "seg.nii.gz")
    (finding,) = find_cases(tmp_path)
    assert finding.remarks == (
        "each folder in first, second is taken as a patient of its own; where several belong to one patient, give a "
        "list (CSV) with a column patient.",
    )


def write_csv(path, *rows):
    path.write_text("\n".join(rows) + "\n")
    return path


def test_a_csv_list_names_everything(tmp_path):
    for name in "ab":
        image(tmp_path / f"{name}_f.nii.gz")
        image(tmp_path / f"{name}_g.nii.gz")
        label_map(tmp_path / f"{name}_s.nii.gz")
    table = write_csv(
        tmp_path / "mine.csv",
        "id,flair,t1ce,seg,labels,dataset,split,partition,patient",
        "a,a_f.nii.gz,a_g.nii.gz,a_s.nii.gz,fets,Mine,test,3,p",
        "b,b_f.nii.gz,,b_s.nii.gz,brats2018-21,,,,",
    )
    report = check(table)
    first, second = divide(report.cases, NONE_HELD_OUT, seed=0)
    assert (first.patient, first.partition, first.split, first.dataset) == ("p", "3", "test", "Mine")
    assert (first.convention.name, list(first.images)) == ("fets", [Modality.FLAIR, Modality.T1GD])
    assert (second.patient, second.partition, second.split, second.dataset) == ("b", None, "train", "mine")
    assert list(second.images) == [Modality.FLAIR]


def test_semicolons_separate_too(tmp_path):
    table = write_csv(tmp_path / "mine.csv", "id;flair;seg", "a;a,1.nii.gz;s.nii.gz")
    (entry,) = find_cases(table)[0].entries
    assert entry.images == {Modality.FLAIR: tmp_path / "a,1.nii.gz"}


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (("id,flair", "a,f"), "lacks the column 'seg'; see the columns in docs/data.md."),
        (("id,seg", "a,s"), "has no column flair, t1, t1gd or t2; see the columns in docs/data.md."),
        (("id,flair,seg,age", "a,f,s,9"), "has a column 'age' too many; see the columns in docs/data.md."),
        (("id,flair,seg", ",f,s"), ", line 2 has no id; give each case one."),
        (("id,flair,seg,split", "a,f,s,dev"), ", line 2: the split 'dev' is none of train, validation, test."),
        (("id,flair,seg,labels", "a,f,s,brats"), ", line 2: the labels 'brats' are none of brats2015, "),
    ],
)
def test_a_wrong_csv_list_is_refused(tmp_path, rows, sentence):
    table = write_csv(tmp_path / "mine.csv", *rows)
    with pytest.raises(InputError) as refusal:
        check(table)
    assert str(refusal.value).removeprefix(str(table)).lstrip().startswith(sentence.lstrip())


def test_a_patient_with_two_sides_in_a_list_is_left_out(tmp_path):
    for name in "ab":
        image(tmp_path / f"{name}.nii.gz")
        label_map(tmp_path / f"{name}_s.nii.gz")
    table = write_csv(
        tmp_path / "mine.csv",
        "id,flair,seg,labels,split,patient",
        "a,a.nii.gz,a_s.nii.gz,fets,test,p",
        "b,b.nii.gz,b_s.nii.gz,fets,train,p",
    )
    assert [c.problems for c in check(table).cases] == [
        [f"{table} puts the patient p into test and train; give one split."]
    ] * 2


def test_a_datalist_is_a_list_too_and_keeps_its_split(tmp_path):
    for number in range(4):
        case(tmp_path / f"FeTS2022_0000{number}")
    (tmp_path / "partitioning_2.csv").write_text("Partition_ID,Subject_ID\n5,FeTS2022_00001\n")
    cases = divide(check(tmp_path).cases, Fractions(0.25, 0.25), seed=1)
    write_datalist(tmp_path / "a.json", cases)
    again = divide(check(tmp_path / "a.json").cases, NONE_HELD_OUT, seed=2)
    assert again == cases == read_datalist(tmp_path / "a.json")
    assert [c.partition for c in again] == [None, "5", None, None]


def test_an_old_datalist_without_patient_and_institution_stays_valid(tmp_path):
    files = {m.value: image(tmp_path / f"a_{e}.nii").name for m, e in zip(CHANNELS, BRATS, strict=True)}
    label_map(tmp_path / "a_seg.nii")
    entry = {"id": "a", "dataset": "x", "images": files, "label": "a_seg.nii", "labels": "fets", "split": "train"}
    (tmp_path / "old.json").write_text(json.dumps({"cases": [entry]}))
    (old,) = read_datalist(tmp_path / "old.json")
    assert (old.patient, old.partition, old.channels) == ("a", None, {})
    assert old.read(Modality.T2).shape == (10, 11, 12)
    entry["images"]["t1ce"] = "a_t1ce.nii"
    (tmp_path / "old.json").write_text(json.dumps({"cases": [entry]}))
    with pytest.raises(InputError, match="t1ce"):
        read_datalist(tmp_path / "old.json")


@pytest.mark.parametrize("name", ["x_tumor_segmentation.nii.gz", "Segmentation.nii.gz", "x_seg.nii.gz"])
def test_a_segmentation_is_told_by_its_name(name):
    """The first as in UCSF-PDGM, the second as an export from Slicer may be called."""
    assert sort_files([Path("x_FLAIR.nii.gz"), Path(name), Path("x_brain_segmentation.nii.gz")]).label == Path(name)


@pytest.mark.parametrize("name", ["x_brain_mask.nii.gz", "x_brainmask.nii.gz", "x_probseg.nii.gz"])
def test_a_brain_mask_is_no_reference(name):
    assert sort_files([Path("x_flair.nii.gz"), Path(name)]).label is None
    assert sort_files([Path("x_flair.nii.gz"), Path("x_mask.nii.gz"), Path(name)]).label == Path("x_mask.nii.gz")
