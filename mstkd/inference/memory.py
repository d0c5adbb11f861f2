"""How much memory this process has used, and whether it was too little."""

from __future__ import annotations

import sys

import psutil


def peak_memory_gb() -> float:
    """Highest resident memory of this process so far, in GB (10^9 bytes)."""
    if sys.platform == "win32":
        return float(psutil.Process().memory_info().peak_wset) / 1e9
    import resource  # POSIX only

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9


_OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "_STATUS_ALLOC_FAILED")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error of torch says that memory ran out; it has no class of its own for a CPU, cuDNN or cuBLAS."""
    return isinstance(error, MemoryError) or any(words in str(error) for words in _OUT_OF_MEMORY)
