"""In which precision a run computes."""

import platform
from pathlib import Path

import pytest
import torch

from mstkd.training.devices import has_bfloat16_matrices, make_fabric

CPU = torch.device("cpu")


def computed_in(precision: str) -> torch.dtype:
    with make_fabric(CPU, precision).autocast():
        return torch.nn.functional.linear(torch.ones(2, 4), torch.ones(3, 4)).dtype


@pytest.mark.skipif(platform.system() != "Linux", reason="only Linux has /proc/cpuinfo")
def test_whether_a_cpu_has_bfloat16_matrices_is_what_linux_says():
    flags = {word for line in Path("/proc/cpuinfo").read_text().splitlines() for word in line.split()}
    assert has_bfloat16_matrices() == ("amx_bf16" in flags)


@pytest.mark.parametrize("there", [True, False])
def test_a_cpu_computes_in_bfloat16_where_it_multiplies_it_itself(there, monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": there})
    assert computed_in("bf16-mixed") is (torch.bfloat16 if there else torch.float32)
    assert computed_in("32-true") is torch.float32
