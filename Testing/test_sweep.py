"""`mstkd evaluate` from a model package and a datalist to its report."""

import csv
import json

import nibabel as nib
import numpy as np
import pytest
from conftest import save_nifti
from typer.testing import CliRunner

from mstkd.cli.shared import app
from mstkd.errors import InputError
from mstkd.evaluation import measured
from mstkd.evaluation.scores import NAMES, Score, read_scores, write_scores
from mstkd.evaluation.summary import summarise
from mstkd.evaluation.sweep import evaluate_package
from mstkd.inference import segment
from mstkd.modalities import CHANNELS, describe
from mstkd.models import read_card
from mstkd.network import MSTKDNet
from mstkd.store.card import ALL

FILES = {"cases.csv", "cases_without_cleanup.csv", "calibration.csv", "uncertainty.csv", "summary.csv"} | {
    "reliability.csv",
    "reliability.png",
    "failures.png",
    "report.md",
    "report.html",
}
BRATS, WHOLE = "brats2018-21", "whole-tumour"


@pytest.fixture
def a_datalist(tmp_path):
    """Writes a datalist of small patients, each ``(id, sequences, convention, split)``."""

    def write(*cases, dataset="BraTS2024"):
        rng = np.random.default_rng(3)
        entries = []
        for name, sequences, convention, split in cases:
            brain = np.zeros((16, 16, 16), np.float32)
            brain[3:13, 3:13, 3:13] = 100
            tumour = np.zeros((16, 16, 16), np.uint8)
            tumour[5:10, 5:10, 5:10] = 1
            files = {}
            for sequence in sequences:
                image = (brain + rng.normal(0, 5, brain.shape) * (brain > 0)).astype(np.float32)
                files[sequence] = save_nifti(tmp_path / f"{name}_{sequence}.nii.gz", image).name
            label = save_nifti(tmp_path / f"{name}_seg.nii.gz", tumour).name
            entries.append(
                {"id": name, "dataset": dataset, "images": files, "label": label, "labels": convention, "split": split}
            )
        path = tmp_path / "datalist.json"
        path.write_text(json.dumps({"cases": entries}))
        return path

    return write


def run(model, datalist, output, **options):
    settings = {"split": "test", "combinations": "all", "card": False, "device": "cpu", "say": lambda text: None}
    return evaluate_package(model, datalist, output, **{**settings, **options})


FOUR = ("flair", "t1", "t1gd", "t2")
ONE_COMPLETE = ("a", FOUR, BRATS, "test")


def test_every_combination_is_measured_beside_the_papers_figures(a_datalist, small_package, tmp_path):
    datalist = a_datalist(ONE_COMPLETE, ("b", ("flair", "t2"), WHOLE, "test"), ("c", FOUR, BRATS, "train"))
    evaluation = run(small_package, datalist, tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES
    scores = read_scores(tmp_path / "out" / "cases.csv")
    assert evaluation.means == summarise(scores, {"a": "a", "b": "b"}), "the file holds just what was in memory"
    keys = [score.key for score in scores]
    assert len(keys) == len(set(keys))
    assert {key[1:] for key in keys if key[0] == "a"} == {(n, r) for n in (*NAMES, ALL) for r in ("WT", "TC", "ET")}
    expected = {"T2", "FLAIR", "FLAIR, T2", ALL}
    assert {key[1:] for key in keys if key[0] == "b"} == {(n, "WT") for n in expected}, "its core is unknown, not empty"
    for name in ("report.md", "report.html"):
        text = (tmp_path / "out" / name).read_text()
        assert "Research use only" in text
        assert "small 1" in text
        assert read_card(small_package)["weights"]["sha256"] in text
        assert "BraTS2024 (2)" in text
        assert "published means of MST-KDNet on BraTS 2024" in text
    rows = (tmp_path / "out" / "report.md").read_text().splitlines()
    wanted = next(row for row in rows if row.startswith("| FLAIR, T1Gd |")).split(" | ")
    assert [wanted[2], wanted[4], wanted[6].rstrip(" |")] == ["86.4", "72.0", "72.4"]
    averages = [row for row in rows if row.startswith("| average |")]
    assert "| 81.8 |" in averages[0]
    assert "| 6.6 |" in averages[1]
    assert "<td>86.4</td>" in (tmp_path / "out" / "report.html").read_text()


def test_probabilities_and_uncertainty_are_measured_with_the_same_run_of_the_network(
    a_datalist, small_package, tmp_path
):
    datalist = a_datalist(ONE_COMPLETE, ("b", ("flair", "t2"), WHOLE, "test"))
    evaluation = run(small_package, datalist, tmp_path / "out", combinations="single")
    with (tmp_path / "out" / "calibration.csv").open() as file:
        errors = {(row["case"], row["modalities"], row["region"]): float(row["ece"]) for row in csv.DictReader(file)}
    scores = {score.key for score in read_scores(tmp_path / "out" / "cases.csv")}
    assert set(errors) == scores, "an untrained network is sure of nothing, so every region has a calibration"
    assert all(0 < error < 100 for error in errors.values())
    mean = next(m for m in evaluation.calibration if (m.modalities, m.region) == (ALL, "WT"))
    assert mean.ece == pytest.approx((errors["a", ALL, "WT"] + errors["b", ALL, "WT"]) / 2, abs=1e-3)
    with (tmp_path / "out" / "uncertainty.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {(row["case"], row["modalities"]) for row in rows} == {key[:2] for key in scores}
    assert all(0 <= float(row["share"]) <= 100 and int(row["wrong"]) > 0 for row in rows)
    page = (tmp_path / "out" / "report.html").read_text()
    assert page.count("data:image/png;base64,") == 2
    assert "by chance it would hold 10 %" in page
    assert "(reliability.png)" in (tmp_path / "out" / "report.md").read_text()


def test_another_data_set_has_no_published_figures_and_says_so(a_datalist, small_package, tmp_path):
    run(small_package, a_datalist(ONE_COMPLETE, dataset="BraTS2021"), tmp_path / "out", combinations="single")
    text = (tmp_path / "out" / "report.md").read_text()
    assert "no published figures of MST-KDNet for BraTS2021." in text
    assert "| Given | WT | TC | ET |" in text
    assert "of 4 combinations" in text


def test_whole_tumour_references_leave_core_and_enhancement_blank(a_datalist, small_package, tmp_path):
    run(small_package, a_datalist(("a", ("flair",), WHOLE, "test"), dataset="LGG"), tmp_path / "out")
    rows = (tmp_path / "out" / "report.md").read_text().splitlines()
    heat = next(row for row in rows if row.startswith("| FLAIR |"))
    assert heat.endswith("| - | - |")
    assert not any(row.startswith(("| TC", "| ET")) for row in rows)


def test_the_network_runs_once_per_combination_and_clean_up_is_told_apart(
    a_datalist, small_package, tmp_path, monkeypatch
):
    given = []

    def counting(patient, *arguments, **options):
        given.append(patient.present)
        found = segment(patient, *arguments, **options)
        found.tissues[:], found.uncleaned[:] = 0, 0
        found.tissues[5:10, 5:10, 5:10] = found.uncleaned[5:10, 5:10, 5:10] = 1
        found.uncleaned[12, 12, 12] = 3
        return found

    monkeypatch.setattr(measured, "segment", counting)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "failures.png").write_text("of an earlier evaluation")
    run(small_package, a_datalist(ONE_COMPLETE), tmp_path / "out")
    assert len(given) == len(set(given)) == 15
    cleaned = read_scores(tmp_path / "out" / "cases.csv")
    uncleaned = read_scores(tmp_path / "out" / "cases_without_cleanup.csv")
    assert {(s.dice, s.hd95, s.missed, s.invented) for s in cleaned} == {(100, 0, False, False)}
    assert {(s.dice, s.invented) for s in uncleaned if s.region == "ET"} == {(0, True)}
    assert not (tmp_path / "out" / "failures.png").exists(), "without an error there is no failure"
    text = (tmp_path / "out" / "report.md").read_text()
    assert "| ET, with | 100.0 | 0.0 | 0 | 0 |" in text
    assert "| ET, without | 0.0 | 373.1 | 0 | 15 |" in text


def test_figures_stand_on_the_label_maps_own_grid(a_datalist, small_package, tmp_path, monkeypatch):
    """A reference with 1 x 1 x 4 mm voxels beside images of 2 mm: shape and spacing are the reference's."""
    datalist = a_datalist(("a", ("flair",), BRATS, "test"))
    label = np.zeros((32, 32, 8), np.uint8)
    label[10:20, 10:20, 2:5] = 1
    affine = np.array([[1.0, 0, 0, -0.5], [0, 1, 0, -0.5], [0, 0, 4, 1], [0, 0, 0, 1]])
    nib.save(nib.Nifti1Image(label, affine), tmp_path / "a_seg.nii.gz")
    seen = []

    def watching(case, names, found, truth, known, spacing):
        seen.append((found.shape, truth.shape, tuple(spacing)))
        return [Score(case, names, "WT", 1, 1, False, False)]

    monkeypatch.setattr(measured, "measure", watching)
    run(small_package, datalist, tmp_path / "out")
    assert set(seen) == {((32, 32, 8), (32, 32, 8), (1, 1, 4))}


def test_a_model_against_itself_differs_by_nothing(a_datalist, small_package, tmp_path):
    datalist = a_datalist(ONE_COMPLETE)
    run(small_package, datalist, tmp_path / "first", combinations="single")
    run(small_package, datalist, tmp_path / "second", against=tmp_path / "first", combinations="single")
    rows = [line.split(",") for line in (tmp_path / "second" / "against.csv").read_text().splitlines()]
    assert {cell for row in rows[1:] for cell in row[-6:]} == {"0.0"}
    for name in ("report.md", "report.html"):
        assert "Dice against first" in (tmp_path / "second" / name).read_text()
    run(small_package, datalist, tmp_path / "second", combinations="single")
    assert {path.name for path in (tmp_path / "second").iterdir()} == FILES, "no comparison is left from before"


def test_evaluations_of_other_cases_are_not_compared(a_datalist, small_package, tmp_path, monkeypatch):
    write_scores(tmp_path / "cases.csv", [Score("another", "T2", "WT", 1, 1, False, False)])
    monkeypatch.setattr(measured, "segment", lambda *a, **k: pytest.fail("the network ran in vain"))
    with pytest.raises(InputError, match="none of the cases"):
        run(small_package, a_datalist(ONE_COMPLETE), tmp_path / "out", against=tmp_path)
    with pytest.raises(InputError, match=r"no table of scores"):
        run(small_package, a_datalist(ONE_COMPLETE), tmp_path / "out", against=tmp_path / "nowhere")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("options", [{"split": "later"}, {"split": "validation"}, {"combinations": "some"}])
def test_wrong_options_are_refused_and_nothing_is_written(a_datalist, small_package, tmp_path, options):
    with pytest.raises(InputError):
        run(small_package, a_datalist(ONE_COMPLETE), tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_a_failure_half_way_leaves_an_earlier_evaluation_untouched(a_datalist, small_package, tmp_path, monkeypatch):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "cases.csv").write_text("earlier")
    monkeypatch.setattr(MSTKDNet, "forward", lambda *a: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run(small_package, a_datalist(ONE_COMPLETE), tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["cases.csv"]
    assert (tmp_path / "out" / "cases.csv").read_text() == "earlier"


def test_a_card_takes_the_means_of_unseen_test_cases_only(a_datalist, small_package, tmp_path):
    datalist = a_datalist(ONE_COMPLETE, ("b", ("t2",), BRATS, "train"))
    run(small_package, datalist, tmp_path / "out", card=True, combinations="single")
    accuracy = read_card(small_package)["accuracy"]
    assert len(accuracy) == 15
    assert all(0 <= entry["dice_interval"][0] <= entry["dice"] <= 1 for entry in accuracy)
    assert {"hd95_mm", "missed", "invented"} <= set(accuracy[0])
    card = read_card(small_package)
    keys = {(row["sequences"], row["region"]) for row in accuracy}
    assert {(row["sequences"], row["region"]) for row in card["calibration"]} == keys
    assert {row["sequences"] for row in card["uncertainty"]} == {sequences for sequences, _ in keys}
    assert all(0 <= row["errors_flagged"] <= 1 and row["cases"] == 1 for row in card["uncertainty"])
    assert [(row["case"], row["sequences"]) for row in card["failures"]] == [("a", describe(CHANNELS))]
    assert (small_package / "failures.png").read_bytes() == (tmp_path / "out" / "failures.png").read_bytes()
    with pytest.raises(InputError, match="never saw"):
        run(small_package, datalist, tmp_path / "out", card=True, split="train")


def test_the_command_measures_all_combinations_unless_told_otherwise(a_datalist, small_package, tmp_path):
    datalist = a_datalist(("a", ("flair", "t2"), BRATS, "test"))
    answer = CliRunner().invoke(app, ["evaluate", str(small_package), str(datalist), "-o", str(tmp_path / "out")])
    assert answer.exit_code == 0, answer.output
    assert {s.modalities for s in read_scores(tmp_path / "out" / "cases.csv")} == {"T2", "FLAIR", "FLAIR, T2", ALL}


def test_the_command_refuses_in_one_sentence_with_code_2(a_datalist, small_package, tmp_path):
    datalist = a_datalist(("a", ("flair",), BRATS, "train"))
    answer = CliRunner().invoke(app, ["evaluate", str(small_package), str(datalist), "-o", str(tmp_path / "out")])
    assert answer.exit_code == 2
    assert not (tmp_path / "out").exists()
