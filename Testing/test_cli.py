"""The command as a user runs it: bad input ends in one sentence, exit code 2 and no output."""

import json
import resource
import signal
import subprocess
import sys
import time
from importlib import metadata
from types import SimpleNamespace

import nibabel as nib
import numpy as np
import pytest
from conftest import NAMES, save_nifti
from typer.testing import CliRunner

from mstkd import demo
from mstkd.cli.shared import app
from mstkd.evaluation import region_dice
from mstkd.modalities import CHANNELS, COMBINATIONS, Modality
from mstkd.pipeline import segment_files
from mstkd.regions import CONVENTIONS, RESULT_CONVENTION, Region
from mstkd.results.doubts import doubts
from mstkd.sources import find_sources
from mstkd.wishes import Wishes

RESULTS = {"labels.nii.gz", "summary.json", "report.html", "picture.png"}


def mstkd(*arguments, **environment):
    """The command in this process, which need not load torch anew; `started` is one in a process of its own."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]
    try:
        answer = CliRunner().invoke(app, [*map(str, arguments)], env=environment, catch_exceptions=False)
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
    return SimpleNamespace(returncode=answer.exit_code, stdout=answer.stdout, stderr=answer.stderr)


def started(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "mstkd", *map(str, arguments)], capture_output=True, text=True, check=False, **options
    )


def names(folder):
    return {path.name for path in folder.iterdir()}


def sentence(answer):
    """The one sentence of a refusal: the last line, after what was said about the files."""
    lines = [line for line in answer.stderr.splitlines() if line.startswith("mstkd: ")]
    assert len(lines) == 1, answer.stderr
    assert "Traceback" not in answer.stderr
    return lines[0]


def good(path, seed=0, affine=None):
    rng = np.random.default_rng(seed)
    return save_nifti(path, rng.integers(1, 500, (30, 32, 34)).astype(np.int16), affine)


def broken_package(folder):
    folder.mkdir()
    (folder / "card.json").write_text("{}")
    return folder


FAR = np.array([[2.0, 0, 0, 500], [0, 2, 0, 0], [0, 0, 2, 0], [0, 0, 0, 1]])

BAD = {
    "no sequence": (lambda t: [], "no sequence was given"),
    "same file twice": (lambda t: ["--flair", good(t / "a.nii.gz"), "--t2", t / "a.nii.gz"], "give each file once"),
    "same image twice": (
        lambda t: ["--flair", good(t / "a.nii.gz"), "--t2", good(t / "b.nii.gz")],
        "same image",
    ),
    "4D": (lambda t: ["--t1", save_nifti(t / "a.nii.gz", np.ones((9, 9, 9, 2), np.int16))], "4-dimensional"),
    "single slice": (lambda t: ["--t1", save_nifti(t / "a.nii.gz", np.ones((99, 99, 2), np.int16))], "too few"),
    "constant": (lambda t: ["--t1", save_nifti(t / "a.nii.gz", np.ones((20, 20, 20), np.int16))], "is empty"),
    "NaN": (lambda t: ["--t1", save_nifti(t / "a.nii.gz", np.full((20, 20, 20), np.nan, np.float32))], "not numbers"),
    "text": (lambda t: ["--t1", (t / "a.nii.gz", (t / "a.nii.gz").write_text("no image"))[0]], "cannot be read"),
    "two patients": (
        lambda t: ["--flair", good(t / "a.nii.gz"), "--t1", good(t / "b.nii.gz", 1, FAR)],
        "does not overlap",
    ),
    "unknown device": (lambda t: ["--flair", good(t / "a.nii.gz"), "--device", "cuda:77"], "cuda:77"),
    "corrupt package": (
        lambda t: ["--flair", good(t / "a.nii.gz"), "--model", broken_package(t / "model")],
        "card.json",
    ),
    "reference not given": (lambda t: ["--flair", good(t / "a.nii.gz"), "--reference", "t2"], "not among the given"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_input_ends_in_one_sentence_with_code_2_and_no_output(tmp_path, kind):
    make, words = BAD[kind]
    answer = mstkd("segment", *make(tmp_path), "-o", tmp_path / "new" / "out")
    assert answer.returncode == 2, answer.stderr
    assert words in sentence(answer)
    assert not (tmp_path / "new").exists()


def test_an_unwritable_folder_is_refused_before_computing(tmp_path):
    blocker = good(tmp_path / "a.nii.gz")
    answer = started("segment", "--flair", blocker, "-o", blocker / "out")
    assert answer.returncode == 2
    assert "cannot be written" in sentence(answer)
    assert blocker.is_file()


def test_machines_get_the_refusal_as_json(tmp_path):
    answer = mstkd("segment", "-o", tmp_path / "out", "--json")
    assert answer.returncode == 2
    assert "no sequence was given" in json.loads(answer.stdout)["error"]


def test_a_result_that_takes_the_place_of_another_says_so(tumour_box, tmp_path):
    (tmp_path / "notes.txt").write_text("of somebody")
    said = []
    for sequence in ("flair", "t2"):
        answer = mstkd("segment", f"--{sequence}", tumour_box / f"{sequence}.nii.gz", "-o", tmp_path)
        said.append("in place of an earlier result" in " ".join(answer.stdout.split()))
    assert said == [False, True]


def test_a_full_disk_leaves_the_earlier_result_untouched(tumour_box, tmp_path):
    (tmp_path / "labels.nii.gz").write_text("earlier")

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (2048, 2048))

    answer = started("segment", "--flair", tumour_box / "flair.nii.gz", "-o", tmp_path, preexec_fn=limit)
    assert answer.returncode == 2, answer.stderr
    assert "cannot be written" in sentence(answer)
    assert (tmp_path / "labels.nii.gz").read_text() == "earlier"
    assert names(tmp_path) == {"labels.nii.gz"}


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_nothing(sample_files, tmp_path, signal_number):
    process = subprocess.Popen(
        [sys.executable, "-m", "mstkd", "segment", "--flair", sample_files[Modality.FLAIR], "-o", tmp_path / "out"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 300
    while not (tmp_path / "out").exists():  # the draft folder is made when the work begins
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal_number)
    _, said = process.communicate()
    assert process.returncode == 130, said
    assert "nothing was written" in said
    assert not (tmp_path / "out").exists()


def truth(folder):
    return CONVENTIONS["brats2018-21"].decode(np.asarray(nib.load(folder / "seg.nii.gz").dataobj))


def found(folder):
    return RESULT_CONVENTION.decode(np.asarray(nib.load(folder / "labels.nii.gz").dataobj))


def test_it_says_its_version():
    answer = mstkd("--version")
    assert answer.returncode == 0
    assert answer.stdout == f"mstkd {metadata.version('mstkd')}\n"


def test_a_folder_is_recognised_said_and_segmented(tumour_box, tmp_path):
    answer = started("segment", tumour_box, "-o", tmp_path / "out", "--json")
    assert answer.returncode == 0, answer.stderr
    for modality in CHANNELS:
        assert f"{modality.label}: {tumour_box / NAMES[modality]}.nii.gz" in answer.stderr
    assert "Missing: none" in answer.stderr
    assert names(tmp_path / "out") == RESULTS
    summary = json.loads(answer.stdout)
    assert summary == json.loads((tmp_path / "out" / "summary.json").read_text())
    assert "Research use only" in summary["notice"]
    labels, reference = nib.load(tmp_path / "out" / "labels.nii.gz"), nib.load(tumour_box / "t1c.nii.gz")
    assert labels.shape == reference.shape
    assert (labels.affine == reference.affine).all()
    assert labels.header["qform_code"] == reference.header["qform_code"]
    tissues = np.asarray(labels.dataobj)
    millilitres = np.prod(reference.header.get_zooms()) / 1000
    assert summary["measurements"]["WT"]["ml"] == pytest.approx((tissues > 0).sum() * millilitres, abs=0.01)
    assert summary["measurements"]["TC"]["ml"] == pytest.approx(np.isin(tissues, (1, 3)).sum() * millilitres, abs=0.01)
    assert region_dice(found(tmp_path / "out"), truth(tumour_box))[Region.WT] > 0.4, "the tumour is where it is"


def test_regions_that_were_measured_poor_are_said_and_good_ones_not():
    figures = [("all available", "WT", 0.8), ("all available", "TC", 0.1), ("FLAIR", "WT", 0.4)]
    card = {"accuracy": [{"sequences": s, "region": r, "dice": d, "cases": 3} for s, r, d in figures]}
    assert "TC 0.10 in 3 cases" in doubts(card, "FLAIR, T1Gd")[0]
    assert "WT" not in doubts(card, "FLAIR, T1Gd")[0]
    assert "Do not rely on WT and TC" in doubts(card, "FLAIR")[0]
    assert "WT 0.40 in 3 cases, TC 0.10 in 3 cases with all available" in doubts(card, "FLAIR")[0]
    assert doubts({"accuracy": []}, "FLAIR") == []
    card["accuracy"].append({"sequences": "FLAIR, T1, T1Gd", "region": "WT", "dice": 0.9, "cases": 8})
    card["accuracy"].append({"sequences": "T1, T1Gd", "region": "WT", "dice": 0.6, "cases": 8})
    assert (
        doubts(card, "T1, T1Gd")[1] == "Add FLAIR where there is one: with it the mean Dice of WT was 0.90 in 8 cases."
    )
    card["accuracy"][2]["missed"] = 2
    assert "WT 0.40 in 3 cases, 2 of them missed" in doubts(card, "FLAIR")[0]


def test_a_good_figure_of_few_cases_is_said_to_be_one():
    figures = [("WT", 0.8, 5), ("TC", 0.9, 6), ("ET", 0.75, 1)]
    card = {"accuracy": [{"sequences": "T2", "region": r, "dice": d, "cases": n} for r, d, n in figures]}
    (said,) = doubts(card, "T2")
    assert said == "Little is known of how good WT and ET will be (mean Dice: WT 0.80 in 5 cases, ET 0.75 in 1 case)."


def test_a_file_given_against_its_name_is_remarked_on(tmp_path):
    answer = mstkd("segment", "--t1", good(tmp_path / "a_flair.nii.gz"), "--device", "cuda:77", "-o", tmp_path / "out")
    assert "its name says 'flair', which is FLAIR" in " ".join(answer.stderr.split())


def test_the_demo_shows_the_warnings_of_both_runs(tumour_box, tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "SAMPLE", tumour_box)
    runs = {"all": [str(tumour_box)], "flair": ["--flair", str(tumour_box / "flair.nii.gz")]}
    monkeypatch.setattr(demo, "RUNS", runs)
    answer = mstkd("demo", "-o", tmp_path)
    assert answer.returncode == 0, answer.stderr
    shown = " ".join(answer.stdout.split())
    for run in runs:
        summary = json.loads((tmp_path / run / "summary.json").read_text())
        assert summary["warnings"]
        for warning in summary["warnings"]:
            assert f"Warning, given {', '.join(summary['sequences'])}: {warning}" in shown


def test_a_named_file_wins_over_the_folder(tumour_box, tmp_path):
    other = tmp_path / "other.nii.gz"
    other.write_bytes((tumour_box / "flair.nii.gz").read_bytes())
    (tmp_path / "patient").mkdir()
    (tmp_path / "patient" / "x_flair.nii.gz").write_bytes((tumour_box / "t2.nii.gz").read_bytes())
    answer = mstkd("segment", tmp_path / "patient", "--flair", other, "-o", tmp_path / "out")
    assert answer.returncode == 0, answer.stderr
    assert f"FLAIR: {other} (you said so)" in answer.stderr
    assert "Missing: T1, T1Gd, T2" in answer.stderr
    assert "WT" in answer.stdout


@pytest.mark.parametrize("present", COMBINATIONS, ids=lambda c: "+".join(m.value for m in c))
def test_every_subset_of_a_real_patient_is_segmented(tumour_box, tmp_path, present):
    files = {m: tumour_box / f"{NAMES[m]}.nii.gz" for m in present}
    summary = segment_files(find_sources(None, files), tmp_path / "out")
    assert summary["missing"] == [m.label for m in CHANNELS if m not in present]
    again = {Modality.T1GD, Modality.T2} <= set(present)
    assert summary["enhancement_without"] == ["T2"] * again, "the shipped model's second pass"
    assert ("A second pass, without T2" in (tmp_path / "out" / "report.html").read_text()) == again
    blind = any("enhancement cannot be seen" in warning for warning in summary["warnings"])
    assert blind == (Modality.T1GD not in present)
    assert names(tmp_path / "out") == RESULTS
    if Modality.FLAIR in present:  # without FLAIR the model often misses the tumour, as its card says
        assert region_dice(found(tmp_path / "out"), truth(tumour_box))[Region.WT] > 0.4, "the tumour is where it is"


def test_the_tumour_stays_in_its_place_when_a_file_stores_its_axes_differently(tumour_box, tmp_path):
    image = nib.load(tumour_box / "flair.nii.gz")
    turned = image.as_reoriented([[1, -1], [2, 1], [0, -1]])
    nib.save(turned, tmp_path / "turned.nii.gz")
    segment_files(find_sources(None, {Modality.FLAIR: tumour_box / "flair.nii.gz"}), tmp_path / "a")
    segment_files(find_sources(None, {Modality.FLAIR: tmp_path / "turned.nii.gz"}), tmp_path / "b")
    first = nib.as_closest_canonical(nib.load(tmp_path / "a" / "labels.nii.gz"))
    second = nib.as_closest_canonical(nib.load(tmp_path / "b" / "labels.nii.gz"))
    np.testing.assert_allclose(first.affine, second.affine, atol=1e-4)
    same = np.asarray(first.dataobj) == np.asarray(second.dataobj)
    assert same.mean() > 0.9999
    assert np.asarray(first.dataobj).any()


def test_the_reference_chooses_the_grid(tumour_box, tmp_path):
    flair = nib.load(tumour_box / "flair.nii.gz")
    thick = flair.slicer[:, :, ::4]
    nib.save(thick, tmp_path / "thick.nii.gz")
    files = {Modality.FLAIR: tmp_path / "thick.nii.gz", Modality.T1GD: tumour_box / "t1c.nii.gz"}
    for reference, expected in [(None, flair.shape), (Modality.FLAIR, thick.shape), (Modality.T1GD, flair.shape)]:
        segment_files(find_sources(None, files), tmp_path / "out", wishes=Wishes(reference=reference))
        assert nib.load(tmp_path / "out" / "labels.nii.gz").shape == expected
