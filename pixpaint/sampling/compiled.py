"""How the `fused` engine's loops are compiled: by numba, once a machine, kept in the user's cache folder."""

from collections.abc import Callable
from typing import Any

from numba import njit

inner: Callable[..., Any] = njit(nogil=True, fastmath=True, error_model="numpy")
"""For what the loops call: compiled into them."""

compiled: Callable[..., Any] = njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
"""For the loops themselves, which Python calls. The GIL is released."""
