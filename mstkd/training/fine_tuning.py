"""Training that starts from a finished model's weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mstkd.models import read_card
from mstkd.models.package import architecture_from
from mstkd.network import PRESETS


def with_network_of_base(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings whose network is that of the model they start from, if they start from one.

    Raises:
        InputError: There is no such model.
    """
    base = settings.get("start_from")
    if not isinstance(base, str):
        return dict(settings)
    values = read_card(Path(base))["architecture"]
    names = {architecture: name for name, architecture in PRESETS.items()}
    return {**settings, "network": names.get(architecture_from(values), values)}
