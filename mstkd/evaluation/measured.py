"""All that is measured of one case: the network runs once per combination of sequences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace

import numpy as np
import torch

from mstkd.data.datalist import Case
from mstkd.evaluation.calibration import Binned, bin_regions
from mstkd.evaluation.failures import Failure, failure
from mstkd.evaluation.flagged import Flagged, flagged, wrong_voxels
from mstkd.evaluation.scores import Score, measure
from mstkd.inference import Segmentation, segment
from mstkd.inference.segment import Report
from mstkd.modalities import Modality, describe, ordered
from mstkd.models import ModelPackage
from mstkd.preprocessing import Grid, PreparedPatient, preprocess, read_labels, resample, resample_labels
from mstkd.regions import LabelConvention
from mstkd.store.card import ALL

Array = np.ndarray
Combination = tuple[Modality, ...]


@dataclass(frozen=True)
class Measured:
    """What was measured, of one case or of many.

    Attributes:
        scores: Of the result as a user gets it.
        uncleaned: The same before clean-up.
        calibration: Of the probabilities that the result was made from.
        flagged: Whether the uncertainty map points at the result's errors.
        failures: What is to be seen of each case with all its sequences.
    """

    scores: list[Score] = field(default_factory=list)
    uncleaned: list[Score] = field(default_factory=list)
    calibration: list[Binned] = field(default_factory=list)
    flagged: list[Flagged] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)

    def extend(self, more: Measured) -> None:
        """Take in what else was measured."""
        for kind in fields(self):
            getattr(self, kind.name).extend(getattr(more, kind.name))

    def named(self, modalities: str) -> Measured:
        """A copy under another name of the same combination of sequences."""
        rows = {kind.name: getattr(self, kind.name) for kind in fields(self)}
        return Measured(**{kind: [replace(row, modalities=modalities) for row in own] for kind, own in rows.items()})


@dataclass(frozen=True)
class Reference:
    """What the experts drew of a case.

    Attributes:
        tissues: The label map ``(I, J, K)`` of our classes.
        spacing: Edges of a voxel in mm, ``(3,)``.
    """

    tissues: Array
    grid: Grid
    spacing: Array
    convention: LabelConvention


def read_reference(case: Case) -> Reference:
    """Read a case's label map. Raises InputError when it is none of its convention."""
    label = read_labels(case.label)
    tissues = case.convention.decode(label.array, str(case.label))
    return Reference(tissues, Grid(label.shape, label.affine), label.spacing, case.convention)


def measure_case(
    case: Case, package: ModelPackage, wanted: Sequence[Combination], device: torch.device, report: Report
) -> Measured:
    """Everything of one case, on the grid of its reference label map."""
    volumes, reference = {m: case.read(m) for m in case.images}, read_reference(case)
    measured = Measured()
    combinations = subsets(case, wanted)
    for number, (subset, names) in enumerate(combinations.items()):
        report(number / len(combinations), f"{case.id}: {describe(subset)}")
        prepared = preprocess({m: volumes[m] for m in subset}, device=device).prepared
        found = segment(prepared, package, device=device, keep_probabilities=True)
        own = compare(case.id, names[0], found, reference)
        for name in names:
            measured.extend(own.named(name))
        if ALL in names:
            tissues = on_grid(found.tissues, prepared.reference_grid, reference.grid)
            measured.failures.append(failure(case.id, found, tissues, reference.tissues, reference.grid))
    return measured


def compare(case: str, modalities: str, found: Segmentation, reference: Reference) -> Measured:
    """A result against the reference, on the reference's grid."""
    truth, known, spacing = reference.tissues, reference.convention.regions, reference.spacing
    source, grid = found.patient.reference_grid, reference.grid
    tissues, uncleaned = (on_grid(labels, source, grid) for labels in (found.tissues, found.uncleaned))
    brain = on_grid(result_field(found.patient), source, grid) > 0
    measured = Measured()
    measured.scores.extend(measure(case, modalities, tissues, truth, known, spacing))
    measured.uncleaned.extend(measure(case, modalities, uncleaned, truth, known, spacing))
    if found.probabilities is not None:
        probabilities = np.stack([smooth_on_grid(p, source, grid) for p in found.probabilities])
        measured.calibration.extend(bin_regions(case, modalities, probabilities, truth, known, brain, spacing))
    uncertainty = np.rint(smooth_on_grid(found.uncertainty, source, grid)).astype(np.uint8)
    measured.flagged.extend(flagged(case, modalities, uncertainty, wrong_voxels(tissues, truth, known), brain))
    return measured


def subsets(case: Case, wanted: Sequence[Combination]) -> dict[Combination, list[str]]:
    """The combinations that the case has, each with its names: its largest is ``all available`` too."""
    named = {c: [describe(c)] for c in wanted if set(c) <= set(case.images)}
    named.setdefault(ordered(case.images), []).append(ALL)
    return named


def result_field(patient: PreparedPatient) -> Array:
    """Where a result may lie on the patient's reference grid, ``(I, J, K)`` uint8 of 0 and 1."""
    return patient.brain_on_reference().astype(np.uint8)


def on_grid(labels: Array, grid: Grid, target: Grid) -> Array:
    """A label map on another grid; untouched when it lies there already."""
    return labels if same(grid, target) else resample_labels(labels, grid, target)


def smooth_on_grid(values: Array, grid: Grid, target: Grid) -> Array:
    """Any other map on another grid; untouched when it lies there already."""
    return values if same(grid, target) else resample(values, grid, target)


def same(grid: Grid, other: Grid) -> bool:
    """Whether two grids are one but for rounding."""
    return grid.shape == other.shape and np.allclose(grid.affine, other.affine, atol=1e-3)
