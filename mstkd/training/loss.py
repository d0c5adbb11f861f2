"""Segmentation loss on the regions that a case's reference really knows."""

from __future__ import annotations

from functools import reduce

import torch
from torch import Tensor

from mstkd.regions import REGIONS, Tissue

TUMOUR = slice(Tissue.BACKGROUND + 1, None)
"""The classes of a whole tumour, all but background; a slice, as indexing with a list is slow backwards."""


def segmentation_loss(logits: Tensor, labels: Tensor, known: Tensor) -> Tensor:
    """Smoothed Dice over known regions plus cross-entropy, mean over the batch.

    Args:
        logits: ``(B, 4, H, W, D)``.
        labels: ``(B, H, W, D)`` of our classes; a whole-tumour-only case marks tumour as SNFH.
        known: ``(B, 3)``, which of WT, TC and ET the reference knows.
    """
    log_p = torch.log_softmax(logits.float(), dim=1)
    return dice_loss(log_p.exp(), labels, known) + cross_entropy(log_p, labels, known)


def dice_loss(probabilities: Tensor, labels: Tensor, known: Tensor, smooth: float = 100.0) -> Tensor:
    """``1 - (2 sum(p g) + s) / (sum(p) + sum(g) + s)``, mean over each case's known regions, then over the cases.

    The smoothing s (voxels, about 0.1 mL at 1 mm) gives an empty region a loss that falls
    as invented voxels vanish, instead of a constant 1. Arguments as of `segmentation_loss`.
    """
    # All at once: taking one class after the other is slow backwards.
    classes, labels = probabilities.flatten(2).unbind(dim=1), labels.flatten(1)
    terms = []
    for region in REGIONS:
        p = reduce(torch.add, (classes[tissue] for tissue in region.tissues))
        g = torch.stack([labels == tissue for tissue in region.tissues]).any(dim=0).to(p.dtype)
        terms.append(1 - (2 * (p * g).sum(1) + smooth) / (p.sum(1) + g.sum(1) + smooth))
    # What is unknown weighs 0, rather than being left out: asking a GPU which it is would make it wait.
    weights = known.to(probabilities.dtype)
    return ((torch.stack(terms, dim=1) * weights).sum(1) / weights.sum(1)).mean()


def cross_entropy(log_p: Tensor, labels: Tensor, known: Tensor) -> Tensor:
    """Negative log-probability of the classes that the reference allows, mean over voxels and cases.

    With all regions known this is the usual four-class cross-entropy. When only the
    whole tumour is known, a tumour voxel allows NETC, SNFH and ET alike. Arguments as of
    `segmentation_loss`, with the logarithms of probabilities.
    """
    exact = log_p.gather(1, labels[:, None])[:, 0]
    whole = torch.where(labels > 0, torch.logsumexp(log_p[:, TUMOUR], dim=1), log_p[:, Tissue.BACKGROUND])
    return -torch.where(known.all(dim=1)[:, None, None, None], exact, whole).mean()
