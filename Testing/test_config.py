from itertools import pairwise
from pathlib import Path

import pytest
from small_run import write_config

from mstkd.errors import InputError
from mstkd.training.config import PRESET_FOLDER, read_config
from mstkd.training.config import write_config as store
from mstkd.training.preset_files import find_config
from mstkd.training.schedule import learning_rate


@pytest.fixture
def config_file(tmp_path):
    return write_config(tmp_path / "config.yaml")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("warmup: 2", "warm_up: 2", "unknown setting 'optimizer.warm_up'; did you mean 'warmup'"),
        ("evd: 0.2", "evdd: 0.2", "unknown setting 'distillation.ms_tkd.evdd'; did you mean 'evd'"),
        ("heads: 2", "head: 2", "unknown setting 'network.Architecture.head'"),
        ("seed: 1", "", "lacks the setting 'seed'"),
        ("kind: joint", "kind: huge", "'teacher.kind' cannot be 'huge'"),
        ("kind: joint", "kind: frozen", "a frozen teacher needs a package"),
        ("- 24", "- 20", "multiple of 8"),
        ("steps: 3", "steps: many", "'phases.0.steps' cannot be 'many'"),
        ("ema_decay: 0.5", "ema_decay: 1.5", "less than 1"),
        ("- flair+t1gd", "- flair+t1ce", "t1ce"),
        ("hidden: 16", "hidden: 15", "not a multiple of heads"),
        ("teacher_gradients: false", "teacher_gradients: perhaps", "teacher_gradients"),
        ("seed: 1", "seed: [1", "no readable YAML"),
    ],
)
def test_a_wrong_configuration_is_refused_in_one_sentence(config_file, old, new, words):
    assert old in config_file.read_text()
    config_file.write_text(config_file.read_text().replace(old, new))
    with pytest.raises(InputError) as refusal:
        read_config(config_file)
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_missing_group_or_a_lone_teacher_is_refused(config_file):
    with pytest.raises(InputError, match="teacher and distillation go together"):
        read_config(config_file, ["distillation=null"])
    with pytest.raises(InputError, match="teacher_gradients needs a joint teacher"):
        read_config(config_file, ["teacher.kind=ema", "distillation.teacher_gradients=true"])
    with pytest.raises(InputError, match="at most 1 levels"):
        read_config(config_file, ["deep_supervision=[0.5, 0.25]"])


def test_a_setting_is_changed_from_the_command_line(config_file):
    config = read_config(config_file, ["sampling.batch_size=6", "phases.1.steps=9", "distillation.gsme=null"])
    assert config.sampling.batch_size == 6
    assert config.steps == 12
    assert config.distillation is not None
    assert config.distillation.gsme is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("sampling.batchsize=2", "did you mean 'batch_size'"),
        ("phases.7.steps=2", "does not fit"),
        ("seed.deep=2", "does not fit"),
        ("seed", "has no value"),
        ("seed=-1", "'seed' cannot be -1"),
        ("sampling.subset_weights={t1c: 2}", "'t1c' .a combination is written like flair.t1gd"),
        ("sampling.subset_weights={t1gd+flair: 2}", "in the order flair, t1, t1gd, t2"),
        ("sampling.subset_weights={t1: 0}", "cannot be 0"),
        ("sampling.dataset_weights={a: .inf}", "cannot be inf"),
    ],
)
def test_a_wrong_change_is_refused(config_file, change, words):
    with pytest.raises(InputError, match=words):
        read_config(config_file, [change])


def test_a_configuration_survives_being_written(config_file, tmp_path):
    config = read_config(config_file)
    store(tmp_path / "again.yaml", config)
    assert read_config(tmp_path / "again.yaml") == config


@pytest.mark.parametrize("name", [path.stem for path in PRESET_FOLDER.glob("*.yaml")])
def test_the_presets_are_valid_and_found_by_name(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert read_config(find_config(Path(name))).steps > 0


def test_the_paper_preset_is_the_papers():
    config = read_config(PRESET_FOLDER / "paper.yaml")
    assert config.network == "paper"
    assert config.phases[0].patch == (160, 192, 128)
    assert config.phases[0].steps == 250 * 1080
    assert (config.optimizer.name, config.optimizer.betas) == ("adam", (0.9, 0.99))
    assert config.phases[0].learning_rate == 1e-4
    assert config.distillation is not None
    assert config.distillation.logit is not None
    assert config.distillation.logit.tau == 7


@pytest.mark.parametrize("schedule", ["cosine", "polynomial"])
def test_the_learning_rate_rises_falls_and_never_ends_at_zero(config_file, schedule):
    config = read_config(config_file, [f"optimizer.schedule={schedule}", "phases.0.steps=50", "phases.1.steps=50"])
    rates = [learning_rate(step, config) for step in range(config.steps)]
    assert rates[0] == pytest.approx(1e-3 / 2, rel=0.01), "half-way through a warm-up of 2 steps"
    assert all(a >= b for a, b in pairwise(rates[1:]))
    assert rates[50] == pytest.approx(5e-4), "a phase begins with its own rate"
    assert rates[-1] > 0.01 * 5e-4


def test_the_polynomial_decay_is_the_published_one(config_file):
    config = read_config(
        config_file,
        [
            "optimizer.schedule=polynomial",
            "optimizer.warmup=0",
            "phases=[{steps: 100, patch: [8, 8, 8], learning_rate: 1.0}]",
        ],
    )
    for step in (0, 30, 99):
        assert learning_rate(step, config) == pytest.approx(0.01 + 0.99 * (1 - step / 100) ** 0.9)
