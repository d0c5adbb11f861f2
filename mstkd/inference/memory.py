"""How much memory this process has used, and whether it was too little."""

from __future__ import annotations

import ctypes
import platform
import sys

import psutil

# Of glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX, _M_ARENA_MAX = -1, -2, -4, -8


def peak_memory_gb() -> float:
    """Highest resident memory of this process so far, in GB (10^9 bytes)."""
    if sys.platform == "win32":
        return float(psutil.Process().memory_info().peak_wset) / 1e9
    import resource  # POSIX only

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9


def keep_freed_memory() -> None:
    """Use freed memory again instead of giving it back to the system, where malloc is glibc's; call it early.

    Otherwise every large feature map is asked for and zeroed anew, page by page
    (Testing/benchmarks/step_cost.py). The process keeps the most that it has needed.
    """
    if platform.libc_ver()[0] != "glibc":
        return
    malloc = ctypes.CDLL(None).mallopt
    malloc(_M_ARENA_MAX, 1)  # what one thread frees another can use
    malloc(_M_MMAP_MAX, 0)
    malloc(_M_TRIM_THRESHOLD, 2**31 - 1)
    malloc(_M_TOP_PAD, 2**28)


_OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "_STATUS_ALLOC_FAILED")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error of torch says that memory ran out; it has no class of its own for a CPU, cuDNN or cuBLAS."""
    return isinstance(error, MemoryError) or any(words in str(error) for words in _OUT_OF_MEMORY)
