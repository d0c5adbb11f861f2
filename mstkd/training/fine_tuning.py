"""Training that starts from a finished model, its base."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from mstkd.errors import InputError
from mstkd.models import Card, ModelPackage, load_package, read_card
from mstkd.models.package import architecture_from
from mstkd.network import PRESETS
from mstkd.runs.layout import CONFIG
from mstkd.training.config import TrainingConfig, read_config
from mstkd.training.origins import BASE, facts


def with_network_of_base(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings whose network is that of the model they start from, if they start from one.

    Raises:
        InputError: There is no such model.
    """
    base = settings.get("start_from")
    return dict(settings) if not isinstance(base, str) else {**settings, "network": _network(read_card(Path(base)))}


def load_base(config: TrainingConfig) -> ModelPackage | None:
    """The model that a run starts from, if it starts from one.

    Raises:
        InputError: There is no such model, or its network is another than the configuration's.
    """
    if config.start_from is None:
        return None
    package = load_package(config.start_from)
    if package.network.architecture != config.architecture:
        network = json.dumps(_network(package.card)).replace('"', "")
        raise InputError(
            f"{config.start_from} is of another network than the configuration, so its weights cannot be taken over; "
            f"use its own: --set 'network={network}'."
        )
    return package


def base_of(run: Path, config: TrainingConfig) -> dict[str, Tensor]:
    """The weights that a run started from.

    Raises:
        InputError: It started from none, or the model is gone or another one by now.
    """
    check_base(run, config, begun=False)
    package = load_base(config)
    if package is None:
        raise InputError(f"{run} did not start from a model; leave out --base-share.")
    return package.network.state_dict()


def check_base(run: Path, config: TrainingConfig, *, begun: bool) -> None:
    """Refuse a base other than the one that the run was made for.

    Args:
        begun: The run has a checkpoint, so the base is needed no more.

    Raises:
        InputError: It is another, or there should be none.
    """
    kept = facts(run / BASE)
    changed = begun and config.start_from != read_config(run / CONFIG).start_from
    if changed or (config.start_from is not None) != (kept is not None):
        raise InputError(f"{run} keeps the weights that it started from; to start from others make a new run.")
    if kept is None or config.start_from is None or begun:
        return
    if read_card(config.start_from)["weights"]["sha256"] != kept["sha256"]:
        raise InputError(f"{config.start_from} is another model than {run} was made for; put that one back.")


def _network(card: Card) -> Any:
    """The setting ``network``: a preset's name, or sizes."""
    names = {architecture: name for name, architecture in PRESETS.items()}
    return names.get(architecture_from(card["architecture"]), card["architecture"])
