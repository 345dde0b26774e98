"""Which pixels around one look like it. No Qt."""

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


def alike(pixels: NDArray[np.uint8], place: tuple[int, int], tolerance: int) -> Mask:
    """The pixels, bool (H, W), that can be reached from `place` (row, column), up, down, left and right, over pixels
    (H, W, C) none of whose channels differs from its own by more than `tolerance`."""
    similar = np.ones(pixels.shape[:2], np.bool_)
    for channel, value in enumerate(pixels[place].tolist()):
        plane = pixels[..., channel]
        similar &= (plane >= max(value - tolerance, 0)) & (plane <= min(value + tolerance, 255))
    # Runs are stretches of similar pixels in a row; a pixel's run has a number, from 1 on.
    runs = np.cumsum(_starts(similar), dtype=np.int32).reshape(similar.shape)
    touching = _starts(similar[1:] & similar[:-1])  # where two runs, one below the other, begin to touch
    parts = joined(int(runs[-1, -1]) + 1, runs[:-1][touching], runs[1:][touching])
    found: Mask = similar & (parts == parts[runs[place]])[runs]
    return found


def joined(count: int, one: NDArray[np.int32], other: NDArray[np.int32]) -> NDArray[np.int32]:
    """Which part of a graph of `count` nodes each one belongs to, by the least node in it; `one` and `other` (n,) are
    the ends of its edges.

    Each round every part takes the least name that one of its edges leads to, and names are followed to their end: the
    rounds are few however long the way through a part is.
    """
    parts = np.arange(count, dtype=np.int32)
    while True:
        a, b = parts[one], parts[other]
        open_ = a != b
        if not open_.any():
            return parts
        one, other, a, b = one[open_], other[open_], a[open_], b[open_]
        np.minimum.at(parts, np.maximum(a, b), np.minimum(a, b))
        while not np.array_equal(further := parts[parts], parts):
            parts = further


def _starts(where: Mask) -> Mask:
    """The first pixel of each stretch in a row of a mask (H, W)."""
    starts = where.copy()
    starts[:, 1:] &= ~where[:, :-1]
    return starts
