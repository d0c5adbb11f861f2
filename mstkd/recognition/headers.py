"""Recognising a sequence from a DICOM header, or from what a sidecar kept of one."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

from mstkd.modalities import Modality
from mstkd.recognition import physics
from mstkd.recognition.acquisition import AcquisitionParameters
from mstkd.recognition.names import NameReading, Weighting, either, read_name, sequences
from mstkd.recognition.recognition import Recognition

if TYPE_CHECKING:
    from pydicom import Dataset

FILE, DESCRIPTION, PROTOCOL, SEQUENCE = "its name", "its description", "its protocol", "its sequence name"


def recognise_header(header: Dataset) -> Recognition:
    """The sequence of the series that a DICOM header belongs to: from its names and its physics.

    See `recognise_acquisition`.
    """
    return recognise_acquisition(AcquisitionParameters.from_dicom(header))


def recognise_acquisition(parameters: AcquisitionParameters, name: str = "") -> Recognition:
    """The sequence of an image from what its header says and, where it has one, its own name.

    Witnesses are the file's name, the series description (where it is silent the protocol
    and the sequence name), the times with the kind of echo, and the contrast agent. An
    ambiguous name is settled by the times; witnesses that contradict each other give no
    sequence but a conflict. A T1 is a T1Gd when its name or the agent says so. An empty
    agent field says nothing, since it is often not filled in after an injection; an agent
    against a name that says ``pre`` is a conflict, since the agent may have stayed from
    another series and the name from another protocol.
    """
    readings = _name_readings(parameters, name)
    says = [f"{source} says '{reading.quote}'" for source, reading in readings]
    reformat = physics.is_reformat(parameters.image_type) or any(reading.reformat for _, reading in readings)
    other = physics.other_kind(parameters)
    for clause, (_, reading) in zip(says, readings, strict=True):
        if not other and reading.other:
            other = f"{clause}, which is {reading.other}"
    if other:
        return Recognition(None, other=other, reformat=reformat)
    witnesses = [
        (clause, reading.weightings) for clause, (_, reading) in zip(says, readings, strict=True) if reading.weightings
    ]
    measured = physics.weightings(parameters)
    if measured:
        witnesses.append((physics.times(parameters), measured))
    if not witnesses:
        return Recognition(None, reformat=reformat)
    possible = frozenset.intersection(*(weightings for _, weightings in witnesses))
    if len(possible) != 1:
        named = frozenset.union(*(weightings for _, weightings in witnesses))
        doubt = _disagreement(witnesses)
        return Recognition(None, conflict=doubt, candidates=sequences(named), reformat=reformat)
    (weighting,) = possible
    evidence = tuple(clause for clause, _ in witnesses[: len(witnesses) - bool(measured)])
    if measured:
        fit = f"are a {weighting.value}'s" if len(measured) == 1 else f"fit a {weighting.value}"
        evidence += (f"{physics.times(parameters)} {fit}",)
    if weighting is Weighting.T1:
        return replace(_with_or_without(readings, parameters.contrast_agent, evidence), reformat=reformat)
    found = sequences(possible)
    if not found:
        return Recognition(None, other=f"{' and '.join(evidence)}, which is {weighting.value}", reformat=reformat)
    return Recognition(found[0], evidence=evidence, reformat=reformat)


def _name_readings(parameters: AcquisitionParameters, name: str) -> list[tuple[str, NameReading]]:
    """The readings of the file's name and of the first of the header's names that tells anything."""
    readings = [(FILE, read_name(name)), (DESCRIPTION, read_name(parameters.description))]
    for source, text in ((PROTOCOL, parameters.protocol), (SEQUENCE, parameters.sequence_name)):
        reading = read_name(text)
        if not any(_tells(earlier) for _, earlier in readings[1:]) and _tells(reading):
            readings.append((source, reading))
    return readings


def _tells(reading: NameReading) -> bool:
    return bool(reading.weightings or reading.other)


def _disagreement(witnesses: list[tuple[str, frozenset[Weighting]]]) -> str:
    """Both readings of the first two witnesses that exclude each other, or of the one that is ambiguous."""
    for (clause, one), (other_clause, other) in itertools.combinations(witnesses, 2):
        if not one & other:
            return f"{clause} ({either(one)}) but {other_clause} ({either(other)})"
    clause, weightings = min(witnesses, key=lambda witness: len(witness[1]))
    return f"{clause}, which may be {either(weightings)}"


def _with_or_without(
    readings: list[tuple[str, NameReading]], agent: str | None, evidence: tuple[str, ...]
) -> Recognition:
    """T1 or T1Gd, from the names and the contrast agent."""
    said = {contrast: _saying(readings, contrast) for contrast in (True, False)}
    field = f"its header names the contrast agent {agent}"
    doubt = ""
    if said[True] and said[False]:
        same = said[True] == said[False]
        doubt = f"{said[True]}, which may be T1 or T1Gd" if same else f"{said[True]} (T1Gd) but {said[False]} (T1)"
    elif said[False] and agent:
        doubt = f"{said[False]} (T1) but {field} (T1Gd)"
    if doubt:
        return Recognition(None, conflict=doubt, candidates=(Modality.T1, Modality.T1GD))
    if agent:
        return Recognition(Modality.T1GD, (*evidence, field))
    if said[True] and agent == "":
        evidence += ("its header names no contrast agent, which is often left out",)
    return Recognition(Modality.T1GD if said[True] else Modality.T1, evidence)


def _saying(readings: list[tuple[str, NameReading]], contrast: bool) -> str:
    """The clause of the first name that speaks of a T1 with contrast, or without; empty when none does."""
    clauses = (f"{source} says '{reading.quote}'" for source, reading in readings if contrast in reading.contrast)
    return next(clauses, "")
