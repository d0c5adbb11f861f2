"""Lightning Fabric for one device, or for all processes that torchrun started."""

from __future__ import annotations

import os

import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from torch import Tensor

from mstkd.errors import InputError
from mstkd.inference.memory import peak_memory_gb
from mstkd.training.config import Precision


def make_fabric(device: torch.device, precision: Precision) -> Fabric:
    """One process on ``device``, or data-parallel processes under torchrun, one a device.

    Args:
        precision: The one that is wished for.
    """
    kind, used = device.type, used_precision(device, precision)
    if "TORCHELASTIC_RUN_ID" in os.environ:
        here, everywhere = int(os.environ["LOCAL_WORLD_SIZE"]), int(os.environ["WORLD_SIZE"])
        if kind == "cuda" and here > torch.cuda.device_count():
            raise InputError(
                f"torchrun started {here} processes for {torch.cuda.device_count()} GPUs; lower --nproc-per-node."
            )
        fabric = Fabric(
            accelerator=kind,
            devices=here,
            num_nodes=everywhere // here,
            strategy="ddp",
            precision=used,
        )
    else:
        # Named, so that a cluster's environment is not taken for a request for more processes.
        devices = [device.index or 0] if kind == "cuda" else 1
        fabric = Fabric(accelerator=kind, devices=devices, precision=used, plugins=[LightningEnvironment()])
    fabric.launch()
    return fabric


def used_precision(device: torch.device, wish: Precision) -> Precision:
    """What a run computes in: 32 bits on a CPU that multiplies no bfloat16 matrices, whatever is wished for."""
    return wish if device.type == "cuda" or has_bfloat16_matrices() else "32-true"


def has_bfloat16_matrices() -> bool:
    """Whether this CPU multiplies bfloat16 matrices itself (Intel AMX); others are slower with them than in 32 bits."""
    # Older versions of torch do not tell.
    return hasattr(torch.cpu, "get_capabilities") and bool(torch.cpu.get_capabilities().get("amx_bf16"))


def peak_gb(device: torch.device) -> float:
    """The most memory that this process has had in use so far, on a GPU or in all, in GB."""
    return torch.cuda.max_memory_allocated(device) / 1e9 if device.type == "cuda" else peak_memory_gb()


def total(fabric: Fabric, tensor: Tensor) -> Tensor:
    """The sum of a tensor over all processes of the run."""
    if fabric.world_size == 1:
        return tensor
    summed = fabric.all_reduce(tensor, reduce_op="sum")
    assert isinstance(summed, Tensor)
    return summed
