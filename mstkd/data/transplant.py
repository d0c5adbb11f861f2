"""A real tumour in another real head, as augmentation."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from mstkd.regions import Tissue

EDGE = 5
"""Voxels over which the donor's image fades into the recipient's."""


def transplant(recipient: tuple[Tensor, Tensor, Tensor], donor: tuple[Tensor, Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """The recipient's image and labels with the donor's tumour in them, where both have brain.

    ``v = (1 - m) v_recipient + m v_donor``, with m the donor's whole tumour averaged over
    `EDGE` voxels. Both images are z-scored inside the brain, so that their grey values agree.

    Args:
        recipient: Image ``(C, H, W, D)``, labels ``(H, W, D)`` of our classes and brain ``(H, W, D)`` bool.
        donor: The same of the donor, placed so that its tumour lies where it shall lie.
    """
    (image, labels, brain), (other, tumour, other_brain) = recipient, donor
    common = brain & other_brain
    moved = (tumour != Tissue.BACKGROUND) & common
    soft = F.avg_pool3d(moved[None, None].to(image.dtype), EDGE, stride=1, padding=EDGE // 2)[0, 0] * common
    return torch.lerp(image, other, soft.expand_as(image)), torch.where(moved, tumour, labels)
