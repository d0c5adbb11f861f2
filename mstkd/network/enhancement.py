"""Enhancement found without the sequences that hide it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import torch
from torch import Tensor

from mstkd.modalities import CHANNELS, Modality, modality_mask
from mstkd.network.architecture import Architecture
from mstkd.network.mst_kdnet import MSTKDNet, Taps
from mstkd.regions import Tissue

CORE = [Tissue.NETC.value, Tissue.ET.value]


class EnhancementWithout(MSTKDNet):
    """An MST-KDNet that looks a second time, with fewer sequences, at what of the core enhances.

    Where none of the patients with some sequence had enhancement, a network learns that this sequence speaks
    against it. With T1Gd given, such a one is left out of the second look:

        P(ET) = P(TC | all) P(ET | TC, the rest),    P(NETC) = P(TC | all) P(NETC | TC, the rest)

    Whole tumour and core stay as they are, the regions stay nested, and without T1Gd or without the sequence
    there is no second look. Which sequences remain is one of its weights, so that a package's hash covers it.
    """

    kept: Tensor

    def __init__(self, architecture: Architecture, without: Collection[str]) -> None:
        """Build the network; its weights are random.

        Args:
            without: Short names of the sequences to leave out; not T1Gd, in which enhancement shows.

        Raises:
            ValueError: T1Gd is one of them, or a name is none.
        """
        super().__init__(architecture)
        left_out = {Modality(name) for name in without}
        if Modality.T1GD in left_out:
            raise ValueError("enhancement cannot be found without T1Gd")
        self.register_buffer("kept", torch.tensor(modality_mask([m for m in CHANNELS if m not in left_out])))

    @property
    def enhancement_without(self) -> tuple[str, ...]:
        """Short names of the sequences that the second look leaves out."""
        return tuple(m.value for m, kept in zip(CHANNELS, self.kept.tolist(), strict=True) if not kept)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Logits ``(B, 4, H, W, D)``; arguments and errors as of `MSTKDNet.forward`."""
        return self._looked_again(super().forward(x, mask), x, mask)

    def forward_with_taps(self, x: Tensor, mask: Tensor) -> Taps:
        """The same logits; the taps are those of the first look."""
        taps = super().forward_with_taps(x, mask)
        return replace(taps, logits=self._looked_again(taps.logits, x, mask))

    def _looked_again(self, logits: Tensor, x: Tensor, mask: Tensor) -> Tensor:
        given = mask.bool()
        again = (given & ~self.kept).any(dim=1) & given[:, Modality.T1GD.channel]
        if not again.any():
            return logits
        fewer = super().forward(x[again] * self.kept[:, None, None, None], given[again] & self.kept)
        core = logits[again][:, CORE].float().logsumexp(dim=1, keepdim=True)
        divided = logits.float().clone()
        divided[again.nonzero(), CORE] = core + fewer[:, CORE].float().log_softmax(dim=1)
        return divided
