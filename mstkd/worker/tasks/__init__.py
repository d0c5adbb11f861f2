"""What the worker does for each kind of request."""

from __future__ import annotations

from mstkd.batch import run_study
from mstkd.inference.predictor import Stop
from mstkd.inference.segment import Report
from mstkd.store import stage_model
from mstkd.worker.requests import Request, SegmentRequest, StageModelRequest, StudyRequest
from mstkd.worker.tasks.segment import Answer, segment


def run(request: Request, report: Report, stop: Stop) -> Answer:
    """Do what is asked; returns what the ``done`` event says.

    Args:
        report: Told about progress; raises CancelledError when it is time to stop.
        stop: Asked between passes of the network.

    Raises:
        InputError: The request or what it names is refused.
        CancelledError: It was time to stop.
    """
    if isinstance(request, SegmentRequest):
        return segment(request, report, stop)
    if isinstance(request, StudyRequest):
        outcome = run_study(request.folder, request.output, model=request.model, wishes=request.wishes, report=report)
        return {"outcome": outcome.plain()}
    if isinstance(request, StageModelRequest):
        staged = stage_model(request.source, request.sha256, report)
        return {"staged": str(staged.folder), "card": staged.card}
    # Who segments need not wait for what training loads.
    from mstkd.worker.tasks.training import train_task

    return train_task(request, report)
