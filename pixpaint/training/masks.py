"""Holes to train and evaluate with: strokes, rectangles, blobs, scratches, half planes, everything."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from pixpaint.errors import BadRequest

Hole = NDArray[np.bool_]
Shape = Callable[[np.random.Generator, int, int], Hole]

SMALLEST, LARGEST = 0.01, 0.6  # share of the area, but for holes that hide everything
HIDE_ALL = 0.1  # how often
FIXED_HOLES = ("all", "bottom", "top", "right", "centre", "spot", "stroke")


def random_hole(rng: np.random.Generator, height: int, width: int) -> Hole:
    """A hole for training, bool (height, width), True = to paint: 1-60 % of the area, one time in ten all."""
    if rng.random() < HIDE_ALL:
        return np.ones((height, width), bool)
    return random_part(rng, height, width)


def random_part(rng: np.random.Generator, height: int, width: int) -> Hole:
    """A hole of 1-60 % of the area, of any kind; never empty, even where one pixel is more than 60 %."""
    return sized_hole(SHAPES[int(rng.choice(len(SHAPES), p=SHARES))], rng, height, width)


def sized_hole(shape: Shape, rng: np.random.Generator, height: int, width: int) -> Hole:
    """A hole of this shape and 1-60 % of the area; a rectangle where the shape does not fit."""
    area = height * width
    for _ in range(8):
        hole = shape(rng, height, width)
        if max(1, SMALLEST * area) <= np.count_nonzero(hole) <= LARGEST * area:
            return hole
    hole = np.zeros((height, width), bool)
    rows, columns = max(1, round(0.45 * height)), max(1, round(0.45 * width))
    top, left = int(rng.integers(height - rows + 1)), int(rng.integers(width - columns + 1))
    hole[top : top + rows, left : left + columns] = True
    return hole


def fixed_hole(kind: str, height: int, width: int, rng: np.random.Generator) -> Hole:
    """The hole of an evaluation, bool (height, width), never empty; only "stroke" draws from `rng`.

    "bottom", "top" and "right" are halves, "centre" the middle half by half, "spot" the middle quarter by quarter.
    Raises BadRequest for others.
    """
    hole = np.zeros((height, width), bool)
    if kind == "all":
        hole[:] = True
    elif kind == "bottom":
        hole[height // 2 :] = True
    elif kind == "top":
        hole[: (height + 1) // 2] = True
    elif kind == "right":
        hole[:, width // 2 :] = True
    elif kind in ("centre", "spot"):
        share = 2 if kind == "centre" else 4
        rows, columns = max(1, height // share), max(1, width // share)
        top, left = (height - rows) // 2, (width - columns) // 2
        hole[top : top + rows, left : left + columns] = True
    elif kind == "stroke":
        hole = sized_hole(strokes, rng, height, width)
    else:
        raise BadRequest(f"There is no hole called {kind!r}: choose one of {', '.join(FIXED_HOLES)}.")
    return hole


def strokes(rng: np.random.Generator, height: int, width: int) -> Hole:
    """One to four thick strokes of a brush that wanders."""
    side = min(height, width)
    canvas = Image.new("1", (width, height))
    draw = ImageDraw.Draw(canvas)
    for _ in range(int(rng.integers(1, 5))):
        brush = max(2.0, side * float(rng.uniform(0.06, 0.26)))
        wander(rng, draw, (height, width), brush=brush, stride=side * float(rng.uniform(0.1, 0.3)), bend=0.9)
    return np.array(canvas)


def scratches(rng: np.random.Generator, height: int, width: int) -> Hole:
    """One to five long thin lines, nearly straight."""
    side = min(height, width)
    canvas = Image.new("1", (width, height))
    draw = ImageDraw.Draw(canvas)
    for _ in range(int(rng.integers(1, 6))):
        brush = max(1.0, float(rng.uniform(1, 1 + 0.05 * side)))
        wander(rng, draw, (height, width), brush=brush, stride=side * float(rng.uniform(0.1, 0.3)), bend=0.25)
    return np.array(canvas)


def wander(
    rng: np.random.Generator,
    draw: ImageDraw.ImageDraw,
    shape: tuple[int, int],
    *,
    brush: float,
    stride: float,
    bend: float,
) -> None:
    """Draws a line from anywhere in a random direction, turning by about `bend` radians at each stride."""
    count = int(rng.integers(2, 8))
    angles = rng.uniform(0, 2 * math.pi) + np.cumsum(rng.normal(0, bend, count))
    steps = stride * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    start = rng.random(2) * (shape[1], shape[0])
    points = np.concatenate([start[None], start + np.cumsum(steps, axis=0)])
    flat = points.ravel().tolist()
    draw.line(flat, fill=1, width=round(brush))
    if brush >= 3:
        radius = brush / 2
        for x, y in zip(flat[0::2], flat[1::2], strict=True):
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=1)


def rectangles(rng: np.random.Generator, height: int, width: int) -> Hole:
    """One to three rectangles, which the picture's edge may cut."""
    hole = np.zeros((height, width), bool)
    count = int(rng.choice(3, p=(0.6, 0.25, 0.15))) + 1
    for area, aspect in zip(rng.uniform(0.02, 0.6, count) / count, rng.uniform(-1, 1, count), strict=True):
        stretch = math.sqrt(3.0**aspect)
        rows = min(height, max(1, round(height * math.sqrt(area) * stretch)))
        columns = min(width, max(1, round(width * math.sqrt(area) / stretch)))
        top = int(rng.integers(-rows // 3, height - rows + rows // 3 + 1))
        left = int(rng.integers(-columns // 3, width - columns + columns // 3 + 1))
        hole[max(0, top) : top + rows, max(0, left) : left + columns] = True
    return hole


def blobs(rng: np.random.Generator, height: int, width: int) -> Hole:
    """The high places of smooth noise: one or more irregular islands."""
    coarse = rng.normal(size=rng.integers(3, 8, 2)).astype(np.float32)
    smooth = np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))
    return highest(smooth, float(rng.uniform(0.03, 0.5)))


def half_planes(rng: np.random.Generator, height: int, width: int) -> Hole:
    """Everything on one side of a straight line, three times in five along an axis."""
    angle = float(rng.integers(4)) * math.pi / 2 if rng.random() < 0.6 else float(rng.uniform(0, 2 * math.pi))
    rows, columns = np.arange(height)[:, None] / height, np.arange(width)[None] / width
    away = rows * round(math.sin(angle), 9) + columns * round(math.cos(angle), 9)
    return highest(away, float(rng.uniform(0.08, 0.6)))


def highest(values: NDArray[np.floating], share: float) -> Hole:
    """Where the values are above all but about `share` of them."""
    rank = min(values.size - 1, int(values.size * (1 - share)))
    hole: Hole = values > np.partition(values, rank, axis=None)[rank]
    return hole


SHAPES: tuple[Shape, ...] = (strokes, rectangles, blobs, scratches, half_planes)
SHARES = (0.28, 0.2, 0.17, 0.1, 0.25)
