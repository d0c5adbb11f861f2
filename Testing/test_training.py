import json
import math

import matplotlib.image
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from conftest import save_nifti
from monai.losses import DiceLoss

from mstkd.data.cache import content_key, load_cached
from mstkd.data.datalist import read_datalist
from mstkd.data.dataset import SampleStream
from mstkd.errors import InputError
from mstkd.models import load_package
from mstkd.regions import Region
from mstkd.training import loop
from mstkd.training.checkpoint import load_checkpoint
from mstkd.training.config import read_config
from mstkd.training.curves import draw_curves
from mstkd.training.export import package_run
from mstkd.training.journal import Journal, read_journal
from mstkd.training.loss import cross_entropy, dice_loss, segmentation_loss
from mstkd.training.run import continue_run, start_run

ALL_KNOWN, WT_ONLY = torch.tensor([True, True, True]), torch.tensor([True, False, False])
CPU = torch.device("cpu")


@pytest.fixture
def logits():
    return torch.randn(1, 4, 8, 8, 8, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def labels():
    return torch.randint(0, 4, (1, 8, 8, 8), generator=torch.Generator().manual_seed(2))


def test_cross_entropy_with_all_regions_known_is_torchs(logits, labels):
    ours = cross_entropy(torch.log_softmax(logits, 1)[0], labels[0], ALL_KNOWN)
    torch.testing.assert_close(ours, F.cross_entropy(logits, labels))


def test_dice_with_all_regions_known_is_monais_on_the_summed_regions(logits, labels):
    p = torch.softmax(logits, 1)
    regions = torch.stack([p[:, 1:].sum(1), p[:, 1] + p[:, 3], p[:, 3]], 1)
    truth = torch.stack([labels > 0, (labels == 1) | (labels == 3), labels == 3], 1).float()
    theirs = DiceLoss(smooth_nr=100.0, smooth_dr=100.0)(regions, truth)
    torch.testing.assert_close(dice_loss(p[0], labels[0], ALL_KNOWN), theirs)


def test_a_whole_tumour_reference_says_nothing_about_core_and_enhancement(logits, labels):
    whole = torch.where(labels > 0, 2, 0)
    swapped = logits[:, [0, 3, 1, 2]]
    first = segmentation_loss(logits, whole, WT_ONLY[None])
    torch.testing.assert_close(segmentation_loss(swapped, whole, WT_ONLY[None]), first)
    assert not torch.allclose(segmentation_loss(swapped, whole, ALL_KNOWN[None]), first)


def test_an_invented_region_is_penalised_the_more_the_larger_it_is():
    empty = torch.zeros(8, 8, 8, dtype=torch.long)
    losses = []
    for count in (0, 40, 200):
        p = torch.zeros(4, 512)
        p[0] = 1
        p[:, :count] = torch.tensor([0.0, 0, 0, 1])[:, None]
        losses.append(dice_loss(p.view(4, 8, 8, 8), empty, ALL_KNOWN).item())
    assert losses[0] == pytest.approx(0)
    assert losses[0] < losses[1] < losses[2]


def test_a_batch_is_the_mean_of_its_cases(logits, labels):
    two = torch.cat([logits, logits.flip(2)]), torch.cat([labels, torch.where(labels > 0, 2, 0)])
    known = torch.stack([ALL_KNOWN, WT_ONLY])
    single = [segmentation_loss(two[0][i : i + 1], two[1][i : i + 1], known[i : i + 1]) for i in (0, 1)]
    torch.testing.assert_close(segmentation_loss(*two, known), torch.stack(single).mean())


@pytest.fixture
def datalist(tmp_path):
    """Two small training patients, one with a whole-tumour reference, and one for validation."""
    rng = np.random.default_rng(3)
    entries = []
    for name, sequences, convention, split in [
        ("a", ("flair", "t1gd"), "brats2018-21", "train"),
        ("b", ("flair", "t1"), "whole-tumour", "train"),
        ("c", ("flair",), "brats2018-21", "validation"),
    ]:
        brain = np.zeros((24, 24, 24), np.float32)
        brain[4:20, 4:20, 4:20] = 100
        tumour = np.zeros((24, 24, 24), np.uint8)
        tumour[8:14, 8:14, 8:14] = 1
        if convention == "brats2018-21":
            tumour[9:12, 9:12, 9:12] = 4
        files = {}
        for sequence in sequences:
            image = brain + 60 * tumour + rng.normal(0, 5, brain.shape) * (brain > 0)
            files[sequence] = save_nifti(tmp_path / f"{name}_{sequence}.nii.gz", image.astype(np.float32)).name
        label = save_nifti(tmp_path / f"{name}_seg.nii.gz", tumour).name
        entries.append(
            {"id": name, "dataset": name, "images": files, "label": label, "labels": convention, "split": split}
        )
    path = tmp_path / "datalist.json"
    path.write_text(json.dumps({"cases": entries}))
    return path


@pytest.fixture
def config_file(tmp_path, monkeypatch, small_architecture):
    monkeypatch.setitem(loop.PRESETS, "compact", small_architecture)
    path = tmp_path / "config.yaml"
    path.write_text(
        """
preset: compact
phases:
  - {steps: 3, patch: [16, 16, 16], learning_rate: 1.0e-3}
  - {steps: 3, patch: [24, 16, 16], learning_rate: 5.0e-4}
batch_size: 2
weight_decay: 0.0
warmup: 2
ema_decay: 0.5
dataset_weights: {}
validate_every: 4
workers: 0
seed: 1
"""
    )
    return path


def weights(run):
    return load_checkpoint(run)["averaged"]


def test_a_run_trains_validates_and_becomes_a_package(tmp_path, datalist, config_file):
    run = tmp_path / "run"
    start_run(config_file, datalist, run)
    assert continue_run(run, tmp_path / "cache", CPU)
    events = read_journal(run)
    steps = [e for e in events if e["event"] == "step"]
    assert [e["step"] for e in steps] == [1, 2, 3, 4, 5, 6]
    assert all(math.isfinite(e["loss"]) for e in steps)
    assert steps[-1]["learning_rate"] > 0, "the last step still learns"
    validations = [e for e in events if e["event"] == "validation"]
    assert [e["step"] for e in validations] == [4, 6]
    assert set(validations[0]["dice"]) == {f"{s} {r}" for s in ("all", "flair") for r in ("WT", "TC", "ET")}
    description = tmp_path / "card.json"
    description.write_text(
        json.dumps(
            {"name": "x", "version": "1", "summary": "s", "licence": "l", "dataset_licences": {"a": "l", "b": "l"}}
        )
    )
    package_run(run, tmp_path / "package", description)
    card = load_package(tmp_path / "package").card
    assert card["training"]["steps"] == 6
    assert [set(d["patients"]) for d in card["training"]["data"]] == [{"a"}, {"b"}]


def test_a_runs_curves_are_drawn_from_its_journal(tmp_path):
    with pytest.raises(InputError, match="no journal"):
        draw_curves(tmp_path, tmp_path / "curves.png")
    journal = Journal(tmp_path)
    for step in range(1, 40):
        journal.write("step", step=step, loss=1 / step, learning_rate=1e-3)
    journal.write("validation", step=39, dice={"all WT": 0.5})
    with journal.path.open("a") as file:
        file.write('{"event": "step", "st')
    draw_curves(tmp_path, tmp_path / "curves.png")
    drawn = matplotlib.image.imread(tmp_path / "curves.png")
    assert drawn[..., :3].std() > 0.01


def test_a_stopped_run_resumes_to_the_same_weights(tmp_path, datalist, config_file, monkeypatch):
    whole, halved = tmp_path / "whole", tmp_path / "halved"
    for run in (whole, halved):
        start_run(config_file, datalist, run)
    continue_run(whole, tmp_path / "cache", CPU)
    train = loop.Trainer.train
    monkeypatch.setattr(loop.Trainer, "train", lambda self, stop: train(self, stop=lambda: self.step >= 3))
    assert not continue_run(halved, tmp_path / "cache", CPU)
    assert load_checkpoint(halved)["step"] == 3
    monkeypatch.setattr(loop.Trainer, "train", train)
    assert continue_run(halved, tmp_path / "cache", CPU)
    for name, tensor in weights(whole).items():
        torch.testing.assert_close(weights(halved)[name], tensor)


def test_a_sample_depends_on_its_number_alone_and_hides_absent_sequences(tmp_path, datalist):
    cases = [load_cached(c, tmp_path / "cache") for c in read_datalist(datalist) if c.split == "train"]
    stream = SampleStream(cases, weights={}, patches=[(0, (16, 16, 16))], length=40, seed=5)
    known_by_dataset = set()
    for index in range(40):
        sample, again = stream[index], stream[index]
        for name, tensor in sample.items():
            torch.testing.assert_close(again[name], tensor)
        assert sample["mask"].any()
        assert not sample["image"][~sample["mask"]].any()
        known_by_dataset.add(tuple(sample["known"].tolist()))
    assert known_by_dataset == {(True, True, True), (True, False, False)}


def test_the_cache_follows_content_not_names(tmp_path, datalist):
    case = read_datalist(datalist)[0]
    before = content_key(case)
    image = next(iter(case.images.values()))
    image.touch()
    assert content_key(case) == before
    image.write_bytes(image.read_bytes() + b"x")
    assert content_key(case) != before


def test_a_cached_case_carries_its_labels_to_the_working_grid(tmp_path, datalist):
    cached = load_cached(read_datalist(datalist)[0], tmp_path / "cache")
    assert cached.images.shape[1:] == cached.labels.shape
    counts = np.bincount(cached.labels.ravel(), minlength=4)
    assert counts[3] == pytest.approx(3**3 * 8, rel=0.05), "2 mm voxels of ET at 1 mm"
    assert cached.case.convention.regions[0] is Region.WT


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("warmup: 2", "warm_up: 2", "did you mean 'warmup'"),
        ("seed: 1", "", "lacks the setting 'seed'"),
        ("preset: compact", "preset: huge", "preset must be one of"),
        ("[16, 16, 16]", "[16, 16, 20]", "multiples of 8"),
        ("{steps: 3", "{steps: many", "wrong kind"),
    ],
)
def test_a_wrong_configuration_is_refused(config_file, old, new, words):
    config_file.write_text(config_file.read_text().replace(old, new))
    with pytest.raises(InputError, match=words):
        read_config(config_file)


def test_a_folder_with_a_run_is_not_overwritten(tmp_path, datalist, config_file):
    start_run(config_file, datalist, tmp_path / "run")
    with pytest.raises(InputError, match="holds a run already"):
        start_run(config_file, datalist, tmp_path / "run")


@pytest.mark.parametrize(
    ("key", "value"), [("label", "nowhere.nii.gz"), ("labels", "brats1999"), ("split", "later"), ("id", "b")]
)
def test_a_wrong_datalist_is_refused(datalist, key, value):
    content = json.loads(datalist.read_text())
    content["cases"][0][key] = value
    datalist.write_text(json.dumps(content))
    with pytest.raises(InputError, match=str(datalist)):
        read_datalist(datalist)


def test_the_shipped_configuration_is_valid():
    from conftest import ROOT

    config = read_config(ROOT / "mstkd" / "training" / "presets" / "first_student.yaml")
    assert config.preset == "compact"
