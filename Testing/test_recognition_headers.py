"""Headers and sidecars: names, times and contrast agents as witnesses."""

import json
import subprocess
import sys

import pytest
from conftest import ROOT
from pydicom import Dataset
from pydicom.sequence import Sequence

from mstkd.errors import InputError
from mstkd.modalities import CHANNELS
from mstkd.recognition import AcquisitionParameters, recognise_file, recognise_folder, recognise_header

F, T1, GD, T2 = CHANNELS
FLAIR_TIMES = {"RepetitionTime": 9000, "EchoTime": 120, "InversionTime": 2500, "ScanningSequence": ["SE", "IR"]}
T1_TIMES = {"RepetitionTime": 500, "EchoTime": 9, "ScanningSequence": "SE"}


def header(description="", **fields):
    dataset = Dataset()
    dataset.Modality = "MR"
    dataset.SeriesDescription = description
    for keyword, value in fields.items():
        setattr(dataset, keyword, value)
    return dataset


def item(**fields):
    dataset = Dataset()
    for keyword, value in fields.items():
        setattr(dataset, keyword, value)
    return dataset


def test_witnesses_that_agree_are_both_named():
    answer = recognise_header(header("t2_tirm_tra_dark-fluid", **FLAIR_TIMES))
    assert answer.modality is F
    assert answer.because == ("its description says 'dark-fluid' and TR 9000, TE 120 and TI 2500 ms are a FLAIR's")


def test_witnesses_that_contradict_each_other_give_no_answer_but_both_readings():
    answer = recognise_header(header("Ax T1", **FLAIR_TIMES))
    assert answer.modality is None
    assert "'T1' (T1) but TR 9000, TE 120 and TI 2500 ms (FLAIR)" in answer.conflict
    assert set(answer.candidates) == {F, T1}


@pytest.mark.parametrize(
    ("description", "agent", "expected"),
    [
        ("t1_tse_tra", None, T1),
        ("t1_tse_tra", "", T1),
        ("t1_tse_tra", "NONE", T1),
        ("t1_tse_tra", "no", T1),
        ("t1_tse_tra", "Gadovist", GD),
        ("t1_tse_tra_KM", "", GD),
        ("t1_tse_tra_KM", "N/A", GD),
        ("t1_tse_tra_KM", None, GD),
        ("post", None, GD),
        ("tra", "Dotarem 10 ml", GD),
        ("t1_tse_tra_nativ", "", T1),
        ("t1_tse_tra_nativ", "Gadovist", None),
    ],
)
def test_contrast_is_told_by_the_name_or_the_agent_and_never_against_the_name(description, agent, expected):
    fields = {} if agent is None else {"ContrastBolusAgent": agent}
    answer = recognise_header(header(description, **T1_TIMES, **fields))
    assert answer.modality is expected
    if expected is None:
        assert "nativ" in answer.conflict
        assert "Gadovist" in answer.conflict
        assert answer.candidates == (T1, GD)


def test_an_exam_wide_protocol_name_does_not_speak_of_contrast():
    answer = recognise_header(header("Ax T1", ProtocolName="BRAIN WITH CONTRAST", **T1_TIMES))
    assert answer.modality is T1


def test_an_ambiguous_name_is_settled_by_the_times():
    long, short = ({"RepetitionTime": 4000, "EchoTime": te, "ScanningSequence": "SE"} for te in (95, 12))
    assert recognise_header(header("pd+t2_tse_tra")).conflict
    assert recognise_header(header("pd+t2_tse_tra", **long)).modality is T2
    assert "proton density" in recognise_header(header("pd+t2_tse_tra", **short)).other


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"ImageType": ["DERIVED", "PRIMARY", "DIFFUSION", "ADC"]}, "diffusion"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "P", "ND"]}, "phase"),
        ({"ImageType": ["DERIVED", "SECONDARY", "PROJECTION IMAGE"]}, "projection"),
        ({"DiffusionBValue": 1000.0}, "b-value"),
        ({"ScanningSequence": ["EP", "SE"]}, "echo-planar"),
        ({"Modality": "CT"}, "CT"),
    ],
)
def test_what_the_header_declares_goes_before_the_name(fields, word):
    answer = recognise_header(header("t2_tse_tra", **fields))
    assert answer.modality is None
    assert word in answer.other


def test_a_reformat_is_its_sequence_and_marked():
    plain = recognise_header(header("t1_mpr_sag", ImageType=["ORIGINAL", "PRIMARY", "M"]))
    by_type = recognise_header(header("t1_mpr_sag", ImageType=["DERIVED", "SECONDARY", "MPR"]))
    by_name = recognise_header(header("t1_mprage_sag_p2_iso_MPR_Tra"))
    assert [r.modality for r in (plain, by_type, by_name)] == [T1] * 3
    assert [r.reformat for r in (plain, by_type, by_name)] == [False, True, True]


def enhanced(per_frame):
    """A FLAIR's multi-frame header with its times in the shared or in the frames' groups."""
    groups = item(
        MREchoSequence=Sequence([item(EffectiveEchoTime=120.0)]),
        MRTimingAndRelatedParametersSequence=Sequence([item(RepetitionTime=9000.0, FlipAngle=90.0)]),
        MRModifierSequence=Sequence([item(InversionRecovery="YES", InversionTimes=[2500.0])]),
    )
    fields = {"PerFrameFunctionalGroupsSequence": Sequence([groups, groups])} if per_frame else {}
    fields["SharedFunctionalGroupsSequence"] = Sequence([item() if per_frame else groups])
    return header("tra", EchoPulseSequence="SPIN", EchoPlanarPulseSequence="NO", **fields)


@pytest.mark.parametrize("per_frame", [False, True])
def test_an_enhanced_header_keeps_its_times_in_functional_groups(per_frame):
    dataset = enhanced(per_frame)
    parameters = AcquisitionParameters.from_dicom(dataset)
    assert (parameters.repetition_ms, parameters.echo_ms, parameters.inversion_ms) == (9000, 120, 2500)
    assert recognise_header(dataset).modality is F


def test_an_enhanced_header_names_its_agent_in_a_sequence():
    agent = Sequence([item(CodeMeaning="Gadobutrol")])
    assert recognise_header(header("t1_tse", ContrastBolusAgentSequence=agent)).modality is GD


def sidecar(folder, stem, **fields):
    (folder / f"{stem}.nii.gz").write_bytes(b"")
    (folder / f"{stem}.json").write_text(json.dumps({"Modality": "MR", **fields}))
    return folder / f"{stem}.nii.gz"


def test_a_sidecar_tells_what_a_file_name_does_not(tmp_path):
    flair = sidecar(tmp_path, "a", RepetitionTime=9, EchoTime=0.12, InversionTime=2.5, ScanningSequence="SE_IR")
    gd = sidecar(tmp_path, "x_t1", SeriesDescription="t1_tse_tra", ContrastBolusIngredient="GADOLINIUM")
    assert recognise_folder(tmp_path) == {F: flair, GD: gd}
    assert "TI 2500 ms" in recognise_file(flair).because


@pytest.mark.parametrize("text", ["", "[1, 2]", "{broken", '{"EchoTime": "?", "ImageType": 3}'])
def test_a_sidecar_that_is_none_leaves_the_name(tmp_path, text):
    (tmp_path / "a_t2.nii.gz").write_bytes(b"")
    (tmp_path / "a_t2.json").write_text(text)
    assert recognise_file(tmp_path / "a_t2.nii.gz").modality is T2


def test_a_file_in_doubt_is_refused_with_both_readings_until_the_user_names_the_right_one(tmp_path):
    sidecar(tmp_path, "a_t2", RepetitionTime=9, EchoTime=0.12, InversionTime=2.5, ScanningSequence="SE_IR")
    sidecar(tmp_path, "b_t1")
    with pytest.raises(InputError, match=r"a_t2\.nii\.gz.*\(T2\) but .*\(FLAIR\).*--flair FILE"):
        recognise_folder(tmp_path)
    assert list(recognise_folder(tmp_path, settled=[F, T2])) == [T1]


def test_an_original_and_its_reformat_are_the_users_choice(tmp_path):
    sidecar(tmp_path, "t1_mprage_sag")
    sidecar(tmp_path, "t1_mprage_sag_MPR_Tra")
    with pytest.raises(InputError, match=r"two T1 files.*--t1 FILE"):
        recognise_folder(tmp_path)


def test_the_room_opens_with_the_standard_library_alone():
    code = "import sys, mstkd.recognition; print(*{'pydicom', 'numpy', 'scipy'} & set(sys.modules))"
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == ""
