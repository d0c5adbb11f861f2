"""What is asked before and after a training; the training itself is a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from mstkd.data.examine import Examined
from mstkd.data.prepare import prepare
from mstkd.data.split import Fractions
from mstkd.inference.segment import Report
from mstkd.training.ablation import start_ablation
from mstkd.training.config import TrainingConfig, parse_config
from mstkd.training.configure import save_configuration
from mstkd.training.estimate import estimate
from mstkd.training.export import parse_description
from mstkd.training.fine_tuning import with_network_of_base
from mstkd.training.finish import CURVES, MODEL, PAGE, finish_run
from mstkd.training.preset_files import read_presets
from mstkd.training.run import start_run
from mstkd.worker import training_requests as asked
from mstkd.worker.tasks.unpack import unpack_case

Answer = dict[str, Any]


def train_task(request: asked.TrainingRequest, report: Report) -> Answer:
    """Do what is asked; as `mstkd.worker.tasks.run`."""
    return _TASKS[type(request)](request, report)


def config_of_request(settings: Mapping[str, Any]) -> TrainingConfig:
    return parse_config(settings, "the configuration")


def describe(request: asked.DescribeTrainingRequest, report: Report) -> Answer:
    """All settings with their meaning, limits and units, and the presets."""
    presets = {name: {"title": title, "settings": config.as_dict()} for name, (title, config) in read_presets().items()}
    return {"schema": TrainingConfig.model_json_schema(), "presets": presets}


def check_config(request: asked.CheckConfigRequest, report: Report) -> Answer:
    """The settings, complete; with the network of the model that they start from."""
    return {"settings": config_of_request(with_network_of_base(request.settings)).as_dict()}


def check_data(request: asked.CheckDataRequest, report: Report) -> Answer:
    """A data set's report, case by case."""
    prepared = prepare(
        request.folder,
        request.labels,
        Fractions(request.validation, request.test),
        request.seed,
        request.output,
        lambda done, of: report(done / of, f"Reading case {done} of {of}"),
    )
    splits = {case.id: case.split for case in prepared.cases}
    return {
        "summary": prepared.summary,
        "cases": [_case(case, splits) for case in prepared.report.cases],
        "refusal": prepared.refusal,
        "written": prepared.summary.get("written"),
    }


def _case(case: Examined, splits: Mapping[str, str]) -> Answer:
    entry = case.entry
    return {
        "id": entry.id,
        "dataset": entry.dataset,
        "patient": entry.patient,
        "images": {modality.value: str(path.absolute()) for modality, path in entry.images.items()},
        "channels": {modality.value: channel for modality, channel in entry.channels.items()},
        "label": str(entry.label.absolute()) if entry.label else None,
        "convention": case.convention,
        "split": splits.get(entry.id) if case.usable else None,  # another case may have the same name
        "problems": case.problems,
        "remarks": case.remarks,
        "usable": case.usable,
    }


def unpack(request: asked.UnpackCaseRequest, report: Report) -> Answer:
    return unpack_case(request.images, request.channels, request.label, request.output, report)


def new_run(request: asked.NewRunRequest, report: Report) -> Answer:
    start_run(config_of_request(request.settings), request.datalist, request.run)
    return {"run": str(request.run)}


def new_ablation(request: asked.NewAblationRequest, report: Report) -> Answer:
    start_ablation(config_of_request(request.settings), request.datalist, request.folder)
    return {"folder": str(request.folder)}


def estimate_training(request: asked.EstimateRequest, report: Report) -> Answer:
    found = estimate(
        config_of_request(request.settings),
        request.datalist,
        cache=request.cache,
        runs=request.runs,
        device=request.device,
        report=report,
    )
    return {"estimate": asdict(found)}


def finish(request: asked.FinishRunRequest, report: Report) -> Answer:
    output = request.output
    found = finish_run(
        request.run,
        parse_description(request.description, "the description"),
        output,
        split=request.split,
        device=request.device,
        report=report,
    )
    return found | {"model": str(output / MODEL), "page": str(output / PAGE), "curves": str(output / CURVES)}


def configure(request: asked.SaveConfigurationRequest, report: Report) -> Answer:
    saved = save_configuration(
        config_of_request(request.settings), request.datalist, request.folder, processes=request.processes
    )
    return {"files": [str(file) for file in saved.files], "command": saved.command}


_TASKS: dict[type, Callable[[Any, Report], Answer]] = {
    asked.DescribeTrainingRequest: describe,
    asked.CheckConfigRequest: check_config,
    asked.CheckDataRequest: check_data,
    asked.UnpackCaseRequest: unpack,
    asked.NewRunRequest: new_run,
    asked.NewAblationRequest: new_ablation,
    asked.EstimateRequest: estimate_training,
    asked.FinishRunRequest: finish,
    asked.SaveConfigurationRequest: configure,
}
