"""The `torch` engine: every feature is computed once, when its pixels become known (Fast PixelCNN++, arXiv 1704.06001).

The rows above the hole are run as one chunk (*prefill*); then, row by row, the vertical stack over the whole row, the
horizontal stack over runs of known pixels as wide chunks and over each pixel of the hole by itself (*decode*).
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pixpaint.layers.cache import FeatureCache
from pixpaint.layers.output import Tempering
from pixpaint.layers.pixels import Bytes, bytes_to_units, units_to_bytes
from pixpaint.models.base import Condition, Model, views
from pixpaint.models.encoder import Base
from pixpaint.sampling.window import PaintedRow, Told, Window


@torch.inference_mode()
def fill_cached(
    model: Model, window: Window, tempering: Tempering, stop: Callable[[], bool]
) -> Iterator[PaintedRow]:
    """Paints the window's `todo` pixels in raster order."""
    yield from CachedFill(model, window, tempering).paint(stop)


BAND = 2048
"""Pixels that are prefilled at once: large enough for all threads, small enough to stop in between."""


class CachedFill:
    """A fill under way: the picture as far as it is known, and a cache of its features. `told` is what the model is
    told of the window's `rows`, if that is known already."""

    def __init__(self, model: Model, window: Window, tempering: Tempering, told: Told | None = None) -> None:
        self.model, self.window, self.tempering = model, window, tempering
        told = told or window.told(model, window.rows(model))
        self.base = told.base
        self.frame = window.frame(model, self.base, window.rows(model))
        self.origin = Base.of(self.base).origin
        self.noise = window.noise_planes(self.frame)
        self.above, self.left, self.here = views(self.frame)
        self.picture = self.here[:, :-1]  # less the origin; what is written here is in the other four
        height, self.width = self.picture.shape[2:]
        self.params = self.frame.new_empty(len(self.frame), model.output.parameters, height, self.width)
        self.cache = FeatureCache(height, self.width)
        self.condition = self.describe(told)

    def describe(self, told: Told) -> Condition:
        """What each layer is told of the window."""
        return told.condition(self.model)

    def paint(self, stop: Callable[[], bool]) -> Iterator[PaintedRow]:
        """Prefills the rows above the hole, then paints row by row."""
        to_paint = np.flatnonzero(self.window.todo.any(1)).tolist()
        start = self.whole_cells(to_paint[0])
        if not self.prefill(0, start, stop):
            return
        for row in range(start, to_paint[-1] + 1):
            if stop():
                return
            with self.threads():
                painted = self.paint_row(row, stop)
            if painted is not None:
                yield painted
            if (0 if painted is None else len(painted.columns)) < np.count_nonzero(self.window.todo[row]):
                return

    def whole_cells(self, count: int) -> int:
        """As many of the rows or columns as fill coarsest cells."""
        return count // self.model.coarsest * self.model.coarsest

    def prefill(self, first: int, last: int, stop: Callable[[], bool]) -> bool:
        """Runs both stacks over known rows [first, last), whole coarsest cells; False if it was stopped."""
        band = max(self.model.coarsest, self.whole_cells(BAND // self.width))
        for row in range(first, last, band):
            if row and stop():
                return False
            rows = min(band, last - row)
            self.cache.move_to(row, 0, rows, self.width)
            self.extend(self.cache)
            self.decode(self.cache)
        return True

    def threads(self) -> AbstractContextManager[None]:
        """Sets how many threads torch uses while a row is painted."""
        return one_thread()

    def extend(self, cache: FeatureCache) -> None:
        """Runs the vertical stack over a chunk of full rows, above which all is known."""
        self.model.rows(cache.crop(self.above, 1), cache, self.condition)

    def decode(self, cache: FeatureCache) -> Tensor:
        """Runs the horizontal stack over a chunk, all before which is known; output parameters (N, P, h, w)."""
        here = cache.crop(self.here, 1) if self.model.substeps > 1 else None
        return self.model.pixels(cache.crop(self.left, 1), cache, self.condition, here)

    def draw(self, cache: FeatureCache) -> None:
        """Paints a chunk of one pixel, and keeps the output parameters it was drawn from."""
        for _ in range(self.model.substeps):
            params = self.decode(cache)
            pixel = self.model.output.sample(params, cache.crop(self.noise, 1), self.tempering)
            x = bytes_to_units(pixel, self.frame.dtype)
            cache.paste(self.picture, x - cache.crop(self.origin, 1), 1)
        cache.paste(self.params, params, 1)

    def paint_row(self, row: int, stop: Callable[[], bool]) -> PaintedRow | None:
        """Paints a row's pixels; None if there are none, or if it was stopped before the first."""
        end = 0
        if not self.run_row(row, stop):
            return None
        for first, last, known in runs_of(self.window.todo[row], self.width):
            if known:
                if not self.pass_run(row, first, last, stop):
                    break
                continue
            end = self.paint_run(row, first, last, stop)
            if end < last:
                break
        columns = np.flatnonzero(self.window.todo[row, :end])
        return PaintedRow(row, columns, *self.painted(row, columns)) if len(columns) else None

    def run_row(self, row: int, stop: Callable[[], bool]) -> bool:
        """Runs the vertical stack over a row above which all is known; False if it was stopped."""
        self.cache.move_to(row, 0, 1, self.width)
        self.extend(self.cache)
        return True

    def pass_run(self, row: int, first: int, last: int, stop: Callable[[], bool]) -> bool:
        """Runs the horizontal stack over a run of known pixels; False if it was stopped."""
        # A wide chunk starts at a whole coarsest cell: up to three pixels are run twice, to the same values.
        first = self.whole_cells(first)
        self.cache.move_to(row, first, 1, last - first)
        self.decode(self.cache)
        return True

    def paint_run(self, row: int, first: int, last: int, stop: Callable[[], bool]) -> int:
        """Paints a run of pixels until it ends or is stopped: up to which column."""
        column = first
        while column < last and not stop():
            self.cache.move_to(row, column, 1, 1)
            self.draw(self.cache)
            column += 1
        return column

    def painted(self, row: int, columns: NDArray[np.intp]) -> tuple[Bytes, NDArray[np.float64]]:
        """Pixels that were painted in a row (N, n, C), and what they cost in nats (N, n)."""
        first, last = int(columns[0]), int(columns[-1]) + 1
        here = (..., slice(row, row + 1), slice(first, last))
        x = self.picture[here] + self.origin[here]
        nats = -self.model.output.log_prob(self.params[here], x).double()[:, 0]
        pixels = units_to_bytes(x)[:, :, 0].movedim(1, 2)
        return pixels.cpu().numpy()[:, columns - first], nats.cpu().numpy()[:, columns - first]


@contextmanager
def one_thread() -> Iterator[None]:
    """The products of a pixel are too small to share; next to other work, two threads waiting for each other took 20
    times as long as one."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def runs_of(todo: NDArray[np.bool_], width: int) -> Iterator[tuple[int, int, bool]]:
    """The runs [first, last) of a row that are known (True) or to be painted (False), up to `width`, which may be
    more."""
    marks = np.zeros(width, bool)
    marks[: len(todo)] = todo
    edges = [0, *(np.flatnonzero(marks[1:] != marks[:-1]) + 1).tolist(), width]
    for first, last in pairwise(edges):
        yield first, last, not marks[first]
