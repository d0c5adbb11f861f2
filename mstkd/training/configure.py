"""A run to be trained elsewhere: its folder with two scripts that need no editing but for what they say."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mstkd.errors import InputError
from mstkd.files import whole_file
from mstkd.runs.layout import CONFIG, DATALIST
from mstkd.training.config import TrainingConfig
from mstkd.training.origins import BASE
from mstkd.training.run import start_run

SCRIPT, SLURM = "train.sh", "train.slurm"


@dataclass(frozen=True)
class Saved:
    """What was written, and the command that the scripts give."""

    files: list[Path]
    command: str


def save_configuration(config: TrainingConfig, datalist: Path, folder: Path, processes: int) -> Saved:
    """Make a run's folder with ``train.sh`` and ``train.slurm``.

    Args:
        processes: That share each batch, one for each GPU.

    Raises:
        InputError: As `start_run`, or there are fewer than one process.
    """
    if processes < 1:
        raise InputError(f"--processes {processes} is too few; give 1 or more.")
    start_run(config, datalist, folder, processes=processes)
    command = (
        f"torchrun --standalone --nproc-per-node {processes} -m mstkd train --resume . --cache cache --device auto"
    )
    cores = processes * (1 + config.sampling.workers)
    _write(folder / SCRIPT, _SCRIPT.format(command=command, datalist=DATALIST, config=CONFIG))
    _write(folder / SLURM, _SLURM.format(processes=processes, cores=cores, script=SCRIPT, slurm=SLURM))
    names = [CONFIG, DATALIST, *([BASE] if config.start_from is not None else []), SCRIPT, SLURM]
    return Saved([folder / name for name in names], command)


def _write(path: Path, text: str) -> None:
    with whole_file(path) as draft:
        draft.write_text(text, encoding="utf-8", newline="\n")
        draft.chmod(0o755)


_SCRIPT = """\
#!/bin/sh
# Trains the run of this folder; after an interruption the same command goes on with it.
# Wants the engine on this machine: pip install . in a checkout, and its environment activated.
# Where the images lie in another place here, correct their paths in {datalist}, and those of models in {config}.
set -eu
cd "$(dirname "$0")"
exec {command}
"""

_SLURM = """\
#!/bin/sh
# Submit from this folder: sbatch {slurm}
# Edit the time, add what your cluster wants (--partition, --account), and activate the engine's environment below.
#SBATCH --job-name=mstkd
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task={cores}
#SBATCH --gres=gpu:{processes}
#SBATCH --time=24:00:00
#SBATCH --output=slurm-%j.log
# Ends the run with a checkpoint before the time is over; submit it again to go on.
#SBATCH --signal=B:TERM@300
cd "${{SLURM_SUBMIT_DIR:?submit this file with sbatch from its own folder}}"
# e.g.: . ~/mstkd/bin/activate
exec sh {script}
"""
