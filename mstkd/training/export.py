"""From a finished run to a model package."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mstkd.data.cache import content_key
from mstkd.data.datalist import Case, read_datalist
from mstkd.errors import InputError
from mstkd.models import Card, write_package
from mstkd.network import MSTKDNet
from mstkd.preprocessing.intensity import CLIP_PERCENTILES
from mstkd.training.checkpoint import load_best, load_checkpoint
from mstkd.training.config import read_config
from mstkd.training.journal import read_journal
from mstkd.training.run import DATALIST, config_of

CITATION = (
    "Zhu S, Chen Y, Chen W, et al. Bridging the Gap in Missing Modalities: Leveraging Knowledge Distillation and "
    "Style Matching for Brain Tumor Segmentation. MICCAI 2025."
)


def package_run(run: Path, folder: Path, description: Path) -> None:
    """Write the run's averaged weights and a card that says where they come from.

    Args:
        description: JSON with ``name``, ``version``, ``summary``, ``licence`` and
            ``dataset_licences`` (one per data set of the datalist).

    Raises:
        InputError: The run or the description is incomplete.
    """
    config = read_config(config_of(run))
    state = load_checkpoint(run)
    network = MSTKDNet(config.architecture)
    network.load_state_dict(load_best(run) or state["average"]["network"])
    cases = read_datalist(run / DATALIST)
    try:
        words = json.loads(description.read_text())
        card: Card = {
            "format": 1,
            "name": words["name"],
            "version": words["version"],
            "summary": words["summary"],
            "intended_use": "Research use only. Not for diagnosis or treatment.",
            "licence": words["licence"],
            "citation": CITATION,
            "preprocessing": {
                "channels": ["FLAIR", "T1", "T1Gd", "T2"],
                "spacing_mm": 1.0,
                "orientation": "RAS",
                "intensity": "percentile clip {} to {}, z-score inside the head".format(*CLIP_PERCENTILES),
            },
            "training": training_facts(run, cases, words["dataset_licences"], state["step"]),
            "accuracy": [],
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{description} lacks or misnames {error}; see docs/training.md.") from error
    write_package(folder, network, card)


def training_facts(run: Path, cases: Sequence[Case], licences: dict[str, str], step: int) -> dict[str, Any]:
    """The card's ``training`` part: data with content hashes, every configuration the run had, time.

    Device, revision and versions are those of the run's last start.
    """
    training = [case for case in cases if case.split == "train"]
    events = read_journal(run)
    steps = [event for event in events if event["event"] == "step"]
    starts = [event for event in events if event["event"] == "start"]
    return {
        "data": [
            {
                "dataset": dataset,
                "patients": {case.id: content_key(case) for case in training if case.dataset == dataset},
                "licence": licences[dataset],
            }
            for dataset in sorted({case.dataset for case in training})
        ],
        "held_out": [case.id for case in cases if case.split == "test"],
        "validation": [case.id for case in cases if case.split == "validation"],
        "configurations": [{"from_step": event["step"], **event["config"]} for event in starts],
        "steps": step,
        "hours": round(sum(event["seconds"] for event in steps) / 3600, 2),
        "device": starts[-1]["device"],
        "revision": starts[-1]["revision"],
        "versions": starts[-1]["versions"],
    }
