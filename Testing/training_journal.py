"""The journal of a training that never was, for tests, benchmarks and pictures of its curves."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from mstkd.modalities import COMBINATIONS

SUBSETS = ["+".join(modality.label for modality in subset) for subset in COMBINATIONS]
FIRST_LOSSES = {
    "loss": 1.9,
    "dice": 0.9,
    "teacher_dice": 0.7,
    "evd": 0.4,
    "mst": 0.3,
    "logit_mse": 0.12,
    "logit_kl": 0.05,
    "style": 0.2,
    "adversarial": 0.7,
    "discriminator": 0.65,
}
REGION_SHARE = {"WT": 1.0, "TC": 0.93, "ET": 0.86}


def start(step: int, steps: int) -> dict:
    return {"event": "start", "time": 0.0, "step": step, "steps": steps, "config": {}, "device": "cpu"}


def training_step(step: int, steps: int, rng: np.random.Generator) -> dict:
    """Losses that fall, with noise."""
    share = 0.15 + 0.85 * np.exp(-4 * step / steps)
    noise = rng.lognormal(0, 0.15, len(FIRST_LOSSES))
    losses = {name: round(first * share * n, 6) for (name, first), n in zip(FIRST_LOSSES.items(), noise, strict=True)}
    rest = {"learning_rate": 1e-4, "gradient_norm": 1.0, "images": 2, "seconds": 1.2, "waited": 0.1, "memory_gb": 9.5}
    return {"event": "step", "time": float(step), "step": step, **losses, **rest}


def validation(step: int, steps: int, rng: np.random.Generator) -> dict:
    """Dice that rises, more with more sequences, in all 15 combinations."""
    dice = {}
    for number, subset in enumerate(SUBSETS):
        height = (0.55 + 0.09 * len(COMBINATIONS[number]) + 0.006 * number) * (1 - np.exp(-3.5 * step / steps))
        dice[subset] = {name: round(height * s * rng.normal(1, 0.01), 4) for name, s in REGION_SHARE.items()}
    score = round(float(np.mean([value for regions in dice.values() for value in regions.values()])), 4)
    best = {"score": score, "step": step}
    return {"event": "validation", "time": float(step), "step": step, "dice": dice, "score": score, "best": best}


def events(steps: int, every: int, seed: int = 0) -> list[dict]:
    """A training from its start to its last step, validated every so many steps."""
    rng = np.random.default_rng(seed)
    made = [start(0, steps)]
    for step in range(1, steps + 1):
        made.append(training_step(step, steps, rng))
        if step % every == 0:
            made.append(validation(step, steps, rng))
    return made


def write_journal(run: Path, made: list[dict], mode: str = "w") -> Path:
    """The events as the trainer writes them, or behind those that are there (mode ``a``)."""
    run.mkdir(parents=True, exist_ok=True)
    with (run / "journal.jsonl").open(mode, encoding="utf-8") as file:
        file.writelines(json.dumps(event) + "\n" for event in made)
    return run
