"""Which pixels a round brush covers, hard for the mask, soft for ink, and which a line encloses. No Qt."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

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
    """The pixels under a hard brush of `size` pixels across drawn from `start` to `end`, within the picture.

    Returns their bounding box and bool (its height, its width); an empty box where the stroke lies outside.
    """
    start, end = snapped(start, size), snapped(end, size)
    box = _box(start, end, size, height, width)
    if size <= 2:
        return box, _thin(start, end, size, box)
    # A little less than half, so that a brush of three is a cross and not a square.
    return box, _distance(start, end, box) <= size / 2 - 0.2


def inked(start: Point, end: Point, size: int, height: int, width: int) -> tuple[Box, NDArray[np.float64]]:
    """How much of each pixel a soft pen of `size` pixels covers, from 0 to 1: as the sketches of the data are drawn.

    Returns a box as `covered` does, and float64 (its height, its width).
    """
    box = _box(start, end, size + 1, height, width)
    return box, np.clip(size / 2 + 0.5 - _distance(start, end, box), 0, 1)


def enclosed(line: Sequence[Point], height: int, width: int) -> tuple[Box, NDArray[np.bool_]]:
    """The pixels on and within a line that is closed from its last point to its first, within the picture; of a line
    that never leaves its first pixel, none.

    Returns a box as `covered` does, and bool (its height, its width).
    """
    places = np.floor(np.array(line)).astype(int)
    top, left = np.maximum(places.min(0), 0).tolist()
    bottom, right = np.minimum(places.max(0) + 1, (height, width)).tolist()
    if top >= bottom or left >= right or (places == places[0]).all():
        return (top, left, top, left), np.zeros((0, 0), np.bool_)
    canvas = Image.new("1", (right - left, bottom - top))
    corners = [(column - left, row - top) for row, column in places.tolist()]
    ImageDraw.Draw(canvas).polygon([*corners, *corners[:1]], fill=1, outline=1)
    return (top, left, bottom, right), np.array(canvas, dtype=np.bool_)


def _box(start: Point, end: Point, size: int, height: int, width: int) -> Box:
    top = max(int(np.floor(min(start[0], end[0]) - size / 2)), 0)
    left = max(int(np.floor(min(start[1], end[1]) - size / 2)), 0)
    bottom = min(int(np.ceil(max(start[0], end[0]) + size / 2)), height)
    right = min(int(np.ceil(max(start[1], end[1]) + size / 2)), width)
    return top, left, max(bottom, top), max(right, left)


def _distance(start: Point, end: Point, box: Box) -> NDArray[np.float64]:
    """From the line to each pixel's centre."""
    top, left, bottom, right = box
    rows = np.arange(top, bottom, dtype=np.float64)[:, None] + 0.5 - start[0]
    columns = np.arange(left, right, dtype=np.float64)[None, :] + 0.5 - start[1]
    along_row, along_column = end[0] - start[0], end[1] - start[1]
    length = max(along_row**2 + along_column**2, 1e-9)
    share = np.clip((rows * along_row + columns * along_column) / length, 0, 1)
    distance: NDArray[np.float64] = np.hypot(rows - share * along_row, columns - share * along_column)
    return distance


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
