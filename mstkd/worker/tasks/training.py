"""What is asked before and after a training; the training itself is a process of its own."""

from __future__ import annotations

from typing import Any

from mstkd.inference.segment import Report
from mstkd.training.config import TrainingConfig, parse_config, read_presets
from mstkd.training.fine_tuning import with_network_of_base
from mstkd.worker.requests import CheckConfigRequest, DescribeTrainingRequest

Answer = dict[str, Any]
TrainingRequest = DescribeTrainingRequest | CheckConfigRequest
SETTINGS = "the settings"
"""What refusals call those that came with a request."""


def train_task(request: TrainingRequest, report: Report) -> Answer:
    """Do what is asked; as `mstkd.worker.tasks.run`."""
    if isinstance(request, DescribeTrainingRequest):
        return describe()
    return {"settings": parse_config(with_network_of_base(request.settings), SETTINGS).as_dict()}


def describe() -> Answer:
    """All settings with their meaning, limits and units, and the presets."""
    presets = {name: {"title": title, "settings": config.as_dict()} for name, (title, config) in read_presets().items()}
    return {"schema": TrainingConfig.model_json_schema(), "presets": presets}
