"""Many studies: one bad patient stops nobody, and nothing that is finished is done again."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from conftest import NAMES
from test_cli import mstkd

from mstkd.batch import Outcome, find_studies, ignored_files, run_study, write_table
from mstkd.batch.fingerprint import fingerprint
from mstkd.errors import CancelledError, InputError
from mstkd.modalities import Modality
from mstkd.preprocessing.brain import deep_bet
from mstkd.wishes import Wishes

CARD = {"weights": {"sha256": "0"}}

RESULTS = {"labels.nii.gz", "summary.json", "report.html", "picture.png", "batch.json"}


def study(folder, tumour_box, *modalities):
    """A patient's folder with some of the sequences."""
    folder.mkdir(parents=True)
    for modality in modalities:
        shutil.copy(tumour_box / f"{NAMES[modality]}.nii.gz", folder)
    return folder


@pytest.fixture
def patients(tumour_box, tmp_path):
    """Two good studies, two broken ones, and what else lies about."""
    folder = tmp_path / "patients"
    study(folder / "anna", tumour_box, Modality.FLAIR, Modality.T1GD)
    study(folder / "bert", tumour_box, Modality.FLAIR)
    study(folder / "=dora", tumour_box)
    (folder / "emil").mkdir()
    (folder / "emil" / "flair.nii.gz").write_text("no image")
    (folder / ".trash").mkdir()
    (folder / "list.txt").write_text("anna, bert")
    return folder


@pytest.fixture
def run(small_package, tmp_path):
    """Runs one study with a small model, its results in ``out``."""

    def run(folder, **options):
        return run_study(folder, tmp_path / "out", model=small_package, **options)

    return run


def written(folder):
    """When each file was last written: what was not done again keeps its time."""
    return {
        path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file() and path.name != ".mstkd.lock"
    }


def test_every_visible_sub_folder_is_a_study_but_for_the_results(patients):
    names = ["=dora", "anna", "bert", "emil"]
    assert [path.name for path in find_studies(patients)] == names
    (patients / "out").mkdir()
    assert [path.name for path in find_studies(patients, patients / "out")] == names
    assert "list.txt in" in ignored_files(patients)
    assert ignored_files(patients / "anna" / "..") == ignored_files(patients).replace(
        str(patients), str(patients / "anna" / "..")
    )


def test_a_folder_without_studies_is_refused(tmp_path):
    (tmp_path / "flair.nii.gz").touch()
    with pytest.raises(InputError, match="every direct sub-folder is taken as one study"):
        find_studies(tmp_path)
    with pytest.raises(InputError, match="is not a folder"):
        find_studies(tmp_path / "nowhere")


def test_results_cannot_be_written_into_a_study(patients):
    for output in (patients, patients / "anna" / "out"):
        with pytest.raises(InputError, match="would lie in that study"):
            find_studies(patients, output)
        assert run_study(patients / "anna", output).status == "failed"
    assert {path.name for path in (patients / "anna").iterdir()} == {"flair.nii.gz", "t1c.nii.gz"}


def test_a_study_is_done_once_and_then_found_by_its_content(patients, run, tmp_path):
    first = run(patients / "anna")
    assert (first.study, first.status, first.message) == ("anna", "done", "")
    assert first.folder == tmp_path / "out" / "anna"
    assert {path.name for path in first.folder.iterdir()} == RESULTS
    assert first.summary == json.loads((first.folder / "summary.json").read_text())
    before = written(tmp_path / "out")
    (patients / "anna" / ".DS_Store").write_text("of the Finder")
    again = run(patients / "anna")
    assert (again.status, again.folder, again.summary) == ("skipped", first.folder, first.summary)
    assert written(tmp_path / "out") == before


def test_a_renamed_study_is_not_done_again_and_survives_a_newcomer_under_its_old_name(patients, run, tmp_path):
    first = run(patients / "anna")
    (patients / "anna").rename(patients / "zoe")
    renamed = run(patients / "zoe")
    assert (renamed.status, renamed.summary) == ("skipped", first.summary | {"study": "zoe"})
    assert "done before as anna" in renamed.message
    page = (renamed.folder / "report.html").read_text()
    assert page.count(">zoe: FLAIR, T1Gd on") == 2, "headline and title"
    assert ">anna: " not in page
    (patients / "bert").rename(patients / "anna")
    newcomer = run(patients / "anna")
    assert newcomer.status == "done"
    assert newcomer.summary["missing"] == ["T1", "T1Gd", "T2"]
    assert run(patients / "zoe").summary == renamed.summary
    assert json.loads((renamed.folder / "summary.json").read_text()) == renamed.summary


def test_a_changed_study_is_done_again_and_replaces_its_result(patients, run, tumour_box):
    run(patients / "anna")
    shutil.copy(tumour_box / "t2.nii.gz", patients / "anna")
    changed = run(patients / "anna")
    assert changed.status == "done"
    assert changed.summary["missing"] == ["T1"]
    assert {path.name for path in changed.folder.iterdir()} == RESULTS
    (patients / "anna" / "t2.nii.gz").rename(patients / "anna" / "t1.nii.gz")
    assert run(patients / "anna").summary["missing"] == ["T2"], "names inside tell the sequences"


def test_files_behind_a_link_are_the_studys_too(patients, run, tumour_box, tmp_path):
    archive = study(tmp_path / "archive", tumour_box, Modality.FLAIR)
    for name in ("lena", "mark"):
        (patients / name).mkdir()
        (patients / name / "round").symlink_to(patients / name)
    (patients / "lena" / "anat").symlink_to(archive)
    (patients / "mark" / "anat").symlink_to(patients / "anna")
    assert run(patients / "lena").summary["missing"] == ["T1", "T1Gd", "T2"]
    assert run(patients / "mark").summary["missing"] == ["T1", "T2"]
    assert run(patients / "lena").status == "skipped"
    shutil.copy(tumour_box / "t2.nii.gz", archive)
    assert run(patients / "lena").summary["missing"] == ["T1", "T1Gd"]


def test_a_file_whose_name_begins_with_a_point_counts(patients):
    before = fingerprint(patients / "anna", CARD, Wishes())
    (patients / "anna" / "._flair.nii.gz").write_text("of the Finder")
    assert fingerprint(patients / "anna", CARD, Wishes()) == before
    (patients / "anna" / ".1.2.840.dcm").write_text("a slice")
    assert fingerprint(patients / "anna", CARD, Wishes()) != before


def test_the_brain_extractors_at_hand_count(patients, monkeypatch):
    found = set()
    for there, version in ((False, ""), (True, "1.0.2"), (True, "1.0.3")):
        monkeypatch.setattr(deep_bet, "is_available", lambda there=there: there)
        monkeypatch.setattr(deep_bet, "version", lambda version=version: version)
        found.add(fingerprint(patients / "anna", CARD, Wishes()))
    assert len(found) == 3


def test_the_models_weights_count_and_which_parts_it_leaves_out(patients):
    models = [CARD, {**CARD, "least_part_probability": 0.8}, {"weights": {"sha256": "1"}}]
    assert len({fingerprint(patients / "anna", model, Wishes()) for model in models}) == 3


def test_a_long_comparison_says_so_and_can_be_cancelled(patients, monkeypatch):
    def cancel():
        raise CancelledError

    monkeypatch.setattr("mstkd.batch.fingerprint._EVERY_S", 0)
    with pytest.raises(CancelledError):
        fingerprint(patients / "anna", CARD, Wishes(), cancel)


def test_two_sites_with_the_same_names_do_not_replace_each_others_results(patients, run, tumour_box, tmp_path):
    first = run(patients / "anna")
    other = study(tmp_path / "other site" / "anna", tumour_box, Modality.T2)
    refused = run(other)
    assert refused.status == "failed"
    assert f"holds the result of {patients / 'anna'}" in refused.message
    assert run(patients / "anna").summary == first.summary
    run(patients / "bert")
    study(tmp_path / "other site" / "bert", tumour_box, Modality.FLAIR)
    assert run(tmp_path / "other site" / "bert").status == "skipped", "the same content elsewhere is the same study"
    shutil.rmtree(patients / "anna")
    assert run(other).status == "done", "a study that was moved and changed"


def test_names_that_are_no_unicode_end_no_batch(patients, run, tumour_box, tmp_path):
    odd = study(patients / os.fsdecode(b"M\xfcller"), tumour_box, Modality.FLAIR)
    outcome = run(odd)
    assert outcome.status == "done"
    assert json.loads((outcome.folder / "summary.json").read_text()) == outcome.summary
    write_table(tmp_path / "results.csv", [outcome])
    assert table(tmp_path / "results.csv")[0]["study"] == "M\\udcfcller"


def test_other_wishes_or_another_model_are_other_results(patients, run, small_package):
    run(patients / "bert")
    assert run(patients / "bert", wishes=Wishes(device="cpu")).status == "skipped", "the device does not matter"
    assert run(patients / "bert", wishes=Wishes(registration=False)).status == "done"
    assert run(patients / "bert").status == "done"
    card = json.loads((small_package / "card.json").read_text())
    card["summary"] = "Other words, the same weights."
    (small_package / "card.json").write_text(json.dumps(card))
    assert run(patients / "bert").status == "skipped"
    assert run_study(patients / "bert", run(patients / "bert").folder.parent).status == "done", "the shipped model"


def lose_summary(folder):
    (folder / "summary.json").unlink()


def cut_summary(folder):
    (folder / "summary.json").write_text((folder / "summary.json").read_text()[:200])


def old_summary(folder):
    summary = json.loads((folder / "summary.json").read_text())
    (folder / "summary.json").write_text(json.dumps({**summary, "missing": []}))


def cut_labels(folder):
    (folder / "labels.nii.gz").write_bytes((folder / "labels.nii.gz").read_bytes()[:200])


def lose_labels(folder):
    (folder / "labels.nii.gz").unlink()


def cut_record(folder):
    (folder / "batch.json").write_text("{")


@pytest.mark.parametrize("damage", [lose_summary, cut_summary, old_summary, lose_labels, cut_labels, cut_record])
def test_a_result_that_is_not_whole_is_done_again(patients, run, damage):
    first = run(patients / "bert")
    damage(first.folder)
    again = run(patients / "bert")
    assert again.status == "done"
    assert again.summary["missing"] == ["T1", "T1Gd", "T2"]
    assert run(patients / "bert").status == "skipped"


def test_a_broken_study_fails_in_one_sentence_and_leaves_no_result(patients, run, tmp_path):
    for name, words in (("emil", "flair.nii.gz cannot be read"), ("=dora", "holds no file;")):
        outcome = run(patients / name)
        assert outcome.status == "failed"
        assert words in outcome.message
        assert outcome.folder is None
        assert not (tmp_path / "out" / name).exists()


def test_a_fault_of_the_program_fails_this_study_only_and_is_traced(patients, run, monkeypatch, capsys):
    monkeypatch.setattr("mstkd.pipeline.segment_patient", lambda *_, **__: 1 / 0)
    outcome = run(patients / "anna")
    assert outcome.status == "failed"
    assert "ZeroDivisionError" in outcome.message
    assert "\n" not in outcome.message
    assert "Traceback" in capsys.readouterr().err


def test_too_little_memory_is_said_with_its_remedy(patients, run, monkeypatch):
    def exhausted(*_, **__):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.")

    monkeypatch.setattr("mstkd.pipeline.segment_patient", exhausted)
    assert "too small for this head; close other programs" in run(patients / "anna").message


def test_a_cancelled_study_is_no_outcome_and_leaves_no_result(patients, run, tmp_path):
    def cancel(share, text):
        if share > 0.1:
            raise CancelledError

    with pytest.raises(CancelledError):
        run(patients / "anna", report=cancel)
    assert not (tmp_path / "out" / "anna").exists()
    assert run(patients / "anna").status == "done", "the output is free again"


def test_an_outcome_survives_json(patients, run):
    for outcome in (run(patients / "bert"), run(patients / "emil")):
        assert Outcome.from_plain(json.loads(json.dumps(outcome.plain()))) == outcome


def table(path):
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def summary(**changes):
    plain = {
        "sequences": {"FLAIR": {}, "T1Gd": {}},
        "missing": ["T1", "T2"],
        "measurements": {r: {"ml": 1.5, "longest_mm": 20.0, "perpendicular_mm": 10.5} for r in ("WT", "TC", "ET")},
        "warnings": ["One.", "Two,\nwith a line."],
        "model": {"name": "small 1"},
        "seconds": {"total": 3.25},
    }
    return {**plain, **changes}


def test_the_table_has_a_row_for_each_outcome_in_order_and_runs_nothing(tmp_path):
    outcomes = [
        Outcome("Müller, Ö", "done", "", tmp_path / "Müller, Ö", summary()),
        Outcome("=HYPERLINK(1)", "failed", "@it is broken."),
        Outcome("-2", "skipped", "done before.", tmp_path / "x", summary(warnings=[], measurements={})),
    ]
    write_table(tmp_path / "new" / "results.csv", outcomes)
    first, second, third = table(tmp_path / "new" / "results.csv")
    assert first["study"] == "Müller, Ö"
    assert first["sequences"] == "FLAIR, T1Gd"
    assert first["missing"] == "T1, T2"
    assert [float(first[f"WT_{what}"]) for what in ("ml", "longest_mm", "perpendicular_mm")] == [1.5, 20, 10.5]
    assert first["warnings"] == "One. Two, with a line."
    assert (first["model"], first["seconds"]) == ("small 1", "3.25")
    assert (second["study"], second["status"], second["message"]) == ("'=HYPERLINK(1)", "failed", "'@it is broken.")
    assert second["WT_ml"] == second["result"] == ""
    assert third["study"] == "'-2"
    assert (third["status"], third["message"]) == ("done", "done before.")
    assert third["ET_ml"] == ""


def test_a_run_that_is_stopped_early_leaves_the_rows_of_the_others(tmp_path):
    path = tmp_path / "results.csv"
    write_table(path, [Outcome(name, "failed", "first.") for name in ("=a", "b", "c")])
    write_table(path, [Outcome(name, "failed", "second.") for name in ("=a", "b")])
    assert [(row["study"], row["message"]) for row in table(path)] == [
        ("'=a", "second."),
        ("b", "second."),
        ("c", "first."),
    ]
    assert path.read_bytes().startswith(b"\xef\xbb\xbf"), "Excel reads UTF-8 only with this mark"


def test_a_table_that_cannot_be_written_is_said_and_the_earlier_one_stays(tmp_path):
    (tmp_path / "results.csv").mkdir()
    with pytest.raises(InputError, match=r"results\.csv cannot be written"):
        write_table(tmp_path / "results.csv", [])


def command(patients, output, *more):
    return ["batch", patients, "-o", output, "--device", "cpu", *more]


def batch(*arguments):
    return mstkd(*command(*arguments))


def started(*arguments):
    """A batch in a process of its own."""
    return subprocess.Popen([sys.executable, "-m", "mstkd", *command(*arguments)], stderr=subprocess.PIPE, text=True)


def test_the_command_does_all_it_can_says_what_failed_and_does_nothing_twice(patients, small_package, tmp_path):
    output = tmp_path / "out"
    first = batch(patients, output, "--model", small_package)
    assert first.returncode == 1, first.stderr
    assert "2 done, 2 failed" in first.stderr
    assert "anna: done from FLAIR, T1Gd" in first.stderr, "what each was segmented from"
    assert "Research use only" in first.stderr
    assert "list.txt" in first.stderr
    assert "Traceback" not in first.stderr
    rows = table(output / "results.csv")
    assert [row["study"] for row in rows] == ["'=dora", "anna", "bert", "emil"]
    assert [row["status"] for row in rows] == ["failed", "done", "done", "failed"]
    before = {name: written(output / name) for name in ("anna", "bert")}
    for name in ("=dora", "emil"):
        shutil.rmtree(patients / name)
    second = batch(patients, output, "--model", small_package)
    assert second.returncode == 0, second.stderr
    assert "2 done (2 of them before), 0 failed" in second.stderr
    assert {name: written(output / name) for name in before} == before


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_stopped_batch_goes_on_where_it_was(patients, small_package, tmp_path, number):
    output = tmp_path / "out"
    process = started(patients, output, "--model", small_package)
    deadline = time.monotonic() + 300
    while not list(output.glob("bert/.mstkd-*")):  # the draft of the second good study
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(number)
    said = process.communicate()[1]
    if number == signal.SIGINT:
        assert process.returncode == 130
        assert "Stopped: 1 done, 1 failed, 2 left" in said
    finished = written(output / "anna")
    assert {path.name for path in finished} == RESULTS
    resumed = batch(patients, output, "--model", small_package)
    assert "2 done (1 of them before), 2 failed" in resumed.stderr
    assert written(output / "anna") == finished
    assert {path.name for path in (output / "bert").iterdir()} == RESULTS, "the killed draft is gone"


def test_two_batches_into_one_folder_take_turns(patients, small_package, tmp_path):
    output = tmp_path / "out"
    both = [started(patients, output, "--model", small_package) for _ in range(2)]
    said = [process.communicate()[1] for process in both]
    assert all("2 failed" in text and "Traceback" not in text for text in said), said
    assert sum(text.count(": done from ") for text in said) == 2, "each study was done once"
    assert {path.name for path in (output / "bert").iterdir()} == RESULTS


def test_a_wrong_model_or_output_ends_before_the_first_study(patients, tmp_path):
    for more, words in ((("--model", "unknown"), "neither a model's folder"), (("-o", patients), "would lie in")):
        answer = batch(patients, tmp_path / "out", *more)
        assert answer.returncode == 2, answer.stderr
        assert words in answer.stderr
        assert not (tmp_path / "out").exists()
