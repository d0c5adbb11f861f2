"""How a package holds weights: kernels and matrices in 8 bits, everything else in half precision.

An 8-bit tensor goes with one factor for each slice along its first axis, ``NAME.scale``: weight = code x factor.
Predictions do not suffer (docs/student.md), and archives and clones are half the size.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

SCALE = ".scale"
STEPS = 31
"""From 0 to a slice's largest weight; more of them would compress worse and gain nothing."""


def encoded(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights as a package holds them, on the CPU.

    A tensor of several axes becomes int8 codes, at most half a step from the weights, with float32 factors
    ``(n,)``; another becomes float16.
    """
    tensors: dict[str, Tensor] = {}
    for name, weight in weights.items():
        values = weight.detach().float().cpu()
        if values.ndim < 2:
            tensors[name] = values.half()
            continue
        largest = values.flatten(1).abs().amax(dim=1)
        factors = (largest / STEPS).clamp_min(torch.finfo(torch.float32).tiny)
        tensors[name] = (values / _beside(factors, values)).round().to(torch.int8).contiguous()
        tensors[name + SCALE] = factors
    return tensors


def decoded(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of a package; those in 8 bits as float32, others as they are.

    Packages of format 2 hold all of them in half precision.

    Raises:
        ValueError: Codes and factors do not belong together, or a factor is no finite float32.
    """
    coded = {name for name, tensor in tensors.items() if tensor.dtype is torch.int8}
    for name in coded:
        factors = tensors.get(name + SCALE)
        if factors is None or factors.dtype is not torch.float32 or factors.shape != tensors[name].shape[:1]:
            raise ValueError(f"{name} lacks its factors")
        if not factors.isfinite().all():
            raise ValueError(f"{name} has a factor that is no number")
    beside = {name + SCALE for name in coded}
    return {
        name: tensor.float() * _beside(tensors[name + SCALE], tensor) if name in coded else tensor
        for name, tensor in tensors.items()
        if name not in beside
    }


def read_encoded(data: bytes) -> dict[str, Tensor]:
    """The weights in a safetensors file's content, `decoded`.

    Raises:
        ValueError: It is none, or holds what no package does.
    """
    try:
        return decoded(load(data))
    except (SafetensorError, KeyError) as error:  # KeyError: a kind of number that torch lacks
        raise ValueError("no weights of a package") from error


def _beside(factors: Tensor, values: Tensor) -> Tensor:
    return factors.view(-1, *[1] * (values.ndim - 1))
