"""The `torch` engine on CUDA: the cached fill, whose steps are recorded as CUDA graphs and replayed.

A pixel is some hundreds of kernels, each of which takes longer to start from Python than to run. But what a step does
depends only on its row and column modulo the coarsest scale, its *phase*: there are 4 for the vertical stack over a row
and 16 for a pixel. The first step of each phase is done as it is and then recorded; all others are one call each. Where
a step is, it reads from a tensor on the device; the noise lies there too, so that nothing waits for the host before a
row is done. Known runs and the rows above the hole are chunks like any other fill's, on the same planes.

On other devices nothing is recorded, and the same steps are done as they are.
"""

from collections.abc import Callable, Iterator

import torch

from pixpaint.layers.cache import Chunk, FeatureCache, MovingCache
from pixpaint.layers.output import Tempering
from pixpaint.models.base import Model
from pixpaint.sampling.fill_cached import CachedFill
from pixpaint.sampling.graphs import CudaGraphs, Recorder, Step, within
from pixpaint.sampling.window import PaintedRow, Window


@torch.inference_mode()
def fill_captured(
    model: Model, window: Window, tempering: Tempering, stop: Callable[[], bool]
) -> Iterator[PaintedRow]:
    """Paints the window's `todo` pixels in raster order."""
    fill = _take(model, window, tempering)
    if fill is None:
        device = model.head.weight.device
        recorder = CudaGraphs(device) if device.type == "cuda" else Recorder()
        fill = CapturedFill(model, window, tempering, recorder)
    try:
        yield from fill.paint(stop)
    except torch.OutOfMemoryError:
        # The error's traceback would hold them for as long as the error lives.
        fill.release()
        raise
    _last[:] = [fill]


class CapturedFill(CachedFill):
    """A cached fill whose tensors stay where they are, so that what was recorded serves the next fill of the same shape
    too."""

    def __init__(self, model: Model, window: Window, tempering: Tempering, recorder: Recorder) -> None:
        self._recorder = recorder
        with recorder.scope():
            super().__init__(model, window, tempering)
            self._position = torch.zeros(2, dtype=torch.int64, device=self.frame.device)
        self._recorded: dict[Chunk, Step] = {}
        self._moving: list[MovingCache] = []
        self._weights = _addresses(model)

    def suits(self, model: Model, window: Window, tempering: Tempering) -> bool:
        """Whether a fill of this window would do the same steps on tensors of the same shape."""
        return (
            self.model is model
            and self._weights == _addresses(model)
            and self.tempering == tempering
            and self.window.image.shape == window.image.shape
            and self.window.rows(model) == window.rows(model)
            and self.window.candidates == window.candidates
            and (self.window.hints is None) == (window.hints is None)
        )

    def load(self, window: Window) -> None:
        """Begins the fill of another window, which suits. Features of the last one are left in the planes: a fill reads
        none that it has not written."""
        self.window = window
        with self._recorder.scope():
            told = window.told(self.model, window.rows(self.model))
            self.base.copy_(told.base)
            self.frame.copy_(window.frame(self.model, self.base, window.rows(self.model)))
            self.noise.copy_(window.noise_planes(self.frame))
            for block, map_ in self.describe(told).items():
                self.condition[block].copy_(map_)

    def release(self) -> None:
        """Gives back what takes most of the memory; the fill is of no more use."""
        self._recorded.clear()
        self._moving.clear()
        self.cache.planes.clear()
        self.condition.clear()

    def paint(self, stop: Callable[[], bool]) -> Iterator[PaintedRow]:
        return within(self._recorder.scope, super().paint(stop))

    def run_row(self, row: int, stop: Callable[[], bool]) -> bool:
        self._move_to(row, 0)
        self._do(Chunk(row % self.model.coarsest, 0, 1, self.width), self.extend)
        return True

    def paint_run(self, row: int, first: int, last: int, stop: Callable[[], bool]) -> int:
        self._move_to(row, first)
        column, cell = first, self.model.coarsest
        while column < last and not stop():
            self._do(Chunk(row % cell, column % cell, 1, 1), self._draw_and_move)
            column += 1
        return column

    def _draw_and_move(self, cache: FeatureCache) -> None:
        self.draw(cache)
        self._position[1].add_(1)

    def _move_to(self, row: int, column: int) -> None:
        self._position[0].fill_(row)
        self._position[1].fill_(column)

    def _do(self, phase: Chunk, step: Callable[[FeatureCache], None]) -> None:
        """Does a step for the chunk at `_position`, whose phase is given."""
        recorded = self._recorded.get(phase)
        if recorded is not None:
            recorded()
            return
        cache = MovingCache(self.cache, phase, self._position, self.model.coarsest)

        def do() -> None:
            cache.locate()
            step(cache)

        do()
        self._recorded[phase] = self._recorder.record(do)
        self._moving.append(cache)  # a graph reads its tensors, but does not keep them


_last: list[CapturedFill] = []
"""The last fill that went to its end: at most one, since it holds memory on the device."""


def _take(model: Model, window: Window, tempering: Tempering) -> CapturedFill | None:
    """The last fill, made ready for this window; None if it does not suit, and then its memory is free."""
    fill = _last.pop() if _last else None
    if fill is None or not fill.suits(model, window, tempering):
        return None
    fill.load(window)
    return fill


def let_go() -> None:
    """Gives back the memory that the last fill holds on the device for the next one."""
    _last.clear()


def _addresses(model: Model) -> list[int]:
    """Where the weights lie: what was recorded reads them there."""
    return [weight.data_ptr() for weight in model.parameters()]
