"""The distillation's share of the total loss (section 2.5, equation 12) and its weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated

import torch
from pydantic import Field, model_validator
from torch import Tensor

from mstkd.distillation.logit import kl_loss, mse_loss
from mstkd.distillation.ms_tkd import Reduce, evd_loss, extreme_values, mst_loss
from mstkd.distillation.relative import relative_difference
from mstkd.distillation.style import adversarial_loss, cross_grams, style_loss
from mstkd.network import Taps
from mstkd.settings import Settings

Terms = dict[str, Tensor]
Weight = Annotated[float, Field(ge=0)]
TERMS = ("evd", "mst", "logit_mse", "logit_kl", "style", "adversarial")
FIRST_STEP_RANGE = (0.05, 1.0)
"""Where each weighted term should lie at a run's first step; one outside drowns, or drowns the others."""


class MSTKDSettings(Settings):
    """Equation 4: ``evd`` is lambda_1 alpha, ``mst`` is lambda_1 beta."""

    evd: Weight = Field(title="EVD", description="Weight of the extreme values of the attention maps.")
    mst: Weight = Field(title="MST", description="Weight of the transformer's tokens at each scale.")
    reduce: Reduce = Field(description="What equation 2 reduces over: heads (paper) or layers (published code).")


class LogitSettings(Settings):
    """Equation 8: ``mse`` is lambda_2 lambda_mse, ``kl`` is lambda_2 lambda_KD (0: without SLKD)."""

    mse: Weight = Field(title="MSE", description="Weight of the squared difference of the logits.")
    kl: Weight = Field(title="KL", description="Weight of the standardised logits' divergence (SLKD); 0 leaves it out.")
    tau: float = Field(gt=0, description="Temperature of equation 6.")
    ramp: int = Field(
        ge=0,
        description="Steps over which both weights rise linearly from 0.",
        json_schema_extra={"unit": "steps"},
    )


class GSMESettings(Settings):
    """Equation 11: ``style`` is lambda_3 theta, ``adversarial`` is lambda_3 epsilon."""

    style: Weight = Field(description="Weight of the cross-Gram matrices of features.")
    adversarial: Weight = Field(
        description="Weight of what a discriminator says of the fused features; 0 trains no discriminator."
    )
    discriminator_learning_rate: float = Field(gt=0, description="The discriminator's own, the same at all steps.")


class DistillationSettings(Settings):
    """Which parts of the teacher's knowledge are carried over; null leaves one out (table 4)."""

    ms_tkd: MSTKDSettings | None = Field(
        title="MS-TKD", description="Attention and tokens of the transformer (MS-TKD)."
    )
    logit: LogitSettings | None = Field(description="The logits.")
    gsme: GSMESettings | None = Field(title="GSME", description="Style of the features (GSME).")
    relative: bool = Field(
        description="Measure evd, mst, logit mse and style as shares of the teacher's own size; "
        "false: as the equations stand, whose values grow with the features."
    )
    teacher_gradients: bool = Field(
        description="Let the terms pull the teacher to the student too, as the published code does."
    )

    @model_validator(mode="after")
    def _something_is_carried_over(self) -> DistillationSettings:
        if self.ms_tkd is None and self.logit is None and self.gsme is None:
            raise ValueError("ms_tkd, logit and gsme are all null; keep one, or set teacher and distillation to null")
        return self

    @property
    def adversarial(self) -> bool:
        """Whether a discriminator is trained."""
        return self.gsme is not None and self.gsme.adversarial > 0


class Objective:
    """Compares student and teacher and weighs what it finds.

    Args:
        settings: The weights. A term of weight 0 is measured all the same.
    """

    def __init__(self, settings: DistillationSettings) -> None:
        self.settings = settings

    def terms(self, teacher: Taps, student: Taps, discriminate: Callable[[Tensor], Tensor] | None) -> Terms:
        """Each term, not yet weighted.

        Args:
            discriminate: The discriminator with its parameters held, when there is one.
        """
        terms = self._relative_terms(teacher, student) if self.settings.relative else self._terms(teacher, student)
        if (logit := self.settings.logit) is not None:
            terms["logit_kl"] = kl_loss(teacher.logits, student.logits, logit.tau)
        if discriminate is not None:
            terms["adversarial"] = adversarial_loss(discriminate(student.f_fused))
        return {name: terms[name] for name in self.weights() if name in terms}

    def _terms(self, teacher: Taps, student: Taps) -> Terms:
        """The squared differences as the equations stand."""
        terms: Terms = {}
        if (ms_tkd := self.settings.ms_tkd) is not None:
            terms["evd"] = evd_loss(teacher.attentions, student.attentions, ms_tkd.reduce)
            terms["mst"] = mst_loss(teacher.scales, student.scales)
        if self.settings.logit is not None:
            terms["logit_mse"] = mse_loss(teacher.logits, student.logits)
        if self.settings.gsme is not None:
            terms["style"] = style_loss(teacher, student)
        return terms

    def _relative_terms(self, teacher: Taps, student: Taps) -> Terms:
        """The same differences as shares of the teacher's size."""
        terms: Terms = {}
        if (ms_tkd := self.settings.ms_tkd) is not None:
            values = [extreme_values(taps.attentions, ms_tkd.reduce) for taps in (teacher, student)]
            terms["evd"] = relative_difference(*values)
            terms["mst"] = relative_difference(teacher.scales, student.scales)
        if self.settings.logit is not None:
            terms["logit_mse"] = relative_difference([teacher.logits], [student.logits])
        if self.settings.gsme is not None:
            terms["style"] = relative_difference(cross_grams(teacher), cross_grams(student))
        return terms

    def weights(self, step: int | None = None) -> dict[str, float]:
        """Each term's weight at a step, counted from 0; without a step, after the ramp."""
        weights: dict[str, float] = {}
        if (ms_tkd := self.settings.ms_tkd) is not None:
            weights |= {"evd": ms_tkd.evd, "mst": ms_tkd.mst}
        if (logit := self.settings.logit) is not None:
            ramp = 1.0 if step is None or not logit.ramp else min(1.0, step / logit.ramp)
            weights |= {"logit_mse": ramp * logit.mse, "logit_kl": ramp * logit.kl}
        if (gsme := self.settings.gsme) is not None:
            weights |= {"style": gsme.style, "adversarial": gsme.adversarial}
        return weights

    def active(self) -> list[str]:
        """The terms whose weight is above 0."""
        return [name for name, weight in self.weights().items() if weight]

    def weighted(self, terms: Terms, step: int) -> Tensor:
        """The sum of all terms times their weights at a step."""
        weights = self.weights(step)
        return torch.stack([weights[name] * term for name, term in terms.items()]).sum()


def outside_first_step_range(weighted: Mapping[str, float]) -> list[str]:
    """The names of the terms whose weighted value (after the ramp) is not between 0.05 and 1."""
    low, high = FIRST_STEP_RANGE
    return [name for name, value in weighted.items() if not low <= value <= high]
