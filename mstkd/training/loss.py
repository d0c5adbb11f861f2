"""Segmentation loss on the regions that a case's reference really knows."""

from __future__ import annotations

import torch
from torch import Tensor

from mstkd.regions import REGIONS, Region, Tissue

TUMOUR = list(Region.WT.tissues)


def segmentation_loss(logits: Tensor, labels: Tensor, known: Tensor) -> Tensor:
    """Smoothed Dice over known regions plus cross-entropy, mean over the batch.

    Args:
        logits: ``(B, 4, H, W, D)``.
        labels: ``(B, H, W, D)`` of our classes; a whole-tumour-only case marks tumour as SNFH.
        known: ``(B, 3)``, which of WT, TC and ET the reference knows.
    """
    log_p = torch.log_softmax(logits.float(), dim=1)
    losses = [dice_loss(p.exp(), y, k) + cross_entropy(p, y, k) for p, y, k in zip(log_p, labels, known, strict=True)]
    return torch.stack(losses).mean()


def dice_loss(probabilities: Tensor, labels: Tensor, known: Tensor, smooth: float = 100.0) -> Tensor:
    """``1 - (2 sum(p g) + s) / (sum(p) + sum(g) + s)``, mean over the known regions.

    The smoothing s (voxels, about 0.1 mL at 1 mm) gives an empty region a loss that falls
    as invented voxels vanish, instead of a constant 1.
    """
    terms = []
    for region, is_known in zip(REGIONS, known, strict=True):
        if is_known:
            p = probabilities[list(region.tissues)].sum(dim=0)
            g = torch.isin(labels, torch.tensor(region.tissues, device=labels.device)).to(p.dtype)
            terms.append(1 - (2 * (p * g).sum() + smooth) / (p.sum() + g.sum() + smooth))
    return torch.stack(terms).mean()


def cross_entropy(log_p: Tensor, labels: Tensor, known: Tensor) -> Tensor:
    """Negative log-probability of the classes that the reference allows, mean over voxels.

    With all regions known this is the usual four-class cross-entropy. When only the
    whole tumour is known, a tumour voxel allows NETC, SNFH and ET alike.
    """
    if bool(known.all()):
        return -log_p.gather(0, labels[None]).mean()
    tumour = torch.logsumexp(log_p[TUMOUR], dim=0)
    return -torch.where(labels > 0, tumour, log_p[Tissue.BACKGROUND]).mean()
