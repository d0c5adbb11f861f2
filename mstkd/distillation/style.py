"""Global style matching (section 2.4, equations 9 to 11)."""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from mstkd.network import Taps


def style_loss(teacher: Taps, student: Taps) -> Tensor:
    """The second part of equation 11 with theta 1: ``sum over M of mean((M(teacher) - M(student))^2) / 4``.

    n^2 of the equation is the number of entries of M.
    """
    pairs = zip(cross_grams(teacher), cross_grams(student), strict=True)
    return torch.stack([(t - s).square().mean() / 4 for t, s in pairs]).sum()


def cross_grams(taps: Taps) -> list[Tensor]:
    """M_1, M_2 and M_3 of equation 10, each ``(B, C, C')`` and divided once by HWD."""
    enc, dec, t = (f.flatten(2) for f in (taps.f_enc, taps.f_dec, taps.f_t))
    count = enc.shape[-1]
    return [a @ b.transpose(1, 2) / count for a, b in ((enc, dec), (enc, t), (dec, t))]


class Discriminator(nn.Sequential):
    """D of equation 9: f_enc&t ``(B, C, h, w, d)`` of any size to a map of logits, teacher or not.

    Convolutions to 64, 128, 256 and 1 maps, kernel 4, stride 2, leaky ReLU 0.2. The
    padding of 2 leaves at least one voxel at each step, whatever the size.

    Spectral normalisation, which the paper does not have, bounds the gradient that D hands
    to the student: once D tells the two apart, the term would drown all others.
    """

    def __init__(self, channels: int) -> None:
        widths = (channels, 64, 128, 256, 1)
        layers: list[nn.Module] = []
        for a, b in pairwise(widths):
            convolution = nn.Conv3d(a, b, kernel_size=4, stride=2, padding=2)
            layers += [spectral_norm(convolution), nn.LeakyReLU(0.2)]
        super().__init__(*layers[:-1])


def adversarial_loss(of_student: Tensor) -> Tensor:
    """What the student minimises: ``-log D(f(student))``, mean over D's map.

    Equation 9 as a pair of losses of the usual sign: D learns the teacher as real and
    the student as fake, the student to be taken for the teacher.

    Args:
        of_student: D's logits for the student.
    """
    return F.softplus(-of_student).mean()


def discriminator_loss(of_teacher: Tensor, of_student: Tensor) -> Tensor:
    """What D minimises: ``-log D(f(teacher)) - log(1 - D(f(student)))``, each a mean over D's map."""
    return F.softplus(-of_teacher).mean() + F.softplus(of_student).mean()
