"""Memory that a training on a CPU frees stays with its process."""

from __future__ import annotations

import ctypes
import platform

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
"""As glibc's malloc.h has them."""


def keep_freed_memory() -> None:
    """Use freed memory again instead of giving it back to the system, where malloc is glibc's.

    Otherwise every large feature map is asked for and zeroed anew, page by page (docs/training.md has
    what that costs). Until it ends the process holds the most that it has needed. A malloc that refuses
    costs time, no more.
    """
    if platform.libc_ver()[0] == "glibc":
        malloc = ctypes.CDLL(None).mallopt
        malloc(_MMAP_MAX, 0)
        malloc(_TRIM_THRESHOLD, -1)  # never
