"""Several pictures in one: side by side on grey."""

import numpy as np
from numpy.typing import NDArray

GAP = 2  # pixels between two pictures, and around them
GREY = 160


def tiled(pictures: NDArray[np.uint8], across: int) -> NDArray[np.uint8]:
    """Pictures (N, H, W, 3), `across` in a row, as one, uint8 (rows, columns, 3)."""
    count, height, width, channels = pictures.shape
    down = -(-count // across)
    shape = (down * (height + GAP) + GAP, across * (width + GAP) + GAP, channels)
    sheet = np.full(shape, GREY, dtype=np.uint8)
    for k, picture in enumerate(pictures):
        top, left = (k // across) * (height + GAP) + GAP, (k % across) * (width + GAP) + GAP
        sheet[top : top + height, left : left + width] = picture
    return sheet
