"""How the `fused` engine's loops are compiled: by numba, kept in the user's cache folder (see compile_cache.py)."""

from collections.abc import Callable
from typing import Any

import numba
from numba.core import config

from pixpaint.sampling import compile_cache

settings: Any = config  # whose names are made when it is imported
if not settings.CACHE_DIR:  # NUMBA_CACHE_DIR sets it
    settings.CACHE_DIR = str(compile_cache.folder())

inner: Callable[..., Any] = numba.njit(nogil=True, fastmath=True, error_model="numpy")
"""For what the loops call: compiled into them."""


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """For the loops themselves, which Python calls. The GIL is released while they run."""
    loop: Callable[..., Any] = inner(function)
    try:
        loop.enable_caching()  # type: ignore[attr-defined]
    except RuntimeError:  # no folder can be written: compiled anew each time
        return loop
    return loop
