"""A squared difference as a share of the teacher's own size."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def relative_difference(teacher: Sequence[Tensor], student: Sequence[Tensor]) -> Tensor:
    """``sum of mean((t - s)^2) / sum of mean(t^2)`` per sample over corresponding tensors, mean over the batch.

    The terms of equations 4, 5 and 11 are such sums, up to a factor. Features grow as the
    networks learn, and raw squares with them; as shares they keep their weight. No
    gradient flows through the teacher's size.

    Args:
        teacher: Tensors ``(B, ...)``.
        student: The same of the student.
    """
    difference = torch.stack([_means(t - s) for t, s in zip(teacher, student, strict=True)]).sum(dim=0)
    size = torch.stack([_means(t.detach()) for t in teacher]).sum(dim=0)
    return (difference / size.clamp_min(torch.finfo(size.dtype).tiny)).mean()


def _means(tensor: Tensor) -> Tensor:
    return tensor.square().flatten(1).mean(dim=1)
