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
    """The latest levels' pictures (h, w, C), each level's together under all that they depend on, by their seeds."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._kept: OrderedDict[Hashable, dict[int, Bytes]] = OrderedDict()

    def take(self, key: Hashable, seeds: list[int]) -> Bytes | None:
        """The pictures of these seeds (seeds, h, w, C), if all are there."""
        found = self._kept.get(key, {})
        if not found.keys() >= set(seeds):
            return None
        self._kept.move_to_end(key)
        return np.stack([found[seed] for seed in seeds])

    def keep(self, key: Hashable, seeds: list[int], pictures: Bytes) -> None:
        """Keeps pictures (seeds, h, w, C); the oldest levels go."""
        self._kept.setdefault(key, {}).update(zip(seeds, pictures.copy(), strict=True))
        self._kept.move_to_end(key)
        while self.size > self._limit:
            self._kept.popitem(last=False)

    @property
    def size(self) -> int:
        """Bytes that are kept."""
        return sum(picture.nbytes for level in self._kept.values() for picture in level.values())


def digest(*arrays: NDArray[np.generic]) -> bytes:
    """A name of what these arrays hold."""
    found = hashlib.sha256()
    for array in arrays:
        found.update(repr((array.shape, array.dtype.str)).encode())
        found.update(np.ascontiguousarray(array).data)
    return found.digest()
