"""The `fused` engine, for the CPU: the cached fill whose rows are computed by compiled loops, without the interpreter.

The encoder and the prefill of many known rows at once are the model's own layers. From the first row with a hole on,
the loops of loops.py run the recorded wiring of the same layers on the same cache, whose planes have been moved into
one buffer: the vertical stack over a row, the horizontal one over runs of known pixels and over each pixel to paint.
"""

from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pixpaint.layers.blocks import GatedBlock
from pixpaint.layers.conv import ShiftedConv
from pixpaint.models.pixel_cnn_pp import PixelCNNPP
from pixpaint.sampling import loops
from pixpaint.sampling import steps as columns
from pixpaint.sampling.arena import Arena, Maps
from pixpaint.sampling.fill_cached import CachedFill
from pixpaint.sampling.loops import First, Head
from pixpaint.sampling.lowering import Program
from pixpaint.sampling.steps import Work
from pixpaint.sampling.tables import lowered
from pixpaint.sampling.tiles import padded
from pixpaint.sampling.window import PaintedRow, Window

PRODUCTS_A_CALL = 3e8
"""Some milliseconds' work: after about so many multiplications the loops return, to see whether to stop."""


@torch.inference_mode()
def fill_fused(
    model: PixelCNNPP, window: Window, temperature: float, stop: Callable[[], bool]
) -> Iterator[PaintedRow]:
    """Paints the window's `todo` pixels in raster order, on the CPU. The weights of a model that has been used here
    must not change."""
    yield from FusedFill(model, window, temperature).paint(stop)


class FusedFill(CachedFill):
    """A cached fill whose planes and conditions are laid out for the loops."""

    def __init__(self, model: PixelCNNPP, window: Window, temperature: float) -> None:
        super().__init__(model, window, temperature)
        self._lowered = made = lowered(model)
        n, F = len(self.frame), model.config.features
        self._arena = Arena(self.cache, made.planes, self.frame)
        self._vertical, self._horizontal = made.vertical_steps.copy(), made.horizontal_steps.copy()
        maps = Maps(self.condition, self.frame)
        hoisted = self._place(made.vertical, self._vertical, maps, 0)
        hoisted = self._place(made.horizontal, self._horizontal, maps, hoisted)
        slots = max(made.vertical.slots, made.horizontal.slots)
        numbers = self.frame.numpy().dtype
        self._work = Work(
            planes=self._arena.buffer.numpy(),
            maps=maps.buffer.numpy(),
            hoisted=np.zeros(hoisted, numbers),
            scratch=np.zeros(n * self.width * padded(F) * (slots + 3), numbers),
            features=F,
            candidates=n,
            width=self.width,
            **made.arrays,
        )
        self._first = self._first_layer(model.first_vertical)
        self._above = self._first_layer(model.first_above, "above")
        self._left = self._first_layer(model.first_left)
        self._head = Head(
            slot=made.horizontal.output,
            w=made.head_weights[0],
            bias=made.head_weights[1],
            parameters=model.output.parameters,
            components=model.config.components,
            bits=model.config.levels == 2,
        )
        # Contiguous as the frame is: each loop is compiled for one kind of array.
        self._frame, self._noise = self.frame.numpy(), self.noise.contiguous().numpy()
        self._next: Future[None] | None = None
        self._ended = False

    def _place(self, program: Program, table: NDArray[np.int64], maps: Maps, start: int) -> int:
        """Fills in where the planes, maps and hoisted rows of a stack lie, these from `start` on; where they end."""
        n, F = len(self.frame), self.model.config.features
        for row, step in zip(table, program.steps, strict=True):
            layer = step.layer
            if step.publish is not None:
                row[columns.PUBLISH : columns.PUBLISH_STRIDE + 1] = self._arena.place(step.publish)
            if not isinstance(layer, GatedBlock):
                row[columns.PLANE : columns.STRIDE + 1] = self._arena.place(layer)
                continue
            row[columns.PLANE : columns.STRIDE + 1] = self._arena.place(layer.conv_in)
            row[columns.PLANE2 : columns.STRIDE2 + 1] = self._arena.place(layer.conv_out)
            if step.above is not None:
                row[columns.ABOVE : columns.ABOVE_STRIDE + 1] = self._arena.place(step.above)
            if layer in self.condition:
                row[columns.MAP : columns.MAP_COLUMN + 1] = maps.place(layer)
            cells = n * self.width // layer.scale
            row[columns.HOIST] = start
            row[columns.HOIST2] = start + cells * padded(F)
            start += cells * (padded(F) + padded(2 * F))
        return start

    def _first_layer(self, layer: ShiftedConv, publish: Hashable = None) -> First:
        plane, width, stride = self._arena.place(layer)
        w, bias = self._lowered.first_weights[layer]
        to, _, to_stride = self._arena.place(publish) if publish is not None else (-1, 0, 0)
        rows, columns = layer.conv.kernel_size
        return First(plane, width, stride, rows, columns, layer.halo.left, w, bias, to, to_stride)

    def paint(self, stop: Callable[[], bool]) -> Iterator[PaintedRow]:
        with ThreadPoolExecutor(1, "pixpaint-rows") as self._helper:
            try:
                yield from super().paint(stop)
            finally:
                self._ended = True

    def _parts(self, steps: NDArray[np.int64], pixels: int) -> Iterator[tuple[int, int]]:
        """The steps of a stack over so many pixels, in parts that take some milliseconds each."""
        cost = self._lowered.products * pixels * len(self.frame)
        count = max(1, int(len(steps) * PRODUCTS_A_CALL / cost))
        for begin in range(0, len(steps), count):
            yield begin, min(begin + count, len(steps))

    def _hoist(self, steps: NDArray[np.int64], row: int) -> None:
        for begin, end in self._parts(steps, self.width):
            if not self._ended:
                loops.hoist_row(steps, self._work, row, begin, end)

    def _finish(self, hoisting: Future[None], steps: NDArray[np.int64], row: int) -> None:
        """Waits for the second thread, or does its work if it has not begun."""
        if hoisting.cancel():
            self._hoist(steps, row)
        else:
            hoisting.result()

    def run_row(self, row: int, stop: Callable[[], bool]) -> bool:
        # What needs only the rows above is hoisted by a second thread: the horizontal stack's while the vertical one
        # runs, the vertical stack's next row while the horizontal one does.
        vertical = self._next or self._helper.submit(self._hoist, self._vertical, row)
        horizontal = self._helper.submit(self._hoist, self._horizontal, row)
        self._finish(vertical, self._vertical, row)
        made, work = self._lowered, self._work
        for begin, end in self._parts(self._vertical, self.width):
            if begin and stop():
                return False
            loops.run_row(
                self._vertical,
                made.vertical.slots,
                self._first,
                self._above,
                work,
                self._frame,
                row,
                begin,
                end,
            )
        if row + 1 < len(self.window.todo):
            self._next = self._helper.submit(self._hoist, self._vertical, row + 1)
        self._finish(horizontal, self._horizontal, row)
        for begin, end in self._parts(self._horizontal, self.width):
            if begin and stop():
                return False
            loops.hoist_above(self._horizontal, work, row, begin, end)
        return True

    def pass_run(self, row: int, first: int, last: int, stop: Callable[[], bool]) -> bool:
        for begin, end in self._parts(self._horizontal, last - first):
            if begin and stop():
                return False
            loops.pass_run(
                self._horizontal, self._lowered.horizontal.slots, self._left, self._above, self._work,
                self._frame, row, first, last, begin, end,
            )  # fmt: skip
        return True

    def paint_run(self, row: int, first: int, last: int, stop: Callable[[], bool]) -> Tensor:
        shape = (len(self.frame), last - first, padded(self._head.parameters))
        params = np.empty(shape, self._frame.dtype)
        count = max(1, int(PRODUCTS_A_CALL / (10 * self._lowered.products * len(self.frame))))
        done = first
        while done < last and not stop():
            end = min(done + count, last)
            loops.paint_run(
                self._horizontal, self._lowered.horizontal.slots, self._left, self._above, self._head, self._work,
                self._frame, row, done, end, self._noise, float(self.temperature), params, done - first,
            )  # fmt: skip
            done = end
        drawn_from = torch.from_numpy(params[:, : done - first, : self._head.parameters])
        return drawn_from.movedim(-1, 1)[:, :, None]
