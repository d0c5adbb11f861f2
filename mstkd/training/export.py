"""From a run to a model package."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Annotated, Any

import torch
from pydantic import Field, ValidationError
from torch import Tensor

from mstkd.data.cache import content_key
from mstkd.data.datalist import Case, read_datalist
from mstkd.data.synthesis import head_files
from mstkd.errors import InputError, why
from mstkd.files import file_sha256
from mstkd.modalities import Modality, ordered
from mstkd.models import Card, write_package
from mstkd.network import EnhancementWithout, MSTKDNet
from mstkd.preprocessing.intensity import CLIP_PERCENTILES
from mstkd.preprocessing.patient import BRAIN_MARGIN_MM
from mstkd.runs import read_journal, spent
from mstkd.runs.layout import DATALIST, HEADS
from mstkd.settings import Settings
from mstkd.store.card import CURVES
from mstkd.training.checkpoint import load_best, load_checkpoint
from mstkd.training.config import TrainingConfig, read_config
from mstkd.training.curves import curve_points, draw_curves
from mstkd.training.fine_tuning import base_of
from mstkd.training.origins import origins
from mstkd.training.run import config_of
from mstkd.training.student import network_weights

CITATION = (
    "Zhu S, Chen Y, Chen W, et al. Bridging the Gap in Missing Modalities: Leveraging Knowledge Distillation and "
    "Style Matching for Brain Tumor Segmentation. MICCAI 2025."
)


class Description(Settings):
    """What only a person can say about a model."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", description="As in the card's schema.")
    version: str = Field(
        pattern=r"^[A-Za-z0-9]([A-Za-z0-9.+_]{0,62}[A-Za-z0-9+_])?$", description="As in the card's schema."
    )
    summary: str = Field(min_length=1)
    licence: str = Field(min_length=1)
    dataset_licences: dict[str, str]
    not_for: list[Annotated[str, Field(min_length=1)]] = Field(
        default=[], description="Sentences: what it must not be used for."
    )


def read_description(path: Path) -> Description:
    """Read a description from JSON.

    Raises:
        InputError: Unreadable, or a field is missing, unknown or of a wrong kind.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = why(error) if isinstance(error, OSError) else error
        raise InputError(f"{path} is no description of a model ({reason}); see docs/training.md.") from error
    return parse_description(values, str(path))


def parse_description(values: Any, source: str) -> Description:
    """A description from plain values; raises InputError, which names the source, when a field is wrong."""
    try:
        return Description.model_validate(values)
    except ValidationError as error:
        what = error.errors()[0]
        reason = f"'{'.'.join(map(str, what['loc']))}': {what['msg']}"
        raise InputError(f"{source} is no description of a model ({reason}); see docs/training.md.") from error


def package_run(
    run: Path,
    folder: Path,
    description: Description,
    *,
    teacher: bool = False,
    base_share: float = 0.0,
    enhancement_without: Collection[Modality] = (),
    least_part_probability: float | None = None,
) -> Card:
    """Write the run's best student and a card that says where it comes from, with its curves; returns the card.

    The best is the one with the highest mean Dice on the validation cases, or the last
    where there are none.

    Args:
        teacher: The teacher that was trained beside the student instead.
        base_share: How much of the student's weights are those of the model that the run started from,
            ``share base + (1 - share) student``: often better than either (Wortsman et al., Robust
            fine-tuning of zero-shot models, CVPR 2022).
        enhancement_without: Sequences that `EnhancementWithout` leaves out, for want of training patients who
            have them and enhancement.
        least_part_probability: Mean probability that a part of the whole tumour must reach to stay in a result, at
            least 0.5 and under 1; None keeps all. Chosen on patients that are not test cases.

    Raises:
        InputError: The run has no checkpoint yet, or trained no teacher of its own; a licence is not
            named; the folder is not empty; the base is gone, there was none, or a share of it is wanted
            for a teacher; enhancement should be found without T1Gd; the least probability is out of range.
    """
    if teacher and base_share:
        raise InputError("--base-share is of the student; leave out --teacher.")
    if Modality.T1GD in enhancement_without:
        raise InputError("enhancement shows in T1Gd alone; leave out --et-without t1gd.")
    if least_part_probability is not None and not 0.5 <= least_part_probability < 1:
        raise InputError(f"--least-part-probability {least_part_probability:g} is not from 0.5 to under 1; change it.")
    config = read_config(config_of(run))
    state = load_checkpoint(run)
    cases = read_datalist(run / DATALIST)
    learnt = {case.dataset for case in cases if case.split == "train"}
    unnamed = sorted((learnt if config.drawn_heads is None else {*learnt, HEADS}) - set(description.dataset_licences))
    if unnamed:
        raise InputError(f"dataset_licences names no licence for {', '.join(unnamed)}; add it to the description.")
    if folder.exists() and any(folder.iterdir()):
        raise InputError(f"{folder} is not empty; choose a new folder for the package with -o.")
    without = [m.value for m in ordered(enhancement_without)]
    network = EnhancementWithout(config.architecture, without) if without else MSTKDNet(config.architecture)
    best = load_best(run) if state["best"] and not teacher else None
    weights = _teacher_weights(run, state) if teacher else best or state["average"]["network"]
    chosen = _with_base(weights, base_of(run, config), base_share) if base_share else weights
    network.load_state_dict(network.state_dict() | chosen)
    low, high = CLIP_PERCENTILES
    card: Card = {
        "format": 3,
        "name": f"{description.name}-teacher" if teacher else description.name,
        "version": description.version,
        "summary": description.summary,
        "intended_use": "Research use only. Not for diagnosis or treatment.",
        "licence": description.licence,
        "citation": CITATION,
        "preprocessing": {
            "channels": ["FLAIR", "T1", "T1Gd", "T2"],
            "spacing_mm": 1.0,
            "orientation": "RAS",
            "intensity": f"percentile clip {low} to {high}, strong bias fields corrected (N4), "
            f"z-score inside the brain, 0 beyond {BRAIN_MARGIN_MM:g} mm outside it",
        },
        "training": training_facts(run, config, cases, description.dataset_licences) | origins(run, config),
        "accuracy": [],
    }
    card["training"]["steps"] = state["step"]
    if base_share:
        card["training"]["base_share"] = base_share
    if least_part_probability is not None:
        card["least_part_probability"] = least_part_probability
    if description.not_for:
        card["not_for"] = description.not_for
    if best:
        card["training"]["chosen"] = state["best"]
    write_package(folder, network, card)
    draw_curves(run, folder / CURVES)
    return card


def training_facts(
    run: Path, config: TrainingConfig, cases: Sequence[Case], licences: dict[str, str]
) -> dict[str, Any]:
    """The card's ``training`` part: data with content hashes, every configuration the run had, time, curves.

    Device, revision and versions are those of the run's last start.
    """
    training = [case for case in cases if case.split == "train"]
    events = read_journal(run)
    starts = [event for event in events if event["event"] == "start"]
    return {
        "data": [
            {
                "dataset": dataset,
                "patients": {case.id: content_key(case) for case in training if case.dataset == dataset},
                "licence": licences[dataset],
            }
            for dataset in sorted({case.dataset for case in training})
        ]
        + heads_used(config, licences),
        "held_out": [case.id for case in cases if case.split == "test"],
        "validation": [case.id for case in cases if case.split == "validation"],
        "configurations": [{"from_step": event["step"], **_without_paths(event["config"])} for event in starts],
        "hours": round(spent(run)[1], 4),
        "device": ", ".join(starts[-1][name] for name in ("device", "precision") if name in starts[-1]),
        "revision": starts[-1]["revision"],
        "versions": starts[-1]["versions"],
        "curves": curve_points(events),
    }


def heads_used(config: TrainingConfig, licences: dict[str, str]) -> list[dict[str, Any]]:
    """The label maps of which synthetic patients were made, as one more data set; none when none were.

    Raises InputError when they are gone.
    """
    if config.drawn_heads is None:
        return []
    heads = {file.name: file_sha256(file) for file in head_files(config.drawn_heads)}
    return [{"dataset": HEADS, "patients": heads, "licence": licences[HEADS]}]


def _without_paths(config: dict[str, Any]) -> dict[str, Any]:
    """A card names models by their folders' names: where they lay is nobody else's concern."""
    teacher, start, heads = config["teacher"], config.get("start_from"), config.get("heads")
    if teacher and teacher["package"]:
        config = config | {"teacher": teacher | {"package": Path(teacher["package"]).name}}
    places = {"start_from": start, "heads": heads}
    return config | {name: Path(place).name for name, place in places.items() if place}


def _with_base(weights: dict[str, Tensor], base: dict[str, Tensor], share: float) -> dict[str, Tensor]:
    return {name: torch.lerp(weight, base[name], share) for name, weight in weights.items()}


def _teacher_weights(run: Path, state: dict[str, Any]) -> dict[str, Any]:
    trainee = state.get("teacher", {}).get("module")
    if not trainee:
        raise InputError(f"{run} trained no teacher beside its student; leave out --teacher.")
    return network_weights(trainee)
