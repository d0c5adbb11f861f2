"""What a report and a card say of probabilities and uncertainty: sentences, a table, plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mstkd.evaluation.calibration import BINS, FAINT, NEAR_MM, CalibrationMean
from mstkd.evaluation.flagged import TENTH, FlaggedMean
from mstkd.evaluation.layout import Cell, Table
from mstkd.evaluation.scores import DECIMALS
from mstkd.regions import REGIONS
from mstkd.store.card import ALL, FEWEST, counts_of, patients_of

WHERE = (
    f"the voxels of the brain up to {NEAR_MM:.0f} mm from a probability above {100 * FAINT:.0f} % or from the "
    "reference: elsewhere a model is trivially right"
)


def trust_sentences(calibration: Sequence[CalibrationMean], flagged: Sequence[FlaggedMean]) -> list[str]:
    """What to make of a probability and of the uncertainty overlay, with all available sequences."""
    parts = [
        f"{mean.region} {mean.ece:.1f} % ({_certainty(_ece_interval(mean), mean.cases)})"
        for mean in calibration
        if mean.modalities == ALL
    ]
    said = [f"With {ALL} sequences a region's probability is off by (expected calibration error): {', '.join(parts)}."]
    return [*(said if parts else []), *(_flagged_sentence(mean) for mean in flagged if mean.modalities == ALL)]


def _flagged_sentence(mean: FlaggedMean) -> str:
    return (
        f"With {ALL} sequences the most uncertain tenth of the brain holds {mean.share:.0f} % of the wrong voxels "
        f"({_certainty(_share_interval(mean), mean.cases)}); by chance it would hold {100 * TENTH:.0f} %."
    )


def _ece_interval(mean: CalibrationMean) -> str:
    return f"{mean.ece_low:.1f} to {mean.ece_high:.1f}" if mean.patients >= FEWEST else ""


def _share_interval(mean: FlaggedMean) -> str:
    return f"{mean.share_low:.0f} to {mean.share_high:.0f}" if mean.patients >= FEWEST else ""


def _certainty(interval: str, cases: int) -> str:
    return ", ".join(filter(None, [interval, f"cases: {cases}"]))


def trust(calibration: Sequence[CalibrationMean], flagged: Sequence[FlaggedMean]) -> Table:
    """Calibration errors and flagged shares with their intervals per combination."""
    errors = {(mean.modalities, mean.region): mean for mean in calibration}
    shares = {mean.modalities: mean for mean in flagged}
    rows = []
    for name in dict.fromkeys([*(mean.modalities for mean in calibration), *shares]):
        cells = [Cell(name)]
        for region in REGIONS:
            error = errors.get((name, region.value))
            cells.append(Cell(f"{error.ece:.1f}", _ece_interval(error)) if error else Cell())
        share = shares.get(name)
        cells.append(Cell(f"{share.share:.0f}", _share_interval(share)) if share else Cell())
        rows.append(cells)
    note = (
        f"ECE: mean expected calibration error in %, lower is better, {BINS} bins, over {WHERE}. Errors flagged: "
        "how many % of the wrong voxels lie in the most uncertain tenth of the brain, higher is better, 10 by chance. "
        f"With 95% intervals over patients, where there are at least {FEWEST} of them."
    )
    header = ["Given", *(f"{region.value} ECE" for region in REGIONS), "Errors flagged"]
    return Table("Probabilities and uncertainty", note, header, rows)


def calibration_values(means: Sequence[CalibrationMean]) -> list[dict[str, Any]]:
    """The means as a model card's ``calibration``: there errors are 0 to 1."""
    return [
        {
            "sequences": mean.modalities,
            "region": mean.region,
            "ece": round(mean.ece / 100, DECIMALS),
            "ece_interval": [round(mean.ece_low / 100, DECIMALS), round(mean.ece_high / 100, DECIMALS)],
            **counts_of(mean.cases, mean.patients),
        }
        for mean in means
    ]


def uncertainty_values(means: Sequence[FlaggedMean]) -> list[dict[str, Any]]:
    """The means as a model card's ``uncertainty``: there shares are 0 to 1."""
    return [
        {
            "sequences": mean.modalities,
            "errors_flagged": round(mean.share / 100, DECIMALS),
            "errors_flagged_interval": [round(mean.share_low / 100, DECIMALS), round(mean.share_high / 100, DECIMALS)],
            **counts_of(mean.cases, mean.patients),
        }
        for mean in means
    ]


def calibration_of(values: Sequence[Mapping[str, Any]]) -> list[CalibrationMean]:
    """The means that a card's ``calibration`` holds."""
    return [
        CalibrationMean(
            row["sequences"],
            row["region"],
            row["cases"],
            patients_of(row),
            *(100 * v for v in (row["ece"], *row["ece_interval"])),
        )
        for row in values
    ]


def uncertainty_of(values: Sequence[Mapping[str, Any]]) -> list[FlaggedMean]:
    """The means that a card's ``uncertainty`` holds."""
    return [
        FlaggedMean(
            row["sequences"],
            row["cases"],
            patients_of(row),
            *(100 * v for v in (row["errors_flagged"], *row["errors_flagged_interval"])),
        )
        for row in values
    ]
