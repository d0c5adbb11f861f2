"""The learning rate over a run."""

from __future__ import annotations

import math

from mstkd.training.config import TrainingConfig

FLOOR = 0.01
"""Share of the last phase's rate that is left at its end, so that the last steps still learn."""
POWER = 0.9
"""Of the polynomial decay, as in the published code."""


def learning_rate(step: int, config: TrainingConfig) -> float:
    """The rate at a step, counted from 0.

    In each phase it falls from the phase's own to the next one's, in the last to 1 % of
    its own: ``end + (start - end) f(share)`` with ``f = (1 + cos(pi share)) / 2`` or
    ``f = (1 - share)^0.9``. The first steps rise linearly.
    """
    rates = [phase.learning_rate for phase in config.phases]
    ends = [*rates[1:], FLOOR * rates[-1]]
    first = 0
    rate = ends[-1]
    for phase, end in zip(config.phases, ends, strict=True):
        if step < first + phase.steps:
            share = (step - first) / phase.steps
            cosine = config.optimizer.schedule == "cosine"
            fall = (1 + math.cos(math.pi * share)) / 2 if cosine else (1 - share) ** POWER
            rate = end + (phase.learning_rate - end) * fall
            break
        first += phase.steps
    return rate * min(1.0, (step + 1) / max(1, config.optimizer.warmup))
