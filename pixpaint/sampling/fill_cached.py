"""The `torch` engine: every feature is computed once, when its pixels become known (Fast PixelCNN++, arXiv 1704.06001).

The rows above the hole are run as one chunk (*prefill*); then, row by row, the vertical stack over the whole row, the
horizontal stack over runs of known pixels as wide chunks and over each pixel of the hole by itself (*decode*).
"""

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray

from pixpaint.layers.cache import FeatureCache
from pixpaint.layers.pixels import bytes_to_units
from pixpaint.models.pixel_cnn_pp import COARSEST, PixelCNNPP
from pixpaint.sampling.window import PaintedRow, Window


@torch.inference_mode()
def fill_cached(
    model: PixelCNNPP, window: Window, temperature: float, stop: Callable[[], bool]
) -> Iterator[PaintedRow]:
    """Paints the window's `todo` pixels in raster order."""
    condition = window.condition(model)
    frame = window.frame(model)
    noise = window.noise_planes(frame)
    above, left, picture = frame[:, :, :-1, 1:], frame[:, :, 1:, :-1], frame[:, :-1, 1:, 1:]
    height, width = picture.shape[2:]
    cache = FeatureCache(height, width)

    def prefill(first: int, rows: int) -> None:
        cache.move_to(first, 0, rows, width)
        band = slice(first, first + rows)
        model.rows(above[:, :, band], cache, condition)
        model.pixels(left[:, :, band], cache, condition)

    def decode(row: int, first: int, last: int) -> torch.Tensor:
        cache.move_to(row, first, 1, last - first)
        return model.pixels(left[:, :, row : row + 1, first:last], cache, condition)

    to_paint = np.flatnonzero(window.todo.any(1)).tolist()
    start = to_paint[0] // COARSEST * COARSEST
    if start:
        prefill(0, start)
    for row in range(start, to_paint[-1] + 1):
        if stop():
            return
        if row not in to_paint:
            prefill(row, 1)
            continue
        cache.move_to(row, 0, 1, width)
        model.rows(above[:, :, row : row + 1], cache, condition)
        painted, pixels, params = [], [], []
        for first, last, known in runs_of(window.todo[row], width):
            if known:
                # A wide chunk starts at a whole coarsest cell: up to three pixels are run twice, to the same values.
                decode(row, first // COARSEST * COARSEST, last)
                continue
            for column in range(first, last):
                if stop():
                    break
                here = (..., slice(row, row + 1), slice(column, column + 1))
                param = decode(row, column, column + 1)
                pixel = model.output.sample(param, noise[here], temperature)  # (candidates, C, 1, 1)
                picture[here] = bytes_to_units(pixel, frame.dtype)
                painted.append(column)
                pixels.append(pixel[:, :, 0])
                params.append(param)
        if painted:
            drawn = picture[:, :, row : row + 1, painted]
            log_prob = model.output.log_prob(torch.cat(params, 3), drawn)  # (candidates, 1, n)
            nats = -log_prob.double().sum((1, 2)).cpu()
            yield PaintedRow(row, painted, torch.cat(pixels, 2).cpu(), nats)


def runs_of(todo: NDArray[np.bool_], width: int) -> Iterator[tuple[int, int, bool]]:
    """The runs [first, last) of a row that are known (True) or to be painted (False), up to `width`, which may be
    more."""
    marks = np.zeros(width, bool)
    marks[: len(todo)] = todo
    edges = [0, *(np.flatnonzero(np.diff(marks)) + 1).tolist(), width]
    for first, last in pairwise(edges):
        yield first, last, not marks[first]
