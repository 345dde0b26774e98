"""The 8 orientations of a picture: upright, turned and mirrored. A model paints top to bottom and left to right of what
it is given, so the orientation it is given decides which side of a hole it starts from.

An orientation is a number from 0 (upright) to 7: bit 0 flips top and bottom, bit 1 left and right, bit 2 then
swaps rows and columns.
"""

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Scalar = TypeVar("Scalar", bound=np.generic)

ORIENTATIONS = 8


def orient(array: NDArray[Scalar], orientation: int) -> NDArray[Scalar]:
    """A view of an array (H, W, ...) in the given orientation: (H, W, ...), or (W, H, ...) for 4 and up."""
    if orientation & 1:
        array = array[::-1]
    if orientation & 2:
        array = array[:, ::-1]
    return array.swapaxes(0, 1) if orientation & 4 else array


def restore(array: NDArray[Scalar], orientation: int) -> NDArray[Scalar]:
    """The view of which `orient` made `array`: its inverse."""
    if orientation & 4:
        array = array.swapaxes(0, 1)
    if orientation & 2:
        array = array[:, ::-1]
    return array[::-1] if orientation & 1 else array


def positions(height: int, width: int, orientation: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """For each cell of the oriented picture, the row and the column in the upright one of (height, width)."""
    rows, columns = np.indices((height, width))
    return orient(rows, orientation), orient(columns, orientation)
