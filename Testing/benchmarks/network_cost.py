"""What one forward pass costs: `paper`, `compact` and MONAI's SegResNet(16) in the same run.

Prints one JSON object. Each network runs in a process of its own, so that peak memory is
its own; the three take turns, and medians over the turns are given, with each network's
time as a ratio to SegResNet's of the same turn.

    .venv/bin/python Testing/benchmarks/network_cost.py [--turns 3]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from statistics import median

SIZE = (160, 192, 128)
NETWORKS = ("segresnet16", "compact", "paper")
PUBLISHED = {"parameters_m": 154.3, "gmac": 449.5}


def measure(name: str) -> dict[str, float]:
    import torch
    from monai.networks.nets import SegResNet
    from torch.utils.flop_counter import FlopCounterMode

    from mstkd.inference.memory import peak_memory_gb
    from mstkd.network import PRESETS, MSTKDNet

    x, mask = torch.randn(1, 4, *SIZE), torch.ones(1, 4)
    if name == "segresnet16":
        network, inputs = SegResNet(init_filters=16, in_channels=4, out_channels=4), (x,)
    else:
        network, inputs = MSTKDNet(PRESETS[name]), (x, mask)
    network.eval()
    before = peak_memory_gb()
    with torch.inference_mode():
        started = time.perf_counter()
        network(*inputs)
        seconds = time.perf_counter() - started
        peak = peak_memory_gb()
        with FlopCounterMode(display=False) as counter:
            network(*inputs)
    return {
        "parameters_m": sum(p.numel() for p in network.parameters()) / 1e6,
        "gmac": counter.get_total_flops() / 2e9,
        "seconds": seconds,
        "peak_gb": peak,
        "forward_gb": peak - before,
        "threads": torch.get_num_threads(),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--one", choices=NETWORKS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(arguments.one)))
        return
    turns = []
    for _ in range(arguments.turns):
        turn = {}
        for name in NETWORKS:
            answer = subprocess.run([sys.executable, __file__, "--one", name], stdout=subprocess.PIPE, check=True)
            turn[name] = json.loads(answer.stdout)
        turns.append(turn)
    report: dict[str, object] = {"size": SIZE, "turns": len(turns), "published": PUBLISHED}
    for name in NETWORKS:
        values = {key: round(median(turn[name][key] for turn in turns), 2) for key in turns[0][name]}
        ratio = median(turn[name]["seconds"] / turn["segresnet16"]["seconds"] for turn in turns)
        report[name] = {**values, "seconds_over_segresnet16": round(ratio, 2)}
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
