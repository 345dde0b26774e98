"""Which pixels around one look like it. No Qt."""

import numpy as np
from numpy.typing import NDArray


def alike(pixels: NDArray[np.uint8], place: tuple[int, int], tolerance: int) -> NDArray[np.bool_]:
    """The pixels, bool (H, W), that can be reached from `place` (row, column), up, down, left and right, over pixels
    (H, W, 3) none of whose channels differs from its own by more than `tolerance`.

    Row by row down, and up again, until nothing is added: a row takes all of its *runs*, stretches of such pixels, that
    touch what the row beside it has.
    """
    similar = np.ones(pixels.shape[:2], np.bool_)
    for channel, value in enumerate(pixels[place].tolist()):
        plane = pixels[..., channel]
        similar &= (plane >= max(value - tolerance, 0)) & (plane <= min(value + tolerance, 255))
    starts = similar.copy()
    starts[:, 1:] &= ~similar[:, :-1]
    runs = np.cumsum(starts, dtype=np.int32).reshape(
        starts.shape
    )  # the number of the run that a pixel belongs to, from 1
    taken = np.zeros(int(runs[-1, -1]) + 1, np.bool_)
    taken[runs[place]] = True
    rows = range(1, len(runs))
    size = 0
    while size != np.count_nonzero(taken):
        size = int(np.count_nonzero(taken))
        for here, beside in [*((row, row - 1) for row in rows), *((row - 1, row) for row in reversed(rows))]:
            touching = similar[here] & similar[beside]
            touching &= taken[runs[beside]]
            taken[runs[here][touching]] = True
    return similar & taken[runs]
