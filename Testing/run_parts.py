"""Runs of seconds, for tests of what befalls them; fixtures: `from run_parts import train as train`."""

from __future__ import annotations

import pytest
import torch
from small_run import write_config, write_patients

from mstkd.runs import read_journal
from mstkd.training.config import read_config
from mstkd.training.devices import make_fabric
from mstkd.training.run import continue_run, start_run

PLAIN = {"teacher": None, "distillation": None}
"""Without a teacher, where it makes no difference: quicker."""


@pytest.fixture(scope="module")
def fabric():
    return make_fabric(torch.device("cpu"), "32-true")


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """Patients, prepared once for all tests that do not touch them."""
    folder = tmp_path_factory.mktemp("shared")
    write_patients(folder / "patients")
    return folder


@pytest.fixture
def data(shared):
    return shared / "patients"


@pytest.fixture
def own_data(tmp_path):
    """Patients that a test may break, with a cache of their own."""
    write_patients(tmp_path / "patients")
    return tmp_path / "patients"


@pytest.fixture
def train(tmp_path, fabric):
    """Train a run in a folder of that name, or go on with it; ``at`` does something when an event is told."""

    def _train(name, data, at=None, share_device=False, plain=True):
        run = tmp_path / name
        if not run.exists():
            config = write_config(tmp_path / f"{name}.yaml", **(PLAIN if plain else {}))
            start_run(read_config(config), data / "datalist.json", run)

        def listen(event):
            for (kind, step), act in (at or {}).items():
                if event["event"] == kind and event.get("step") == step:
                    act()

        return continue_run(
            run,
            read_config(run / "config.yaml"),
            cache=data.parent / "cache",
            fabric=fabric,
            listeners=(listen,),
            share_device=share_device,
        )

    return _train


def kinds(run):
    return [event["event"] for event in read_journal(run)]
