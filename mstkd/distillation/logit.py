"""Dual-mode logit distillation (section 2.3, equations 5 to 8)."""

from __future__ import annotations

import torch
from torch import Tensor

EPSILON = 1e-7
"""Added to the standard deviation in equation 6."""


def mse_loss(teacher: Tensor, student: Tensor) -> Tensor:
    """Equation 5: mean square difference of logits ``(B, classes, H, W, D)``."""
    return (teacher - student).square().mean()


def kl_loss(teacher: Tensor, student: Tensor, tau: float) -> Tensor:
    """Equations 6 to 8: ``tau^2 KL(q(teacher) || q(student))`` of standardised logits, mean over voxels.

    Per voxel the logits are z-scored over the classes and divided by tau, so that a
    positive factor and an offset per voxel change nothing ("SLKD" in the paper's table 4).

    Args:
        teacher: ``(B, classes, H, W, D)`` logits.
        student: The same of the student.
        tau: Temperature.
    """
    log_t, log_s = (torch.log_softmax(standardise(logits) / tau, dim=1) for logits in (teacher, student))
    return tau**2 * (log_t.exp() * (log_t - log_s)).sum(dim=1).mean()


def standardise(logits: Tensor) -> Tensor:
    """``(l - mean) / (sigma + 1e-7)`` over the class axis, with the population's sigma (equation 6)."""
    deviation, mean = torch.std_mean(logits, dim=1, correction=0, keepdim=True)
    return (logits - mean) / (deviation + EPSILON)
