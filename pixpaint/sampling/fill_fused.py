"""The `fused` engine, for the CPU: the cached fill whose rows are computed by compiled loops, without the interpreter.

The encoder is the model's own. All else the loops of loops.py do, on the recorded wiring of the model's stacks: the
vertical stack over a row, the horizontal one over runs of known pixels and over each pixel to paint. What cost is left
is that of reading the horizontal stack's weights once a pixel.
"""

from collections import deque
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, nullcontext
from threading import Lock
from typing import TypeGuard

import numpy as np
import torch
from numpy.typing import NDArray

from pixpaint.layers.blocks import GatedBlock
from pixpaint.layers.conv import ShiftedConv
from pixpaint.layers.output import Tempering
from pixpaint.layers.pixels import Bytes
from pixpaint.models.base import Condition, Model
from pixpaint.models.pixel_cnn_pp import PixelCNNPP
from pixpaint.sampling import fill_masked, loops
from pixpaint.sampling import steps as columns
from pixpaint.sampling.arena import Arena, Maps
from pixpaint.sampling.fill_cached import CachedFill, one_thread
from pixpaint.sampling.loops import First, Head
from pixpaint.sampling.lowering import Program
from pixpaint.sampling.masked_steps import Masked
from pixpaint.sampling.steps import Work
from pixpaint.sampling.tables import lowered
from pixpaint.sampling.tiles import padded
from pixpaint.sampling.window import PaintedRow, Told, Window, abreast
from pixpaint.sampling.winograd import room

PART = 1e9
"""A call of the loops lasts some 5 ms on a machine with AVX-512: so many weights times cells, of whole rows ..."""

PIXELS = 4e8
"""... and of pixels one by one. Then Python asks whether to stop."""

PATIENCE = 0.01
"""Seconds the helper is waited for before it is asked whether to stop."""


def can_fuse(model: Model) -> TypeGuard[PixelCNNPP | Masked]:
    """Whether there are loops for what the model is made of."""
    return isinstance(model, PixelCNNPP | Masked)


def make_ready(model: Model) -> None:
    """Lays out the weights of a model that `can_fuse`, so that its first fill need not."""
    assert can_fuse(model)
    if isinstance(model, PixelCNNPP):
        lowered(model)
    else:
        fill_masked.lowered(model)


@torch.inference_mode()
def fill_fused(
    model: Model, window: Window, tempering: Tempering, stop: Callable[[], bool]
) -> Iterator[PaintedRow]:
    """Paints the window's `todo` pixels in raster order, on the CPU. The weights of a model that has been used here
    must not change. The model is one that `can_fuse`.

    On as many threads as torch may use, two at most: one candidate of PixelCNN++ has its row products hoisted by a
    second one while its pixels are painted, several candidates are painted in two shares side by side.
    """
    assert can_fuse(model)
    asked = Asked(stop)
    rows = window.rows(model)
    told = window.told(model, rows) if window.hints is None else None

    def share(part: Window, helper: Executor | None = None, *, theirs: bool = False) -> Iterator[PaintedRow]:
        known = told or part.told(model, rows)
        if isinstance(model, PixelCNNPP):
            return FusedFill(model, part, tempering, known, helper).paint(asked)
        limit = nullcontext if theirs else one_thread
        return fill_masked.MaskedFill(model, part, tempering, known, limit).paint(asked)

    if torch.get_num_threads() == 1:
        yield from share(window)
        return
    with ThreadPoolExecutor(1, "pixpaint-rows") as helper:
        if window.candidates == 1:
            yield from share(window, helper)
        else:
            # How many threads torch uses is set for all that are begun from then on, so it is this thread's to set.
            with one_thread():
                helper.submit(torch.get_num_threads).result()  # which the helper keeps
            mine, theirs = window.shares(2)
            try:
                yield from side_by_side(share(mine), share(theirs, theirs=True), helper)
            finally:
                asked.end()


class Asked:
    """`stop`, asked by one thread at a time, and no more once it was true or `end` was called."""

    def __init__(self, stop: Callable[[], bool]) -> None:
        self._stop, self._lock, self._stopped = stop, Lock(), False

    def __call__(self) -> bool:
        with self._lock:
            self._stopped = self._stopped or self._stop()
            return self._stopped

    def end(self) -> None:
        with self._lock:
            self._stopped = True


def side_by_side(
    mine: Iterator[PaintedRow], theirs: Iterator[PaintedRow], helper: Executor
) -> Iterator[PaintedRow]:
    """The rows of two shares of the candidates, each painted in a thread of its own."""

    @torch.inference_mode()
    def next_of_theirs() -> PaintedRow | None:
        return next(theirs, None)

    # The helper may be a row ahead: rows do not take the same time in both threads. It begins at once.
    coming = deque(helper.submit(next_of_theirs) for _ in range(2))

    def in_advance() -> Iterator[PaintedRow]:
        while (row := coming.popleft().result()) is not None:
            coming.append(helper.submit(next_of_theirs))
            yield row

    return abreast([mine, in_advance()])


class FusedFill(CachedFill):
    """A cached fill whose planes and weights are laid out for the loops; `helper`, where there is one, is another
    thread."""

    def __init__(
        self,
        model: PixelCNNPP,
        window: Window,
        tempering: Tempering,
        told: Told,
        helper: Executor | None = None,
    ) -> None:
        self._helper = helper
        super().__init__(model, window, tempering, told)
        self._lowered = made = lowered(model)
        n, F = len(self.frame), model.config.features
        # Contiguous as the frame is: each loop is compiled for one kind of array.
        self._frame, self._noise = self.frame.numpy(), self.noise.contiguous().numpy()
        numbers = self._frame.dtype
        self._base = self.base.contiguous().numpy()
        # Of the row that is being painted.
        self._pixels = np.empty((n, self.width, self.picture.shape[1]), np.uint8)
        self._nats = np.empty((n, self.width))
        self._arena = Arena(made.planes, n, self.width, numbers)
        self._vertical, self._horizontal = made.vertical_steps.copy(), made.horizontal_steps.copy()
        maps = Maps(told.maps, numbers)
        hoisted = self._place(made.vertical, self._vertical, maps, 0)
        hoisted = self._place(made.horizontal, self._horizontal, maps, hoisted)
        slots = max(made.vertical.slots, made.horizontal.slots)
        spare = n * room(F, self.width)
        scratch = n * self.width * padded(F) * (slots + 2) + max(spare, padded(model.head.out_channels))
        self._work = Work(
            planes=self._arena.buffer,
            maps=maps.buffer,
            hoisted=np.zeros(hoisted, numbers),
            scratch=np.zeros(scratch, numbers),
            features=F,
            candidates=n,
            width=self.width,
            **made.arrays,
        )
        self._rows = for_rows(self._work)
        self._ahead = self._rows._replace(scratch=np.zeros(spare, numbers))
        self._first = self._first_layer(model.first_vertical)
        self._above = self._first_layer(model.first_above, "above")
        self._left = self._first_layer(model.first_left)
        self._head = Head(
            slot=made.horizontal.output,
            w=made.head_weights[0],
            bias=made.head_weights[1],
            parameters=model.output.parameters,
            trusts=model.head.out_channels - model.output.parameters,
            components=model.config.components,
            levels=model.config.levels,
        )
        self._next: Future[bool] | None = None
        self._ended = False

    def threads(self) -> AbstractContextManager[None]:
        """The loops use none of torch's, and the setting is not theirs to change: two of them may run at once."""
        return nullcontext()

    def describe(self, told: Told) -> Condition:
        """Nothing: the loops read the maps themselves, a row at a time."""
        return {}

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
            if layer.project is not None:
                row[columns.MAP : columns.MAP_CHANNELS + 1] = maps.place(layer.scale)
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
        try:
            yield from super().paint(stop)
        finally:
            self._ended = True  # the helper need not finish what it is at

    def prefill(self, first: int, last: int, stop: Callable[[], bool]) -> bool:
        # Without hints of their own, what is known is the same for all candidates. The horizontal stack follows the
        # vertical one a row behind.
        count = 1 if self.window.hints is None else len(self.frame)
        leading = self._rows._replace(candidates=count)
        behind = self._work._replace(candidates=count, scratch=np.zeros_like(self._work.scratch))
        following: Future[bool] | None = None
        for row in range(first, last):
            if stop() or not self._run_vertical(row, stop, leading):
                return False
            if self._helper is None:
                if not self._pass_row(row, stop, behind):
                    return False
                continue
            if following is not None and not _finished(following, stop):
                return False
            following = self._helper.submit(self._pass_row, row, self._has_ended, behind)
        if following is not None and not _finished(following, stop):
            return False
        if count == 1:
            self._arena.copy_first()
        return True

    def _pass_row(self, row: int, stop: Callable[[], bool], work: Work) -> bool:
        """The horizontal stack over a row of which all is known."""
        return (
            self._hoist(self._horizontal, row, stop, for_rows(work))
            and self._hoist_above(row, stop, for_rows(work))
            and self._pass_run(row, 0, self.width, stop, work)
        )

    def run_row(self, row: int, stop: Callable[[], bool]) -> bool:
        # What needs only the rows above is hoisted by the helper: the horizontal stack's while the vertical one runs,
        # the vertical stack's next row while the horizontal one does.
        work = self._rows
        horizontal = self._begin(self._horizontal, row)
        if not self._run_vertical(row, stop, work):
            return False
        if row + 1 < self.picture.shape[2]:
            self._next = self._begin(self._vertical, row + 1)
        return self._finish(horizontal, self._horizontal, row, stop, work) and self._hoist_above(
            row, stop, work
        )

    def pass_run(self, row: int, first: int, last: int, stop: Callable[[], bool]) -> bool:
        # A wide chunk starts at a whole coarsest cell. The pixels before it are run by themselves: what was hoisted for
        # a pixel can be read once only.
        wide = min(last, -self.whole_cells(-first))
        for column in range(first, wide):
            if not self._pass_run(row, column, column + 1, stop, self._work):
                return False
        return self._pass_run(row, wide, last, stop, self._work)

    def paint_run(self, row: int, first: int, last: int, stop: Callable[[], bool]) -> int:
        count = max(1, int(PIXELS / (self._lowered.products * len(self.frame))))
        done = first
        while done < last and not stop():
            end = min(done + count, last)
            loops.paint_run(
                self._horizontal, self._lowered.horizontal.slots, self._left, self._above, self._head, self._work,
                self._frame, row, done, end, self._noise, self._base, self.tempering, self._pixels, self._nats,
            )  # fmt: skip
            done = end
        return done

    def painted(self, row: int, columns: NDArray[np.intp]) -> tuple[Bytes, NDArray[np.float64]]:
        return self._pixels[:, columns], self._nats[:, columns]

    def _run_vertical(self, row: int, stop: Callable[[], bool], work: Work) -> bool:
        hoisting, self._next = self._next, None
        if not self._finish(hoisting, self._vertical, row, stop, work):
            return False
        for begin, end in self._parts(self._vertical, self.width, work):
            if begin and stop():
                return False
            loops.run_row(
                self._vertical, self._lowered.vertical.slots, self._first, self._above, work,
                self._frame, row, begin, end,
            )  # fmt: skip
        return True

    def _hoist(self, steps: NDArray[np.int64], row: int, stop: Callable[[], bool], work: Work) -> bool:
        for begin, end in self._parts(steps, self.width, work):
            if begin and stop():
                return False
            loops.hoist_row(steps, work, row, begin, end)
        return True

    def _hoist_above(self, row: int, stop: Callable[[], bool], work: Work) -> bool:
        for begin, end in self._parts(self._horizontal, self.width, work):
            if begin and stop():
                return False
            loops.hoist_above(self._horizontal, work, row, begin, end)
        return True

    def _pass_run(self, row: int, first: int, last: int, stop: Callable[[], bool], work: Work) -> bool:
        if first == last:
            return True
        for begin, end in self._parts(self._horizontal, last - first, work):
            if begin and stop():
                return False
            loops.pass_run(
                self._horizontal, self._lowered.horizontal.slots, self._left, self._above, work,
                self._frame, row, first, last, begin, end,
            )  # fmt: skip
        return True

    def _parts(self, steps: NDArray[np.int64], pixels: int, work: Work) -> Iterator[tuple[int, int]]:
        """The steps of a stack over so many pixels, in parts that take some milliseconds each."""
        cost = self._lowered.products * pixels * work.candidates
        count = max(1, int(len(steps) * PART / cost))
        for begin in range(0, len(steps), count):
            yield begin, min(begin + count, len(steps))

    def _begin(self, steps: NDArray[np.int64], row: int) -> "Future[bool] | None":
        """Has a row hoisted by the helper, if there is one."""
        if self._helper is None:
            return None
        return self._helper.submit(self._hoist, steps, row, self._has_ended, self._ahead)

    def _finish(
        self,
        hoisting: "Future[bool] | None",
        steps: NDArray[np.int64],
        row: int,
        stop: Callable[[], bool],
        work: Work,
    ) -> bool:
        """Waits for the helper, or does its work if it has not begun."""
        if hoisting is None or hoisting.cancel():
            return self._hoist(steps, row, stop, work)
        return _finished(hoisting, stop)

    def _has_ended(self) -> bool:
        return self._ended


def for_rows(work: Work) -> Work:
    """The same for the loops over whole rows: with their weights."""
    return work._replace(weights=work.row_weights)


def _finished(work: "Future[bool]", stop: Callable[[], bool]) -> bool:
    """Waits for the helper's work; False if it was stopped meanwhile."""
    while not work.done():
        wait([work], PATIENCE)
        if not work.done() and stop():
            return False
    return work.result()
