"""Which pixels of a drawing nobody has drawn on. No Qt."""

import numpy as np
from numpy.typing import NDArray

WHITE = 250
"""what a channel has at least where there is paper, in bytes"""


def blank_paper(pixels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """The white pixels of a picture (H, W, 3) none of whose eight neighbours is darker, bool (H, W): a pen's soft edge
    stays with its line."""
    height, width = pixels.shape[:2]
    white = np.pad((pixels >= WHITE).all(axis=2), 1, constant_values=True)
    blank = np.ones((height, width), np.bool_)
    for row in range(3):
        for column in range(3):
            blank &= white[row : row + height, column : column + width]
    return blank
