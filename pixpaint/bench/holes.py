"""Seeded holes to compare fillers on: thin scratches, free-form strokes of one width, squares of two sizes.

All keep `RIM` pixels away from the picture's edge: every 7x7 patch around a pixel of the hole lies in the picture, and
every method has known pixels on all sides.
"""

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Hole = NDArray[np.bool_]
Points = NDArray[np.float64]
"""(n, 2): rows and columns"""

RIM = 4
SCRATCHES, STROKES = 4, 2  # how many in a hole
SCRATCH_WIDTHS = (2.0, 6.0)  # pixels
STROKE_WIDTH = 20.0


def seeded_hole(kind: str, side: int, seed: int, number: int) -> Hole:
    """Hole `number` of a kind in KINDS for pictures of side x side pixels, bool (side, side), never empty.

    It depends on nothing but these four; `side` is at least 96 and the rim on both sides.
    """
    rng = np.random.default_rng([seed, number, KINDS.index(kind)])
    hole = np.zeros((side, side), np.bool_)
    inner = slice(RIM, side - RIM)
    while not hole.any():  # a line may run along outside
        hole[inner, inner] = _SHAPES[kind](rng, side)[inner, inner]
    return hole


def scratches(rng: np.random.Generator, side: int) -> Hole:
    """Long lines, nearly straight, each of a width of its own."""
    hole = np.zeros((side, side), np.bool_)
    for _ in range(SCRATCHES):
        points = wandering(rng, side, start=(0.0, 1.0), strides=8, stride=0.1 * side, bend=0.15)
        hole |= along(points, float(rng.uniform(*SCRATCH_WIDTHS)), side)
    return hole


def strokes(rng: np.random.Generator, side: int) -> Hole:
    """Lines of a round brush, STROKE_WIDTH wide, that wander."""
    hole = np.zeros((side, side), np.bool_)
    for _ in range(STROKES):
        points = wandering(rng, side, start=(0.15, 0.85), strides=4, stride=0.125 * side, bend=0.7)
        hole |= along(points, STROKE_WIDTH, side)
    return hole


def square(rng: np.random.Generator, side: int, length: int) -> Hole:
    """A square of that length anywhere within the rim."""
    hole = np.zeros((side, side), np.bool_)
    top, left = rng.integers(RIM, side - RIM - length, 2, endpoint=True)
    hole[top : top + length, left : left + length] = True
    return hole


def wandering(
    rng: np.random.Generator,
    side: int,
    *,
    start: tuple[float, float],
    strides: int,
    stride: float,
    bend: float,
) -> Points:
    """The corners of a line that starts between these shares of the side, in any direction, and turns by about `bend`
    radians at each stride of `stride` pixels."""
    angles = rng.uniform(0, 2 * math.pi) + np.cumsum(rng.normal(0, bend, strides))
    steps = stride * np.stack([np.sin(angles), np.cos(angles)], axis=1)
    first = rng.uniform(*start, 2) * side
    return np.concatenate([first[None], first + np.cumsum(steps, axis=0)])


def along(points: Points, width: float, side: int) -> Hole:
    """The pixels whose middle is less than half of `width` away from a line through these points."""
    hole = np.zeros((side, side), np.bool_)
    reach = width / 2
    for start, end in pairwise(points):
        low = np.clip(np.floor(np.minimum(start, end) - reach), 0, side).astype(int)
        high = np.clip(np.ceil(np.maximum(start, end) + reach), 0, side).astype(int)
        rows, columns = np.mgrid[low[0] : high[0], low[1] : high[1]] + 0.5
        (y, x), (dy, dx) = start, end - start
        share = np.clip(((rows - y) * dy + (columns - x) * dx) / (dy**2 + dx**2), 0, 1)
        near = np.hypot(rows - y - share * dy, columns - x - share * dx) < reach
        hole[low[0] : high[0], low[1] : high[1]] |= near
    return hole


_SHAPES: dict[str, Callable[[np.random.Generator, int], Hole]] = {
    "scratch": scratches,
    "stroke": strokes,
    "48": lambda rng, side: square(rng, side, 48),
    "96": lambda rng, side: square(rng, side, 96),
}
KINDS = tuple(_SHAPES)
