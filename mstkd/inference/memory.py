"""How much memory this process has used."""

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
