"""Everything that became of one patient, from the sources to the segmentation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mstkd.inference.segment import Segmentation
from mstkd.modalities import describe
from mstkd.models import ModelPackage
from mstkd.preprocessing import Preprocessed
from mstkd.results.doubts import doubts, unseen
from mstkd.results.measure import Measurements
from mstkd.sources import Sources


@dataclass(frozen=True)
class PatientResult:
    """One patient's way through the engine.

    Attributes:
        sources: Where each sequence came from, and what was left out.
        preprocessed: What was done before the network.
        segmentation: What was found.
        measurements: How large it is.
        model: What found it.
        seconds: Per step, in the order of the steps.
    """

    sources: Sources
    preprocessed: Preprocessed
    segmentation: Segmentation
    measurements: Measurements
    model: ModelPackage
    seconds: Mapping[str, float]

    @property
    def warnings(self) -> list[str]:
        """Sentences the user must see."""
        return [
            *self.sources.warnings,
            *doubts(self.model.card, describe(self.sources.found)),
            *unseen(self.sources.found),
            *self.segmentation.warnings,
        ]
