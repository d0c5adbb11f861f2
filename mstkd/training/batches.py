"""Batches from worker processes, by number; a worker that dies is replaced."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Subset

from mstkd.errors import InputError

_DEAD_WORKER = re.compile(r"DataLoader worker \(pid.*\) (exited unexpectedly|is killed by signal)")
MOST_RESTARTS = 5
"""In a row without a batch; then the fault is not a passing one."""


def batches(
    stream: Dataset[dict[str, Tensor]],
    *,
    first: int,
    last: int,
    size: int,
    rank: int,
    processes: int,
    workers: int,
    restarted: Callable[[str], None],
) -> Iterator[dict[str, Tensor]]:
    """This process's share of the batches ``first`` to ``last - 1`` of ``size`` samples.

    Batch b holds samples ``b size`` to ``(b + 1) size - 1``; each process takes an equal
    run of them, so that all together see what one process alone would.

    Args:
        restarted: Told why when the workers had to be started again.

    Raises:
        InputError: A sample cannot be drawn, or the workers keep dying.
    """
    share = size // processes
    tries = 0
    while first < last:
        numbers = [b * size + rank * share + i for b in range(first, last) for i in range(share)]
        # A generator of its own: a restart must not move the run's random states.
        loader = DataLoader(
            Subset(stream, numbers),
            batch_size=share,
            num_workers=workers,
            generator=torch.Generator(),
        )
        try:
            waiting = iter(loader)
            if workers and hasattr(signal, "SIGCHLD"):
                # torch would raise of a worker's death wherever the run just is, in the middle of a step;
                # the iterator finds it out too, when it waits for a batch.
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for batch in waiting:
                yield batch
                first, tries = first + 1, 0
        except InputError as error:
            # From a worker it comes wrapped in the worker's traceback; its last line is the sentence.
            raise InputError(str(error).strip().splitlines()[-1].rpartition("InputError: ")[2]) from error
        except RuntimeError as error:
            # The system kills workers when memory runs short; their samples can be drawn again.
            if not _DEAD_WORKER.search(str(error)):
                raise
            if tries == MOST_RESTARTS:
                raise InputError(
                    "the processes that prepare samples keep dying, most likely for want of memory; resume "
                    "with fewer of them: --set sampling.workers=1."
                ) from error
            tries += 1
            restarted(str(error).splitlines()[0])
