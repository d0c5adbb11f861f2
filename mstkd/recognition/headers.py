"""Recognising a sequence from a DICOM header, or from what a sidecar kept of one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mstkd.modalities import Modality
from mstkd.recognition import physics
from mstkd.recognition.acquisition import AcquisitionParameters
from mstkd.recognition.names import NameReading, Weighting, read_name, sequence
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
    told = [
        (clause, set(reading.weightings))
        for clause, (_, reading) in zip(says, readings, strict=True)
        if reading.weightings
    ]
    measured = physics.weighting(parameters)
    if measured:
        told.append((physics.times(parameters), {measured}))
    if not told:
        return Recognition(None, reformat=reformat)
    possible = set.intersection(*(weightings for _, weightings in told))
    if len(possible) != 1:
        return Recognition(None, conflict=_disagreement(told), reformat=reformat)
    (weighting,) = possible
    evidence = tuple(clause for clause, _ in told[: len(told) - bool(measured)])
    if measured:
        evidence += (f"{physics.times(parameters)} are {_a(weighting)}'s",)
    if weighting is Weighting.T1:
        return replace(_with_or_without(readings, parameters.contrast_agent, evidence), reformat=reformat)
    modality = sequence(weighting, enhanced=False)
    if modality is None:
        return Recognition(None, other=f"{' and '.join(evidence)}, which is {weighting.value}", reformat=reformat)
    return Recognition(modality, evidence=evidence, reformat=reformat)


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


def _disagreement(told: list[tuple[str, set[Weighting]]]) -> str:
    """Both readings of the first two witnesses that exclude each other, or of the one that is ambiguous."""
    for place, (clause, weightings) in enumerate(told):
        for other_clause, others in told[place + 1 :]:
            if not weightings & others:
                return f"{clause} ({_names(weightings)}) but {other_clause} ({_names(others)})"
    clause, weightings = min(told, key=lambda witness: len(witness[1]))
    return f"{clause}, which may be {_names(weightings)}"


def _names(weightings: set[Weighting]) -> str:
    return " or ".join(weighting.value for weighting in Weighting if weighting in weightings)


def _a(weighting: Weighting) -> str:
    return f"a {weighting.value}"


def _with_or_without(
    readings: list[tuple[str, NameReading]], agent: str | None, evidence: tuple[str, ...]
) -> Recognition:
    """T1 or T1Gd, from the names and the contrast agent."""
    said = [(f"{source} says '{reading.quote}'", reading) for source, reading in readings if reading.quote]
    torn = next((clause for clause, reading in said if reading.torn and reading.weightings), None)
    if torn:
        return Recognition(None, conflict=f"{torn}, which may be T1 or T1Gd")
    enhanced = next((clause for clause, reading in said if reading.enhanced), None)
    native = next((clause for clause, reading in said if reading.enhanced is False), None)
    if enhanced and native:
        return Recognition(None, conflict=f"{enhanced} (T1Gd) but {native} (T1)")
    if native and agent:
        return Recognition(None, conflict=f"{native} (T1) but its header names the contrast agent {agent} (T1Gd)")
    if agent:
        return Recognition(Modality.T1GD, (*evidence, f"its header names the contrast agent {agent}"))
    if enhanced and agent == "":
        evidence += ("its header names no contrast agent, which is often left out",)
    return Recognition(Modality.T1GD if enhanced else Modality.T1, evidence)
