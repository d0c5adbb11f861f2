"""What a folder holds and what is proposed, as plain values for machines and for the tables that people read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mstkd.dicom.folder import DicomFolder, Study
from mstkd.dicom.proposal import Proposal, propose
from mstkd.dicom.stack import Stack
from mstkd.modalities import describe, missing


def summarise_folder(folder: DicomFolder, studies: Sequence[Study]) -> dict[str, Any]:
    """The studies with their proposals, and every problem as a sentence."""
    return {
        "folder": str(folder.folder),
        "studies": [summarise_study(study) for study in studies],
        "problems": list(folder.problems),
    }


def summarise_study(study: Study) -> dict[str, Any]:
    proposal = propose(study)
    found = [choice.modality for choice in proposal.choices]
    return {
        "uid": study.uid,
        "patient": study.patient,
        "date": study.date,
        "description": study.description,
        "text": study.text,
        "stacks": [{**summarise_stack(stack), "taken": _taken(stack, proposal)} for stack in study.stacks],
        "proposal": _choices(proposal),
        "missing": describe(missing(found)),
        "problems": [*study.problems, *proposal.remarks],
    }


def summarise_stack(stack: Stack) -> dict[str, Any]:
    recognition = stack.recognition
    return {
        "name": stack.name,
        "number": stack.number,
        "description": stack.description,
        "part": stack.part,
        "sequence": recognition.modality.label if recognition.modality else None,
        "because": recognition.because or recognition.other or recognition.conflict,
        "plane": stack.plane,
        "spacing_mm": [round(mm, 4) for mm in stack.spacing],
        "shape": list(stack.shape),
        "slices": stack.slices,
        "coverage_mm": [round(mm, 1) for mm in stack.coverage_mm],
        "whole_head": stack.whole_head,
        "reformat": stack.reformat,
        "acquired": stack.acquired,
        "refusal": stack.refusal,
        "warnings": list(stack.warnings),
    }


def _choices(proposal: Proposal) -> list[dict[str, Any]]:
    return [
        {
            "sequence": choice.modality.label,
            "stack": choice.stack.name,
            "asked": choice.asked,
            "tied": [stack.name for stack in choice.tied],
            "rejected": [{"stack": stack.name, "reason": reason} for stack, reason in choice.rejected],
            "sentence": choice.sentence,
        }
        for choice in proposal.choices
    ]


def _taken(stack: Stack, proposal: Proposal) -> str:
    """``yes``, or ``asked`` when a person must choose between it and another, or ``no``."""
    for choice in proposal.choices:
        if stack is choice.stack or any(stack is other for other in choice.tied):
            return "asked" if choice.asked else "yes"
    return "no"
