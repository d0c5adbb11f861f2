"""What a step is given: samples by their number, batches by processes and workers that may die."""

import json
import multiprocessing
import os
import pickle
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from small_run import write_config, write_patients
from spherical_head import write_head

from mstkd.data.cache import load_cached
from mstkd.data.datalist import read_datalist
from mstkd.data.dataset import SamplePlan, SampleStream, Stage
from mstkd.data.synthesis import load_heads, tumour
from mstkd.errors import InputError
from mstkd.modalities import Modality
from mstkd.regions import Tissue
from mstkd.training.batches import batches
from mstkd.training.config import read_config
from mstkd.training.loop import sample_plan


def test_a_worker_that_is_killed_is_replaced_and_its_samples_are_drawn_again():
    class Stream(torch.utils.data.Dataset):
        def __init__(self, folder):
            self.killed = Path(folder) / "killed"

        def __len__(self):
            return 12

        def __getitem__(self, index):
            if index == 5 and not self.killed.exists():
                self.killed.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            return {"index": torch.tensor(index)}

    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        said: list[str] = []
        got = [
            batch["index"].tolist()
            for batch in batches(
                Stream(folder), first=1, last=6, size=2, rank=0, processes=1, workers=1, restarted=said.append
            )
        ]
    assert got == [[2, 3], [4, 5], [6, 7], [8, 9], [10, 11]]
    assert len(said) == 1
    assert "DataLoader worker" in said[0]


def test_a_worker_that_dies_during_a_step_disturbs_nothing_but_the_next_batch():
    class Numbers(torch.utils.data.Dataset):
        def __getitem__(self, index):
            return {"index": torch.tensor(index)}

        def __len__(self):
            return 20

    said: list[str] = []
    got = []
    for batch in batches(Numbers(), first=0, last=10, size=2, rank=0, processes=1, workers=1, restarted=said.append):
        got += batch["index"].tolist()
        if len(got) == 4:
            for child in multiprocessing.active_children():
                child.kill()
            end = time.monotonic() + 0.5
            while time.monotonic() < end:
                sum(range(1000))  # a step, in which a signal's handler would run
    assert got == list(range(20))
    assert len(said) == 1


def test_workers_that_keep_dying_end_in_a_sentence():
    class Deadly(torch.utils.data.Dataset):
        def __len__(self):
            return 4

        def __getitem__(self, index):
            os.kill(os.getpid(), signal.SIGKILL)

    said: list[str] = []
    with pytest.raises(InputError, match=r"keep dying.*sampling\.workers"):
        list(batches(Deadly(), first=0, last=2, size=2, rank=0, processes=1, workers=1, restarted=said.append))
    assert len(said) == 5


def test_a_bug_in_a_sample_is_not_taken_for_a_dead_worker():
    class Broken(torch.utils.data.Dataset):
        def __len__(self):
            return 4

        def __getitem__(self, index):
            raise RuntimeError("a bug")

    said: list[str] = []
    with pytest.raises(RuntimeError, match="a bug"):
        list(batches(Broken(), first=0, last=2, size=2, rank=0, processes=1, workers=1, restarted=said.append))
    assert said == []


def test_processes_share_a_batch_without_overlap():
    class Numbers(torch.utils.data.Dataset):
        def __getitem__(self, index):
            return {"index": torch.tensor(index)}

        def __len__(self):
            return 100

    shares = [
        [
            batch["index"].tolist()
            for batch in batches(
                Numbers(), first=3, last=5, size=4, rank=rank, processes=2, workers=0, restarted=lambda _: None
            )
        ]
        for rank in (0, 1)
    ]
    assert shares == [[[12, 13], [16, 17]], [[14, 15], [18, 19]]]


def plan(**changes):
    values = {"weights": {}, "stages": [(0, Stage((16, 16, 16)))], "augmentation": "strong", "bias_field": 0.15}
    values |= {"subset_weights": {}, "full_set_ramp": 0, "all_sequences": True, "length": 60, "seed": 5}
    return SamplePlan(**values | changes)


@pytest.fixture
def cases(tmp_path):
    return [
        load_cached(case, tmp_path / "cache")
        for case in read_datalist(write_patients(tmp_path / "patients"))
        if case.split == "train"
    ]


@pytest.mark.parametrize("augmentation", ["none", "paper", "strong"])
def test_a_sample_depends_on_its_number_alone_and_the_student_sees_a_part_of_the_teachers(cases, augmentation):
    stream = SampleStream(cases, plan(augmentation=augmentation))
    known_by_dataset, subsets = set(), set()
    for index in range(40):
        sample, again = stream[index], stream[index]
        for name, tensor in sample.items():
            torch.testing.assert_close(again[name], tensor)
        assert sample["mask"].any()
        assert not (sample["mask"] & ~sample["available"]).any()
        assert not sample["image"][~sample["available"]].any()
        assert sample["image"][sample["available"]].flatten(1).any(1).all()
        known_by_dataset.add(tuple(sample["known"].tolist()))
        subsets.add(tuple(sample["mask"].tolist()))
    assert known_by_dataset == {(True, True, True), (True, False, False)}
    assert len(subsets) == 5, "FLAIR, T1, T1Gd, and each of the two pairs"


def test_without_a_teacher_a_patients_sample_holds_what_the_student_sees_alone_and_is_otherwise_the_same(cases):
    stages = [(0, Stage((24, 24, 24), transplanted=0.3, repainted=0.7))]
    with_all, alone = (SampleStream(cases, plan(all_sequences=teacher, stages=stages)) for teacher in (True, False))
    fewer = 0
    for index in range(40):
        whole, part = with_all[index], alone[index]
        mask = whole["mask"]
        assert torch.equal(part["mask"], mask)
        for name in ("label", "available", "known"):
            assert torch.equal(part[name], whole[name])
        torch.testing.assert_close(part["image"][mask], whole["image"][mask])
        assert not part["image"][~mask].any()
        fewer += int(not torch.equal(mask, whole["available"]))
    assert fewer


def test_a_painted_core_enhances_only_where_the_student_sees_t1gd(cases):
    plain, painted = (
        SampleStream(cases, plan(augmentation="none", stages=[(0, Stage((24, 24, 24), repainted=share))], length=80))
        for share in (0.0, 1.0)
    )
    enhances = {True: 0, False: 0}
    for index in range(80):
        before, after = plain[index], painted[index]
        added = (after["label"] == Tissue.ET) & (before["label"] != Tissue.ET)
        enhances[bool(after["mask"][Modality.T1GD.channel])] += int(added.any())
    assert enhances[True] > 0
    assert enhances[False] == 0


def test_patients_without_a_sequence_in_common_exchange_no_tumours(tmp_path):
    datalist = write_patients(tmp_path / "patients")
    listed = json.loads(datalist.read_text())
    train = [entry for entry in listed["cases"] if entry["split"] == "train"]
    for entry, sequence in zip(train, ("flair", "t1"), strict=True):
        entry["images"] = {sequence: next(iter(entry["images"].values()))}
    datalist.write_text(json.dumps({"cases": train}))
    cases = [load_cached(case, tmp_path / "cache") for case in read_datalist(datalist)]
    stream = SampleStream(cases, plan(stages=[(0, Stage((16, 16, 16), transplanted=1.0))]))
    assert {tuple(stream[index]["available"].tolist()) for index in range(20)} == {
        (True, False, False, False),
        (False, True, False, False),
    }


def test_a_stream_that_is_handed_to_another_process_draws_the_same(cases):
    stream = SampleStream(cases, plan(stages=[(0, Stage((16, 16, 16), transplanted=0.5))]))
    before = [stream[index] for index in range(6)]
    there = pickle.loads(pickle.dumps(stream))
    for index, sample in enumerate(before):
        torch.testing.assert_close(there[index], sample)


def test_synthetic_patients_come_in_their_share_with_all_sequences_and_regions(cases, tmp_path):
    write_head(tmp_path)
    heads = load_heads(tmp_path, tmp_path / "cache")
    stream = SampleStream(
        cases, plan(stages=[(0, Stage((16, 16, 16), synthetic=0.5)), (30, Stage((16, 16, 16)))]), heads
    )
    complete = [bool(stream[index]["available"].all()) for index in range(60)]
    assert 5 < sum(complete[:30]) < 25
    assert not any(complete[30:]), "the patients themselves lack T2"
    sample = next(stream[index] for index in range(30) if complete[index])
    assert sample["known"].all()
    assert sample["image"].flatten(1).any(1).all()


def test_some_synthetic_patients_have_no_tumour_where_that_is_asked_for(cases, tmp_path):
    write_head(tmp_path)
    heads = load_heads(tmp_path, tmp_path / "cache")
    healthy = {}
    for share in (0.0, 0.5, 1.0):
        stages = [(0, Stage((48, 48, 48), synthetic=1.0, tumour_free=share))]
        stream = SampleStream(cases, plan(stages=stages), heads)
        healthy[share] = sum(not stream[index]["label"].any() for index in range(20))
    # A patch may end before the tumour begins.
    assert healthy[0.0] < 0.2 * 20
    assert 0.3 * 20 < healthy[0.5] < 0.8 * 20
    assert healthy[1.0] == 20


def test_synthetic_tumours_take_the_shapes_of_patients_whose_regions_are_all_known(cases, tmp_path, monkeypatch):
    write_head(tmp_path)
    monkeypatch.setattr(tumour, "REAL_SHAPES", 1.0)
    heads = load_heads(tmp_path, tmp_path / "cache")
    everyone = [(0, Stage((48, 48, 48), synthetic=1.0))]
    for weights, real in (({"b": 1e-12}, True), ({"a": 1e-12}, False)):
        stream = SampleStream(cases, plan(stages=everyone, weights=weights), heads)
        oedema = [bool((stream[index]["label"] == Tissue.SNFH).any()) for index in range(8)]
        # Patient a has a tumour without oedema; of b the whole tumour alone is known, so its shape is not taken.
        assert any(oedema) is not real


def test_the_schedule_begins_with_all_sequences_and_comes_to_random_subsets(cases):
    stream = SampleStream(cases, plan(full_set_ramp=30))
    full = [bool((s["mask"] == s["available"]).all()) for s in (stream[i] for i in range(60))]
    assert all(full[:3])
    assert np.mean(full[:15]) > np.mean(full[30:]) + 0.2


def test_a_run_shows_its_student_the_combinations_that_its_configuration_weighs(cases, tmp_path):
    config = read_config(write_config(tmp_path / "config.yaml"), ["sampling.subset_weights={t1gd: 1000.0}"])
    stream = SampleStream(cases, sample_plan(config))
    masks = [tuple(sample["mask"].tolist()) for sample in (stream[i] for i in range(8, 12)) if sample["available"][2]]
    assert masks
    assert set(masks) == {(False, False, True, False)}


def test_a_teachers_run_draws_all_sequences_and_one_without_what_the_student_sees(tmp_path):
    path = write_config(tmp_path / "config.yaml")
    assert sample_plan(read_config(path)).all_sequences
    assert not sample_plan(read_config(path, ["teacher=null", "distillation=null"])).all_sequences
