"""Which pixels a round brush covers. No Qt."""

import numpy as np
from numpy.typing import NDArray

from pixpaint.recipe import Box

Point = tuple[float, float]
"""row, column in picture pixels; (0.5, 0.5) is the centre of the first pixel"""


def snapped(point: Point, size: int) -> Point:
    """The nearest place for a brush's centre: the centre of a pixel if `size` is odd, a corner if even."""
    row, column = point
    if size % 2:
        return float(np.floor(row)) + 0.5, float(np.floor(column)) + 0.5
    return float(np.round(row)), float(np.round(column))


def covered(start: Point, end: Point, size: int, height: int, width: int) -> tuple[Box, NDArray[np.bool_]]:
    """The pixels under a brush of `size` pixels across drawn from `start` to `end`, within the picture.

    Returns their bounding box and bool (its height, its width); an empty box where the stroke lies outside.
    """
    (row0, column0), (row1, column1) = snapped(start, size), snapped(end, size)
    # A little less than half, so that a brush of three is a cross and not a square.
    radius = size / 2 - 0.2
    top = max(int(np.floor(min(row0, row1) - size / 2)), 0)
    left = max(int(np.floor(min(column0, column1) - size / 2)), 0)
    bottom = max(min(int(np.ceil(max(row0, row1) + size / 2)), height), top)
    right = max(min(int(np.ceil(max(column0, column1) + size / 2)), width), left)
    rows: NDArray[np.float64] = np.arange(top, bottom, dtype=np.float64)[:, None] + 0.5
    columns: NDArray[np.float64] = np.arange(left, right, dtype=np.float64)[None, :] + 0.5
    if size <= 2:
        where = _thin((row0, column0), (row1, column1), size, (top, left, bottom, right))
        return (top, left, bottom, right), where
    along_row, along_column = row1 - row0, column1 - column0
    length = along_row**2 + along_column**2
    share = ((rows - row0) * along_row + (columns - column0) * along_column) / max(length, 1e-9)
    share = np.clip(share, 0, 1)
    distance = (rows - row0 - share * along_row) ** 2 + (columns - column0 - share * along_column) ** 2
    where = distance <= radius**2
    return (top, left, bottom, right), where


def _thin(start: Point, end: Point, size: int, box: Box) -> NDArray[np.bool_]:
    """One step a pixel along the longer axis: by distance, a thin line would swell where it slants."""
    steps = int(max(abs(end[0] - start[0]), abs(end[1] - start[1]))) + 1
    top, left, bottom, right = box
    where = np.zeros((bottom - top, right - left), dtype=np.bool_)
    centre_rows = np.linspace(start[0], end[0], steps)
    centre_columns = np.linspace(start[1], end[1], steps)
    for row_shift in range(size):
        for column_shift in range(size):
            r = np.floor(centre_rows - size / 2 + row_shift + 0.5 - top).astype(np.intp)
            c = np.floor(centre_columns - size / 2 + column_shift + 0.5 - left).astype(np.intp)
            inside = (r >= 0) & (r < where.shape[0]) & (c >= 0) & (c < where.shape[1])
            where[r[inside], c[inside]] = True
    return where
