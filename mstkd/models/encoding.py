"""How a package holds weights: kernels and matrices in 8 or 4 bits, everything else in half precision.

A tensor in 8 or 4 bits goes with one factor for each slice along its first axis, ``NAME.scale``:
weight = code x factor. What predictions lose stands in docs/student.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

Bits = Literal[4, 8]
Shapes = Mapping[str, Sequence[int]]

SCALE = ".scale"
STEPS: dict[Bits, int] = {8: 127, 4: 7}
"""The largest code; the least is minus that."""
ZERO = 8
"""Added to a code of 4 bits, of which the first of two in a byte takes the upper half."""
CLIPPED = torch.linspace(1.0, 0.3, 15)
"""Shares of a slice's largest weight, one of which is the largest that 4 bits hold."""


def encoded(weights: Mapping[str, Tensor], bits: Bits = 8) -> dict[str, Tensor]:
    """Weights as a package holds them, on the CPU.

    A tensor ``(n, ...)`` of several axes goes with float32 factors ``(n,)``. In 8 bits it becomes int8 codes of
    its shape, at most half a step from the weights; in 4 bits uint8 ``(n, m)``, two codes of a slice to a byte,
    with the factor whose squared error is least. Another tensor becomes float16.
    """
    tensors: dict[str, Tensor] = {}
    for name, weight in weights.items():
        values = weight.detach().float().cpu()
        if values.ndim < 2:
            tensors[name] = values.half()
            continue
        slices, steps = values.flatten(1), STEPS[bits]
        largest = slices.abs().amax(dim=1).clamp_min(steps * torch.finfo(torch.float32).tiny)
        factors = largest / steps
        if bits == 4:
            errors = [_squared_error(slices, factors * share, steps) for share in CLIPPED]
            factors = factors * CLIPPED[torch.stack(errors).argmin(dim=0)]
        codes = _codes(slices, factors, steps)
        tensors[name] = codes.to(torch.int8).view_as(values) if bits == 8 else _packed(codes)
        tensors[name + SCALE] = factors
    return tensors


def decoded(tensors: Mapping[str, Tensor], shapes: Shapes) -> dict[str, Tensor]:
    """The weights of a package; those in 8 or 4 bits as float32, others as they are.

    Packages of format 2 hold all of them in half precision.

    Args:
        shapes: Of the network's weights.

    Raises:
        ValueError: The weights are of other names or shapes, codes and factors do not belong together, or a
            weight is not finite.
    """
    coded = {name for name, tensor in tensors.items() if tensor.dtype in (torch.int8, torch.uint8)}
    beside = {name + SCALE for name in coded}
    if tensors.keys() - beside != shapes.keys():
        raise ValueError("other names")
    weights = {name: _weight(name, tensors, shapes[name]) if name in coded else tensors[name] for name in shapes}
    if any(tuple(weight.shape) != tuple(shapes[name]) for name, weight in weights.items()):
        raise ValueError("other shapes")
    return weights


def read_encoded(data: bytes, shapes: Shapes) -> dict[str, Tensor]:
    """The weights in a safetensors file's content, `decoded`.

    Raises:
        ValueError: It is none, or holds what no package does.
    """
    try:
        return decoded(load(data), shapes)
    except (SafetensorError, KeyError) as error:  # KeyError: a kind of number that torch lacks
        raise ValueError("no weights of a package") from error


def _weight(name: str, tensors: Mapping[str, Tensor], shape: Sequence[int]) -> Tensor:
    codes, factors = tensors[name], tensors.get(name + SCALE)
    if factors is None or factors.dtype is not torch.float32 or factors.shape != codes.shape[:1]:
        raise ValueError(f"{name} lacks its factors")
    if codes.dtype is torch.uint8:
        codes = _unpacked(codes, shape)
    weight = codes.float() * factors.view(-1, *[1] * (codes.ndim - 1))
    if not weight.isfinite().all():
        raise ValueError(f"{name} is no number somewhere")
    return weight


def _codes(slices: Tensor, factors: Tensor, steps: int) -> Tensor:
    return (slices / factors[:, None]).round().clamp(-steps, steps)


def _squared_error(slices: Tensor, factors: Tensor, steps: int) -> Tensor:
    return (slices - _codes(slices, factors, steps) * factors[:, None]).square().sum(dim=1)


def _packed(codes: Tensor) -> Tensor:
    pairs = F.pad(codes + ZERO, (0, codes.shape[1] % 2)).to(torch.uint8).unflatten(1, (-1, 2))
    return pairs[..., 0] * 16 + pairs[..., 1]


def _unpacked(packed: Tensor, shape: Sequence[int]) -> Tensor:
    """Codes of the shape; a ValueError when it needs another number of them."""
    values = math.prod(shape[1:])
    if packed.shape != (shape[0], (values + 1) // 2):
        raise ValueError("other shapes")
    codes = torch.stack([packed // 16, packed % 16], dim=2).flatten(1)[:, :values]
    return (codes.to(torch.int8) - ZERO).view(*shape)
