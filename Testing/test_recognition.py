import pytest

from mstkd.errors import InputError
from mstkd.modalities import CHANNELS
from mstkd.recognition import recognise_folder, recognise_name

F, T1, GD, T2 = CHANNELS

NAMES = {
    # BraTS 2018 to 2021, 2023 and 2024
    "BraTS2021_00000_flair": F,
    "BraTS2021_00000_t1": T1,
    "BraTS2021_00000_t1ce": GD,
    "BraTS2021_00000_t2": T2,
    "Brats18_CBICA_AAM_1_t1ce": GD,
    "BraTS-GLI-00005-000-t1c": GD,
    "BraTS-GLI-00005-000-t1n": T1,
    "BraTS-GLI-00005-000-t2f": F,
    "BraTS-GLI-00005-000-t2w": T2,
    # FeTS
    "FeTS2022_00000_t1ce": GD,
    "FeTS2022_00000_flair": F,
    "patient_001_brain_t1gd": GD,
    "patient_001_brain_t1": T1,
    # BIDS
    "sub-01_ses-01_T1w": T1,
    "sub-01_ce-gadolinium_T1w": GD,
    "sub-01_ce-GD_acq-mprage_T1w": GD,
    "sub-01_T2w": T2,
    "sub-01_FLAIR": F,
    "sub-01_acq-3d_run-1_FLAIR": F,
    # UPENN-GBM, UCSF-PDGM, LUMIERE
    "UPENN-GBM-00001_11_T1GD": GD,
    "UPENN-GBM-00001_11_FLAIR": F,
    "UCSF-PDGM-0004_T1c": GD,
    "UCSF-PDGM-0004_T2": T2,
    "CT1": GD,
    "sub-01_space-T1w_T2w": T2,
    "sub-01_acq-T1_T2w": T2,
    "sub-01_ses-post_T1w": T1,
    "sub-01_ses-preop_ce-gadolinium_T1w": GD,
    # Clinical
    "Ax T1 pre contrast": T1,
    "T1_no_contrast": T1,
    "T1_non_contrast": T1,
    "T1 without contrast": T1,
    "pre contrast T1": T1,
    "T1 nativ": T1,
    "pat_post_op_T1": T1,
    "pat_preop_T1_gd": GD,
    "Ax T1 FLAIR": T1,
    "Ax T1 FLAIR +C": GD,
    "t2_tirm_tra_dark-fluid": F,
    "FLAIR_to_T1": F,
    "T1_to_FLAIR": T1,
    "T1 post contrast": GD,
    "Ax T1 +C": GD,
    "AX T1 POST": GD,
    "Ax T1 pre": T1,
    "SAG T1 MPRAGE": T1,
    "t1_mprage_sag_p2_iso_km": GD,
    "t1_tse_tra_KM": GD,
    "t1_tse_tra": T1,
    "t2_tse_tra": T2,
    "AX T2 FLAIR": F,
    "t2_flair_tra": F,
    "t2_spc_da-fl_sag_iso": F,
    "3D T2 SPACE DarkFluid": F,
    "Ax FLAIR post": F,
    "T1-weighted": T1,
    "T2-weighted": T2,
    "MPRAGE Gd": GD,
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_recognised(name):
    answer = recognise_name(name)
    assert answer.modality is NAMES[name]
    said = answer.because.removeprefix("its name says '").removesuffix("'")
    assert said.lower() in name.lower()


@pytest.mark.parametrize(
    "name",
    [
        "scan",
        "DWI_b1000",
        "ADC",
        "brain",
        "patient2",
        "t10",
        "set1",
        "SWI",
        "series_012",
        "Ax T2* GRE",
        "t2_star",
        "T1_map",
        "ep2d_dwi_t2",
    ],
)
def test_a_name_that_says_nothing_is_not_guessed(name):
    assert recognise_name(name).modality is None


def touch(folder, *names):
    for name in names:
        (folder / name).write_bytes(b"")
    return folder


def test_a_folder_yields_its_sequences_without_the_label_map(tmp_path):
    touch(tmp_path, "a_t2.nii.gz", "a_flair.nii.gz", "a_seg.nii.gz", "hdbet_mask_t1.nii.gz", "notes_t1.txt")
    assert recognise_folder(tmp_path) == {F: tmp_path / "a_flair.nii.gz", T2: tmp_path / "a_t2.nii.gz"}


def test_a_bids_subject_is_searched_in_its_anatomy(tmp_path):
    (tmp_path / "ses-01" / "anat").mkdir(parents=True)
    touch(tmp_path / "ses-01" / "anat", "sub-01_ses-01_FLAIR.nii.gz", "._sub-01_ses-01_FLAIR.nii.gz")
    assert list(recognise_folder(tmp_path)) == [F]
    (tmp_path / "ses-02" / "anat").mkdir(parents=True)
    with pytest.raises(InputError, match="several sessions"):
        recognise_folder(tmp_path)


def test_two_files_for_one_sequence_are_refused_unless_the_user_names_one(tmp_path):
    touch(tmp_path, "a_t1.nii.gz", "b_t1.nii.gz", "a_flair.nii.gz")
    with pytest.raises(InputError, match=r"a_t1\.nii\.gz and b_t1\.nii\.gz.*--t1 FILE"):
        recognise_folder(tmp_path)
    assert list(recognise_folder(tmp_path, settled=[T1])) == [F]


def test_a_folder_that_tells_nothing_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no image files"):
        recognise_folder(tmp_path / "empty")
    with pytest.raises(InputError, match=r"only what its name calls a segmentation \(P1_seg\.nii\.gz\)"):
        recognise_folder(touch(tmp_path, "P1_seg.nii.gz"))
    with pytest.raises(InputError, match=r"--flair .*scan\.nii\.gz"):
        recognise_folder(touch(tmp_path, "scan.nii.gz"))
    with pytest.raises(InputError, match="not a folder"):
        recognise_folder(tmp_path / "nowhere")
