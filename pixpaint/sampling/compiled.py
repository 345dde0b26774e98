"""How the `fused` engine's loops are compiled: by numba, kept in a folder of their own (see compile_cache.py)."""

from collections.abc import Callable
from typing import Any

import numba
from numba.core import config

from pixpaint.sampling import compile_cache

KEPT = compile_cache.can_keep()
"""Whether there is a folder to keep them in; else they are compiled anew by each program."""

settings: Any = config  # whose names are made when it is imported
if KEPT:
    settings.CACHE_DIR = str(compile_cache.folder())

inner: Callable[..., Any] = numba.njit(nogil=True, fastmath=True, error_model="numpy")
"""For what the loops call: compiled into them."""


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """For the loops themselves, which Python calls. The GIL is released while they run."""
    loop: Any = inner(function)
    if KEPT:
        loop.enable_caching()
    kept: Callable[..., Any] = loop
    return kept
