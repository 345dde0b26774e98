"""What coarser levels of a fill came to, kept for when it is stopped and goes on: they are whole by then, and need not
be painted again."""

import hashlib
from collections import OrderedDict
from collections.abc import Hashable

import numpy as np
from numpy.typing import NDArray

from pixpaint.scaling import Bytes

LIMIT = 64 * 2**20
"""Bytes that are kept at most."""


class Drafts:
    """The latest levels' pictures (h, w, C), under all that they depend on and their seeds. Those of a fill's answers
    go together."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._kept: OrderedDict[tuple[Hashable, tuple[int, ...]], Bytes] = OrderedDict()

    def find(self, key: Hashable, seeds: list[int]) -> Bytes | None:
        """The pictures of these seeds (seeds, h, w, C), if all are there."""
        for (of, kept), pictures in reversed(self._kept.items()):
            if of == key and set(kept) >= set(seeds):
                self._kept.move_to_end((of, kept))
                return pictures[[kept.index(seed) for seed in seeds]]
        return None

    def keep(self, key: Hashable, seeds: list[int], pictures: Bytes) -> None:
        """Keeps pictures (seeds, h, w, C), unless they are more than there is room for; the oldest go."""
        if pictures.nbytes > self._limit:
            return
        self._kept[key, tuple(seeds)] = pictures.copy()
        while self.size > self._limit:
            self._kept.popitem(last=False)

    @property
    def size(self) -> int:
        """Bytes that are kept."""
        return sum(pictures.nbytes for pictures in self._kept.values())


def digest(*arrays: NDArray[np.generic]) -> bytes:
    """A name of what these arrays hold."""
    found = hashlib.sha256()
    for array in arrays:
        found.update(repr((array.shape, array.dtype.str)).encode())
        found.update(np.ascontiguousarray(array).data)
    return found.digest()
