"""One synthetic patient: a head, a tumour in it, its four sequences and its labels."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mstkd.data.synthesis import contrast
from mstkd.data.synthesis.acquisition import Acquisition, acquire, draw_acquisition
from mstkd.data.synthesis.anatomy import FLUID, PARENCHYMA, Anatomy
from mstkd.data.synthesis.contrast import Contrast, draw_contrast
from mstkd.data.synthesis.fields import Noise, Size, looked_up, on_device
from mstkd.data.synthesis.growth import grow
from mstkd.data.synthesis.heads import Head
from mstkd.data.synthesis.placement import Placement, deformed, place
from mstkd.data.synthesis.tumour import masses, plan
from mstkd.preprocessing.intensity import CLIP_PERCENTILES, MASK_STEP
from mstkd.regions import Tissue

Array = np.ndarray
STRIPPED = 0.85
"""Share of the patients whose skull was removed; of others the head is left, as where no brain is found."""
RIM_MM = (-5.0, 1.0)
"""How deep below the brain's surface it was removed, above it where negative: preprocessing leaves a margin,
publishers of data often none."""
SHORT, FLOOR_MM = 0.3, (-30.0, 30.0)
"""Share of the fields of view that end near the brain's lowest point, and where above it."""
INFILTRATED = dict.fromkeys(PARENCHYMA, 0.9) | {
    Anatomy.WHITE: 1.0,
    Anatomy.CORTEX: 0.55,
    Anatomy.CEREBELLAR_CORTEX: 0.5,
    Anatomy.NARROW_SULCUS: 0.4,
}
"""How much of oedema's contrast a tissue takes on."""
BLENDED = 0.85
"""What partial volume leaves of the deviation between tissues."""


def synthesise(
    head: Head, size: Size, rng: np.random.Generator, *, shape: Tensor | None = None, tumour: bool = True
) -> tuple[Tensor, Tensor]:
    """Draw a patient as training sees one.

    Args:
        head: On the device that draws; everything else follows from ``rng``.
        size: Of the result in voxels of 1 mm; may exceed the head.
        shape: The label map ``(h, w, d)`` uint8 of a real tumour, 1 mm, on the head's device;
            half of the tumours take it, turned, scaled and distorted.
        tumour: Whether there is one.

    Returns:
        ``(4, *size)`` float32, FLAIR, T1, T1Gd, T2, z-scored with the brain's mean and
        deviation and 0 outside the brain (of some patients: the head); and
        ``(*size)`` uint8, 1 NETC, 2 SNFH, 3 ET.
    """
    noise = Noise(int(rng.integers(2**62)), head.tissues.device)
    glioma = plan(head, shape, rng)
    placement = place(head, size, glioma.centres[0], rng)
    tissues, depth = deformed(head, placement, masses(glioma, rng) if tumour else (), noise, rng)
    index = tissues.int()
    grey, scan = draw_contrast(glioma.kind, rng), draw_acquisition(rng)
    image = looked_up(grey.means, index)
    texture = _texture(size, noise, rng)
    image.addcmul_(looked_up(grey.deviations, index), texture)
    label = torch.zeros_like(tissues)
    volumes = torch.zeros(3, device=head.tissues.device)
    if tumour:
        levels = grow(glioma, tissues, placement, noise, rng)
        image, label = _with_tumour(image, grey, levels, index, depth, texture, rng)
        volumes = glioma.volumes.to(head.tissues.device)
    mean, deviation, low, high = _brain_statistics(head, grey, scan, volumes)
    image = acquire(image, depth > 0, scan, deviation, high, noise)
    column = (-1, 1, 1, 1)
    low, high = low.view(column), high.view(column)
    image = (image.clamp(min=low, max=high) - mean.view(column)) / deviation.view(column)
    shown = _brain_mask(depth, noise, rng) if rng.random() < STRIPPED else _head_mask(tissues)
    shown[..., : _lowest_slice(head, placement, rng)] = False
    return image * shown, label * shown


def _texture(size: Size, noise: Noise, rng: np.random.Generator) -> Tensor:
    """Variation within tissues, ``(4, *size)``, deviation about 1: some of it the same in all sequences."""
    shared = noise.smooth(1, size, rng.uniform(3, 6))
    own = noise.smooth(4, size, rng.uniform(8, 25))
    return 0.6 * shared + 0.8 * own


def _with_tumour(
    image: Tensor,
    grey: Contrast,
    levels: Tensor,
    index: Tensor,
    depth: Tensor,
    texture: Tensor,
    rng: np.random.Generator,
) -> tuple[Tensor, Tensor]:
    """The image with the tumour's grey values blended in, and the label map."""
    core, oedema, enhancing = levels
    may_be_core = looked_up([kind in (*PARENCHYMA, *FLUID, Anatomy.VESSEL) for kind in Anatomy], index) * (depth > 0)
    takes_on = looked_up([INFILTRATED.get(kind, 0.0) for kind in Anatomy], index) * (depth > 0)
    wet = torch.sigmoid(oedema / rng.uniform(0.4, 2.0)) * takes_on
    wet *= 1 - rng.uniform(0, 0.5) * torch.exp(-oedema.clamp(min=0) / rng.uniform(3, 10))
    solid = torch.sigmoid(core / rng.uniform(0.3, 1.2)) * may_be_core
    bright = torch.sigmoid(enhancing / rng.uniform(0.3, 0.9))
    values = on_device(np.stack([grey.means, grey.deviations]), image.device)
    netc, snfh, et = (
        values[0, :, lesion, None, None, None] + values[1, :, lesion, None, None, None] * texture
        for lesion in (contrast.NETC, contrast.SNFH, contrast.ET)
    )
    image = torch.lerp(torch.lerp(image, snfh, wet), torch.lerp(netc, et, bright), solid)
    label = torch.where((oedema > 0) & (takes_on > 0), Tissue.SNFH.value, Tissue.BACKGROUND.value)
    inner = torch.where(enhancing > 0, Tissue.ET.value, Tissue.NETC.value)
    return image, torch.where((core > 0) & (may_be_core > 0), inner, label).to(torch.uint8)


def _brain_statistics(
    head: Head, grey: Contrast, scan: Acquisition, volumes: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Mean, deviation and clipping limits of the whole brain in each sequence, ``(4,)`` each.

    They follow from the head's tissue shares and the tumour's volume rather than from the
    voxels drawn, so that a patch is scaled as the whole head is.
    """
    device = head.shares.device
    means = on_device(grey.means, device)
    own = on_device(grey.deviations, device)
    bias = on_device(scan.bias, device)[:, None]
    noise = on_device(scan.grain**2 + scan.noise**2, device)
    ill = (volumes / head.brain_ml).clamp(max=0.3)
    shares = torch.cat([head.shares * (1 - ill.sum()), ill])
    mean = (shares * means).sum(dim=1)
    variances = own**2 + (bias * means) ** 2
    spread = (shares * (variances + BLENDED**2 * (means - mean[:, None]) ** 2)).sum(dim=1)
    variances += (noise * spread)[:, None]
    deviation = (spread * (1 + noise)).sqrt()
    tail = CLIP_PERCENTILES[0] / 100
    # In the tissue at the end of the range, all that is beyond the limit makes up the tail.
    reach = -torch.special.ndtri((tail / shares.clamp(min=2 * tail)).clamp(max=0.5)) * variances.sqrt()
    counted = shares > 2 * tail
    low = torch.where(counted, means - reach, torch.inf).amin(dim=1).clamp(min=0)
    high = torch.where(counted, means + reach, -torch.inf).amax(dim=1)
    return mean, deviation, low, high


def _lowest_slice(head: Head, placement: Placement, rng: np.random.Generator) -> int:
    """Where the field of view begins along the third axis; some examinations miss the lower parts of the brain."""
    middle = (np.array(head.tissues.shape) - 1) / 2
    start = placement.to_output(np.array([middle[0], middle[1], head.floor + rng.uniform(*FLOOR_MM)]))[2]
    return max(0, int(start)) if rng.random() < SHORT else 0


def _brain_mask(depth: Tensor, noise: Noise, rng: np.random.Generator) -> Tensor:
    size = (depth.shape[0], depth.shape[1], depth.shape[2])
    rim = rng.uniform(*RIM_MM) + rng.uniform(0, 0.6) * noise.smooth(1, size, 12)[0]
    return depth > rim


def _head_mask(tissues: Tensor) -> Tensor:
    """Outlined as coarsely as preprocessing outlines a real head."""
    head = (tissues != Anatomy.AIR).float()[None, None]
    coarse = functional.max_pool3d(head, MASK_STEP, ceil_mode=True)
    fine = functional.interpolate(coarse, scale_factor=MASK_STEP, mode="nearest")[0, 0] > 0
    return fine[: tissues.shape[0], : tissues.shape[1], : tissues.shape[2]]
