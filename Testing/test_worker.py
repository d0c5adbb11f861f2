"""The worker as a real child process."""

import os
import signal
from pathlib import Path

import numpy as np
import psutil
import pytest
import SimpleITK as sitk
from scipy import ndimage
from worker_process import WorkerProcess

from mstkd.batch import Outcome
from mstkd.modalities import Modality
from mstkd.models import load_once
from mstkd.pipeline import segment_patient
from mstkd.sources import Sources, named_file
from mstkd.store import shipped_model
from mstkd.worker.heartbeat import EVERY_S


@pytest.fixture(scope="module")
def volumes(tumour_box, tmp_path_factory):
    """T1Gd and FLAIR as the module writes them: NRRD."""
    folder = tmp_path_factory.mktemp("volumes")
    for name, file in (("flair", "flair"), ("t1gd", "t1c")):
        sitk.WriteImage(sitk.ReadImage(str(tumour_box / f"{file}.nii.gz")), str(folder / f"{name}.nrrd"))
    return {name: str(folder / f"{name}.nrrd") for name in ("flair", "t1gd")}


@pytest.fixture
def request_of(volumes, tmp_path):
    """A request that writes everything into ``tmp_path / "out"``."""
    (tmp_path / "out").mkdir()

    def make(**changes):
        return {
            "task": "segment",
            "volumes": volumes,
            "names": {"flair": "my flair"},
            "labels": str(tmp_path / "out" / "labels.nrrd"),
            "uncertainty": str(tmp_path / "out" / "uncertainty.nrrd"),
            "report": str(tmp_path / "out" / "report"),
            **changes,
        }

    return make


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def idle_worker(models):
    """A worker that is ready, for all tests that leave it so."""
    with WorkerProcess(MSTKD_MODELS=str(models)) as worker:
        worker.until("ready")
        yield worker


@pytest.fixture(scope="module")
def shipped():
    return load_once(shipped_model())


def kinds(events):
    return [event["event"] for event in events if event["event"] not in ("alive", "progress")]


def test_it_says_it_is_ready_then_segments_one_patient_after_the_other(request_of, volumes, tmp_path):
    with WorkerProcess() as worker:
        worker.ask(**request_of())
        events = worker.until("done", "error")
        assert kinds(events) == ["ready", "done"]
        ready = next(event for event in events if event["event"] == "ready")
        done = events[-1]
        assert ready["device"] in ("cpu", "cuda")
        assert ready["threads"] >= 1
        assert set(ready["versions"]) == {"torch", "monai", "mstkd"}
        shares = [event["share"] for event in events if event["event"] == "progress"]
        assert shares == sorted(shares)
        assert [entry["name"] for entry in done["segments"]] == ["WT", "TC", "ET"]
        assert [(entry["name"], entry["labels"]) for entry in done["tissues"]] == [
            ("NETC", [1]),
            ("SNFH", [2]),
            ("ET", [3]),
        ]
        assert done["summary"]["sequences"]["FLAIR"]["source"] == "my flair"
        assert (tmp_path / "out" / "report" / "report.html").is_file()

        worker.ask(
            **request_of(
                labels=str(tmp_path / "again.nrrd"), uncertainty=None, report=None, volumes={"t1gd": volumes["t1gd"]}
            )
        )
        assert kinds(worker.until("done", "error")) == ["done"], "ready is said once"
        assert (tmp_path / "again.nrrd").is_file()
        worker.hang_up()
        assert kinds(worker.until("nothing more")) == []
        assert worker.exit_code() == 0


def test_its_files_are_the_engines_maps_on_the_references_voxels(idle_worker, request_of, volumes, tmp_path, shipped):
    idle_worker.ask(**request_of(report=None))
    summary = idle_worker.until("done", "error")[-1]["summary"]
    sources = Sources({m: named_file(m, Path(volumes[m.value])) for m in (Modality.FLAIR, Modality.T1GD)})
    expected = segment_patient(sources, shipped).segmentation
    for name, values in (("labels", expected.tissues), ("uncertainty", expected.uncertainty)):
        image, reference = (sitk.ReadImage(str(p)) for p in (tmp_path / "out" / f"{name}.nrrd", volumes["t1gd"]))
        assert image.GetPixelID() == sitk.sitkUInt8
        assert image.GetDirection() == reference.GetDirection()
        assert image.GetOrigin() == reference.GetOrigin()
        np.testing.assert_array_equal(sitk.GetArrayFromImage(image).transpose(2, 1, 0), values)
    assert expected.uncertainty.max() <= 100
    brain = expected.patient.labels_to_reference(expected.patient.brain.astype(np.uint8)) > 0
    far = ndimage.distance_transform_edt(~brain, expected.patient.reference.spacing) > 5
    assert far.any()
    assert not expected.uncertainty[far].any(), "nothing outside the brain"
    voxel_ml = expected.patient.reference.voxel_ml
    assert summary["uncertain_ml"] == pytest.approx((expected.uncertainty >= 50).sum() * voxel_ml, abs=0.001)
    assert summary["measurements"]["WT"]["ml"] == pytest.approx((expected.tissues > 0).sum() * voxel_ml, abs=0.001)
    assert summary["measurements"]["WT"]["longest_mm"] > summary["measurements"]["WT"]["perpendicular_mm"] > 0


def test_cancelling_ends_it_at_once_with_nothing_written(request_of, tmp_path):
    with WorkerProcess() as worker:
        worker.ask(**request_of())
        worker.until("progress")
        worker.ask(**request_of(labels=str(tmp_path / "second.nrrd")))
        worker.ask(task="cancel")
        assert kinds(worker.until("cancelled")) == ["cancelled"]
        assert worker.exit_code() == 0
    assert sorted(path.name for path in tmp_path.rglob("*") if path.name != "out") == []


def test_cancelling_while_it_loads_or_waits_ends_it_too():
    with WorkerProcess() as worker:
        worker.ask(task="cancel")
        assert kinds(worker.until("cancelled")) == ["cancelled"]
        assert worker.exit_code() == 0
    with WorkerProcess() as worker:
        worker.until("ready")
        worker.ask(task="cancel")
        assert kinds(worker.until("cancelled")) == ["cancelled"]
        assert worker.exit_code() == 0


def test_it_ends_when_its_parent_goes_in_the_middle_of_a_run(request_of, tmp_path):
    with WorkerProcess() as worker:
        worker.ask(**request_of())
        worker.until("progress")
        worker.hang_up()
        assert kinds(worker.until("nothing more")) == []
        assert worker.exit_code() == 0
    assert list((tmp_path / "out").iterdir()) == []


HANGS = """
import json, subprocess, sys, time
from pathlib import Path
from mstkd.worker import inbox
from mstkd.worker.channels import open_events
inbox.GRACE_S = 0.3
events = open_events()
box = inbox.Inbox(Path(sys.argv[1]), int(sys.argv[2]), events)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
for request in box.requests():
    events.emit("hanging", child=child.pid)
    time.sleep(60)
"""


@pytest.mark.parametrize("cancelled", [False, True])
def test_one_that_hangs_ends_with_its_children_soon_after_its_parent(cancelled):
    with WorkerProcess(("-c", HANGS)) as worker:
        worker.ask()
        child = psutil.Process(worker.until("hanging")[-1]["child"])
        if cancelled:
            worker.ask(task="cancel")
        worker.hang_up()
        assert worker.exit_code() == 1
        assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_killing_it_leaves_no_process_of_its_group(request_of):
    with WorkerProcess() as worker:
        worker.ask(**request_of())
        worker.until("progress")
        worker.kill()
        assert worker.exit_code() == -signal.SIGKILL
        assert [p for p in psutil.pids() if p != worker.process.pid and group(p) == worker.process.pid] == []


def group(pid):
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None


def test_what_libraries_print_is_no_event(request_of, tmp_path):
    # Python runs this file as it starts, before the worker's first line.
    (tmp_path / "sitecustomize.py").write_text(
        "import os, sys, threading, time\n"
        "def chatter():\n"
        "    while True:\n"
        "        time.sleep(0.01)\n"
        "        if 'mstkd.pipeline' in sys.modules:\n"
        "            print('chatter'); os.write(1, b'more chatter')\n"
        "threading.Thread(target=chatter, daemon=True).start()\n"
    )
    with WorkerProcess(PYTHONPATH=str(tmp_path)) as worker:
        worker.ask(**request_of())
        assert kinds(worker.until("done", "error")) == ["ready", "done"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("no JSON", "does not understand"),
        ("[1, 2]", "does not understand"),
        ('{"task": "paint"}', "paint"),
        ('{"volumes": {}}', "task"),
        ('{"task": "segment", "labels": "a.nrrd", "volumes": {}}', "volumes"),
        ('{"task": "segment", "labels": "a.nrrd", "volumes": {"t1ce": "a.nrrd"}}', "t1ce"),
        ('{"task": "segment", "labels": "a.nrrd", "volumes": {"t1": "nowhere.nrrd"}}', "nowhere.nrrd does not exist"),
        ('{"task": "segment", "labels": "a.nrrd", "volumes": {"t1": "nowhere.nrrd"}, "colour": 1}', "colour"),
    ],
)
def test_a_request_it_cannot_serve_is_answered_in_a_sentence(idle_worker, line, said):
    idle_worker.send(line)
    answer = idle_worker.until("error", "done")[-1]
    assert answer["event"] == "error"
    assert said in answer["message"]
    assert answer["message"].count("\n") == 0


def test_a_failure_is_said_leaves_no_file_and_the_worker_goes_on(idle_worker, request_of, tmp_path):
    for output in ("labels", "uncertainty"):
        idle_worker.ask(**request_of(**{output: str(tmp_path / "no folder" / "map.nrrd")}))
        message = idle_worker.until("error", "done")[-1]["message"]
        assert message.startswith(f"{tmp_path / 'no folder'} cannot be written (")
        assert list((tmp_path / "out").iterdir()) == []
    idle_worker.ask(**request_of(report="no path \0"))
    assert "the engine failed" in idle_worker.until("error", "done")[-1]["message"], "what nobody foresaw"
    assert list((tmp_path / "out").iterdir()) == []
    idle_worker.ask(**request_of())
    assert kinds(idle_worker.until("error", "done")) == ["done"]


def test_it_is_alive_while_it_works_and_silent_when_stopped_or_idle(idle_worker, request_of):
    with WorkerProcess() as worker:
        while not any(event["event"] == "alive" for event in worker.until("alive", "done")):
            worker.ask(**request_of())
        worker.ask(**request_of())
        os.killpg(worker.process.pid, signal.SIGSTOP)
        assert worker.is_silent(2.5 * EVERY_S)
    idle_worker.is_silent(1.5 * EVERY_S)  # the last of its work may still be said
    assert idle_worker.is_silent(2.5 * EVERY_S)


def test_studies_of_a_batch_and_a_model_to_be_installed_are_its_work_too(
    idle_worker, models, tumour_box, small_package, tmp_path
):
    idle_worker.ask(task="study", folder=str(tumour_box), output=str(tmp_path / "results"), model=str(small_package))
    outcome = Outcome.from_plain(idle_worker.until("done", "error")[-1]["outcome"])
    assert (outcome.study, outcome.status) == (tumour_box.name, "done")
    assert (outcome.folder / "labels.nii.gz").is_file()
    assert list(outcome.summary["measurements"]) == ["WT", "TC", "ET"]

    idle_worker.ask(task="stage_model", source=str(small_package), sha256=None)
    answer = idle_worker.until("done", "error")[-1]
    assert answer["card"]["name"] == "small"
    assert Path(answer["staged"]).is_relative_to(models)
    assert (Path(answer["staged"]) / "weights.safetensors").is_file()

    idle_worker.ask(task="stage_model", source=str(tmp_path / "nowhere"), sha256=None)
    assert "nowhere" in idle_worker.until("done", "error")[-1]["message"]


def test_cancelling_a_study_leaves_no_result(tumour_box, tmp_path):
    with WorkerProcess() as worker:
        worker.ask(task="study", folder=str(tumour_box), output=str(tmp_path / "results"))
        worker.until("progress")
        worker.ask(task="cancel")
        assert kinds(worker.until("cancelled")) == ["cancelled"]
        assert worker.exit_code() == 0
    assert [path for path in (tmp_path / "results").rglob("*") if not path.name.startswith(".mstkd.lock")] == []
