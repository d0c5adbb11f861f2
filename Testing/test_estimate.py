"""The estimate of a training: what is measured, how it is scaled up, and what it says is too little."""

import json
import os

import psutil
import pytest
from small_run import write_config, write_patients
from test_cli import mstkd, sentence

from mstkd.data.datalist import read_datalist
from mstkd.errors import CancelledError, InputError
from mstkd.training.config import read_config
from mstkd.training.estimate import estimate, scaled_up
from mstkd.training.probe import Measured, Preparation
from mstkd.training.stopwatch import Stopwatch

PLENTY = (10**12, 10**12)


@pytest.fixture
def datalist(tmp_path):
    return write_patients(tmp_path / "patients")


@pytest.fixture
def config_file(tmp_path):
    return write_config(tmp_path / "config.yaml")


def measured(**changes):
    values = {
        "device": "cpu",
        "device_name": "a CPU",
        "preparation": Preparation(unprepared=0.5, seconds=20.0, found_seconds=2.0, case_bytes=50_000_000),
        "step_seconds": [3.0, 5.0],
        "pass_seconds": 7.0,
        "save_seconds": 1.0,
        "checkpoint_bytes": 100_000_000,
        "best_bytes": 10_000_000,
        "memory_gb": 4.0,
        "workers_gb": 1.0,
        "free_gb": 8.0,
    }
    return Measured(**{**values, **changes})


def test_what_was_measured_is_scaled_up_to_the_whole_training(datalist, config_file):
    config = read_config(config_file, ["validation.combinations=[flair,flair+t1gd]"])
    found = scaled_up(config, read_datalist(datalist), measured(), PLENTY)
    assert [(p.seconds_per_step, p.seconds_per_epoch) for p in found.phases] == [(3, 3), (5, 5)]
    assert found.steps_per_epoch == 1, "two training cases, two patches a step"
    assert found.validation_seconds == 7, "the only validation case has FLAIR alone"
    assert found.prepare_seconds == pytest.approx(1.5 * 20 + 1.5 * 2), "of three cases half are prepared"
    saves = 3 + 2 * 2  # every second of six steps, and before and after validations at 4 and 6
    assert found.hours * 3600 == pytest.approx(3 * 3 + 3 * 5 + 2 * 7 + 33 + saves)
    assert found.disk_gb == pytest.approx(2 * 0.11 + 1.5 * 0.05 + 0.01, abs=0.001)
    assert found.shortages == []


def test_too_little_memory_or_disk_is_said_in_a_sentence(datalist, config_file):
    cases, config = read_datalist(datalist), read_config(config_file)
    (memory,) = scaled_up(config, cases, measured(free_gb=4.5), PLENTY).shortages
    assert "4.0 GB of memory and its helpers 1.0 GB, but 4.5 GB are free; lower" in memory
    assert scaled_up(config, cases, measured(free_gb=4.5, device="cuda:0"), PLENTY).shortages == []
    (disk,) = scaled_up(config, cases, measured(), (10**8, 10**8)).shortages
    assert "The run and its prepared patients take 0.3 GB of disk, but 0.1 GB are free" in disk
    assert len(scaled_up(config, cases, measured(), (10**7, 10**8)).shortages) == 2, "two disks, each too small"


def test_the_probe_takes_its_measures_and_leaves_nothing_but_prepared_patients(tmp_path, datalist, config_file):
    texts: list[str] = []
    config = read_config(config_file, ["sampling.workers=1"])
    found = estimate(
        config,
        datalist,
        cache=tmp_path / "cache",
        runs=tmp_path / "runs",
        device="cpu",
        report=lambda share, text: texts.append(text),
    )
    assert [phase.patch for phase in found.phases] == [(16, 16, 16), (24, 16, 16)]
    assert all(phase.seconds_per_step > 0 for phase in found.phases)
    assert 0.2 < found.memory_gb < 4
    assert found.validation_seconds > 0
    assert list(dict.fromkeys(texts)) == [
        "Starting a trial",
        "Preparing a patient",
        "Trying steps of 16 x 16 x 16 mm",
        "Trying steps of 24 x 16 x 16 mm",
        "Trying a validation",
    ]
    assert list((tmp_path / "runs").iterdir()) == []
    assert len(list((tmp_path / "cache").iterdir())) == 2


def test_what_a_killed_trial_left_is_swept_after_a_day(tmp_path, datalist, config_file):
    runs = tmp_path / "runs"
    for name in (".estimate-old", ".estimate-new", "a run"):
        (runs / name).mkdir(parents=True)
        (runs / name / "checkpoint.pt").touch()
    for name in (".estimate-old", "a run"):
        os.utime(runs / name, (1e9, 1e9))

    def stop(share, text):
        raise CancelledError

    with pytest.raises(CancelledError):
        estimate(read_config(config_file), datalist, cache=tmp_path / "cache", runs=runs, device="cpu", report=stop)
    assert {folder.name for folder in runs.iterdir()} == {".estimate-new", "a run"}


def test_a_stopped_probe_leaves_no_process(tmp_path, datalist, config_file):
    def stop(share, text):
        if text.startswith("Trying"):
            raise CancelledError

    with pytest.raises(CancelledError):
        estimate(
            read_config(config_file),
            datalist,
            cache=tmp_path / "cache",
            runs=tmp_path / "runs",
            device="cpu",
            report=stop,
        )
    assert list((tmp_path / "runs").iterdir()) == []
    assert [
        p for p in psutil.Process().children(recursive=True) if "mstkd.training.probe" in " ".join(p.cmdline())
    ] == []


def test_a_patient_that_is_refused_is_named_by_the_estimate_too(tmp_path, datalist, config_file):
    (tmp_path / "patients" / "a_flair.nii.gz").write_bytes(b"no image")
    with pytest.raises(InputError, match=r"a_flair\.nii\.gz"):
        estimate(
            read_config(config_file),
            datalist,
            cache=tmp_path / "cache",
            runs=tmp_path / "runs",
            device="cpu",
            report=lambda share, text: None,
        )


def test_the_command_estimates_and_refuses(tmp_path, datalist, config_file):
    places = ["--cache", tmp_path / "cache", "--runs", tmp_path / "runs", "--device", "cpu"]
    short = ("--set", "phases=[{steps: 1, patch: [16, 16, 16], learning_rate: 1.0e-3}]")
    answer = mstkd("estimate", config_file, "--data", datalist, *places, "--json", *short)
    assert answer.returncode == 0, answer.stderr
    assert set(json.loads(answer.stdout)) >= {"hours", "phases", "memory_gb", "shortages"}
    answer = mstkd("estimate", config_file, "--data", tmp_path / "nowhere.json", *places)
    assert answer.returncode == 2
    assert "nowhere.json does not exist" in sentence(answer)


def test_bursts_of_samples_are_averaged_in_blocks(monkeypatch):
    """Four workers that deliver at once every 8 s: 2 s a step, although most steps wait for nothing."""
    times = iter([t for burst in range(20) for t in (8.0 * burst, *(8.0 * burst + 0.1 * i for i in (1, 2, 3)))])
    monkeypatch.setattr("mstkd.training.stopwatch.time.perf_counter", lambda: next(times))
    watch = Stopwatch(warm_up=1, block=4)
    steps = 0
    while not watch.enough():
        watch.listen({"event": "step"})
        steps += 1
    assert steps <= watch.most
    assert watch.seconds() == pytest.approx(2.0)


def test_slow_steps_are_not_measured_for_long(monkeypatch):
    times = iter(range(0, 10_000, 100))
    monkeypatch.setattr("mstkd.training.stopwatch.time.perf_counter", lambda: float(next(times)))
    watch = Stopwatch(warm_up=1, block=1)
    steps = 0
    while not watch.enough():
        watch.listen({"event": "step"})
        steps += 1
    assert steps == 3
    assert watch.seconds() == 100
