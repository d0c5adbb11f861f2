"""What an evaluation says, as sentences and tables."""

from __future__ import annotations

from dataclasses import dataclass

from mstkd.evaluation.against import Difference
from mstkd.evaluation.calibration import CalibrationMean, ReliabilityBin
from mstkd.evaluation.failures import Failure, failures_picture
from mstkd.evaluation.flagged import FlaggedMean
from mstkd.evaluation.layout import Report
from mstkd.evaluation.metric import METRICS
from mstkd.evaluation.published import published_dataset, published_tables
from mstkd.evaluation.reliability_picture import reliability_picture
from mstkd.evaluation.summary import Mean
from mstkd.evaluation.tables import changes, cleanup, counts, heat_map
from mstkd.evaluation.trust import trust, trust_sentences
from mstkd.results.summary import NOTICE
from mstkd.store.card import parts_rule


@dataclass(frozen=True)
class Evaluation:
    """What a report is about.

    Attributes:
        least_part_probability: Mean probability that the model asks of a part of the whole tumour.
        split: Which cases of the datalist.
        seen: How many of them the model was trained or chosen on.
        datasets: Number of cases per data set.
        means: With clean-up.
        uncleaned: The same without.
        reliability: The curve behind the calibration.
        flagged: How many of the errors the most uncertain tenth of the brain holds.
        failures: The worst cases.
        against: Name of the evaluation compared with; empty when there is none.
    """

    model: str
    sha256: str
    least_part_probability: float
    split: str
    seen: int
    datasets: dict[str, int]
    means: list[Mean]
    uncleaned: list[Mean]
    calibration: list[CalibrationMean]
    reliability: list[ReliabilityBin]
    flagged: list[FlaggedMean]
    failures: list[Failure]
    against: str
    differences: list[Difference]


def report(evaluation: Evaluation) -> Report:
    """All of an evaluation, beside the paper's figures where the data set is the paper's."""
    dataset = published_dataset(evaluation.datasets)
    published = published_tables()[dataset] if dataset else {}
    sets = ", ".join(f"{name} ({cases})" for name, cases in sorted(evaluation.datasets.items()))
    facts = [
        NOTICE,
        f"Model: {evaluation.model}, SHA-256 {evaluation.sha256}.",
        *parts_rule(evaluation.least_part_probability),
        f"Cases: {sum(evaluation.datasets.values())} of the split '{evaluation.split}'; {sets}.",
        *_warning(evaluation.seen),
        f"Paper: the published means of MST-KDNet on {dataset}, on the paper's own test cases, not on these."
        if dataset
        else f"Paper: there are no published figures of MST-KDNet for {' with '.join(sorted(evaluation.datasets))}.",
        "A region missed or invented counts as Dice 0 % and HD95 373.13 mm, a region rightly empty as 100 % and 0 mm.",
        *trust_sentences(evaluation.calibration, evaluation.flagged),
    ]
    tables = [
        *(heat_map(evaluation.means, published, metric) for metric in METRICS),
        counts(evaluation.means),
        cleanup(evaluation.means, evaluation.uncleaned),
        trust(evaluation.calibration, evaluation.flagged),
    ]
    if evaluation.against:
        tables += [changes(evaluation.differences, evaluation.against, metric) for metric in METRICS]
    pictures = [reliability_picture(evaluation.reliability)]
    if evaluation.failures:
        pictures.append(failures_picture(evaluation.failures))
    return Report(f"Evaluation of {evaluation.model}", facts, tables, pictures)


def _warning(seen: int) -> list[str]:
    if not seen:
        return []
    return [f"Warning: {seen} of these cases were used to train or choose the model; no word on other patients."]
