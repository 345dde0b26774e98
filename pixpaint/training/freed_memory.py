"""Memory that a step of training frees, kept for the next one.

glibc gives large blocks back to the system at once, and each time they come again the kernel has to clear every
page: a quarter of a step's time on two cores, where a step's tensors are of the same sizes as those of the one before.
"""

import ctypes

# The names of <malloc.h>.
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4
MOST = 2**31 - 1
"""A C int's"""
PAD = 64 << 20
"""bytes that the heap grows by, if it must"""


def keep_freed_memory() -> bool:
    """From now on this process gives no freed memory back; the most that it ever needed at once it keeps. False where
    the C library has no `mallopt`, and so nothing has changed."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    settings = {M_MMAP_MAX: 0, M_TRIM_THRESHOLD: MOST, M_TOP_PAD: PAD}
    return bool(min(mallopt(name, value) for name, value in settings.items()))
