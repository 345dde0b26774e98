"""The `fused` engine, for the CPU: the cached fill whose rows are computed by compiled loops, without the interpreter.

The encoder is the model's own. All else the loops of loops.py do, on the recorded wiring of the model's stacks: the
vertical stack over a row, the horizontal one over runs of known pixels and over each pixel to paint. What cost is left
is that of reading the horizontal stack's weights once a pixel.
"""

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TypeGuard

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pixpaint.layers.blocks import GatedBlock
from pixpaint.layers.conv import ShiftedConv
from pixpaint.layers.output import Tempering
from pixpaint.models.base import Condition, Model
from pixpaint.models.pixel_cnn_pp import PixelCNNPP
from pixpaint.sampling import fill_masked, loops
from pixpaint.sampling import steps as columns
from pixpaint.sampling.arena import Arena, Maps
from pixpaint.sampling.fill_cached import CachedFill
from pixpaint.sampling.loops import First, Head
from pixpaint.sampling.lowering import Program
from pixpaint.sampling.masked_steps import Masked
from pixpaint.sampling.steps import Numbers, Work
from pixpaint.sampling.tables import lowered
from pixpaint.sampling.tiles import padded
from pixpaint.sampling.window import PaintedRow, Told, Window

PART = 3e8
"""A call of the loops lasts a millisecond or two on a machine with AVX-512: so many weights times cells, of whole rows
..."""

PIXELS = 8e8
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

    PixelCNN++ on as many threads as torch may use, two at most: the pixels of all candidates are painted by one, so
    that the weights are read once for all, while the other hoists what the next row needs; rows are run by both.
    """
    assert can_fuse(model)
    if not isinstance(model, PixelCNNPP):
        yield from fill_masked.MaskedFill(model, window, tempering).paint(stop)
    elif torch.get_num_threads() == 1:
        yield from FusedFill(model, window, tempering).paint(stop)
    else:
        with ThreadPoolExecutor(1, "pixpaint-rows") as helper:
            yield from FusedFill(model, window, tempering, helper).paint(stop)


Errand = Callable[[Callable[[], bool]], bool]
"""Does something, unless what it is given says that it is to stop; whether it was done."""


class Beside:
    """Errands that do not depend on each other, run by a helper meanwhile. Who waits for them takes part, and does all
    where there is no helper."""

    def __init__(self, errands: Iterable[Errand], helper: Executor | None, ended: Callable[[], bool]) -> None:
        self._left = deque(errands)
        self._future = None if helper is None else helper.submit(self._run, ended)

    def _run(self, stop: Callable[[], bool]) -> bool:
        while True:
            try:
                errand = self._left.popleft()
            except IndexError:
                return True
            if not errand(stop):
                return False

    def finish(self, stop: Callable[[], bool]) -> bool:
        """Whether all was done; False if it was stopped meanwhile."""
        if not self._run(stop):
            return False
        if self._future is None or self._future.cancel():
            return True
        while not self._future.done():
            wait([self._future], PATIENCE)
            if not self._future.done() and stop():
                return False
        return self._future.result()


@dataclass(frozen=True, kw_only=True, eq=False)
class Share:
    """Some of the candidates as the loops are told of them: the tables of both stacks, the first layers, the frame. One
    thread at a time is at work on it, as the scratch memory is its own."""

    vertical: NDArray[np.int64]
    horizontal: NDArray[np.int64]
    first: First
    above: First
    left: First
    frame: Numbers
    work: Work

    @property
    def rows(self) -> Work:
        """The same for the loops over whole rows: with their weights."""
        return self.work._replace(weights=self.work.row_weights)

    def part(self, first: int, last: int, scratch: int) -> "Share":
        """Candidates [first, last) of these, with so much scratch memory for each."""
        work, count = self.work, last - first
        return Share(
            vertical=_from(first, self.vertical, work),
            horizontal=_from(first, self.horizontal, work),
            first=_first_from(first, self.first),
            above=_first_from(first, self.above),
            left=_first_from(first, self.left),
            frame=self.frame[first:last],
            work=work._replace(candidates=count, scratch=np.zeros(count * scratch, work.planes.dtype)),
        )


class FusedFill(CachedFill):
    """A cached fill whose planes and weights are laid out for the loops; `helper`, where there is one, is another
    thread."""

    def __init__(
        self, model: PixelCNNPP, window: Window, tempering: Tempering, helper: Executor | None = None
    ) -> None:
        super().__init__(model, window, tempering)
        self._helper = helper
        self._lowered = made = lowered(model)
        n, F = len(self.frame), model.config.features
        # Contiguous as the frame is: each loop is compiled for one kind of array.
        self._noise, self._base = self.noise.contiguous().numpy(), self.base.contiguous().numpy()
        numbers = self._noise.dtype
        self._arena = Arena(made.planes, n, self.width, numbers)
        vertical, horizontal = made.vertical_steps.copy(), made.horizontal_steps.copy()
        hoisted = self._place(made.vertical, vertical, 0)
        hoisted = self._place(made.horizontal, horizontal, hoisted)
        slots = max(made.vertical.slots, made.horizontal.slots)
        scratch = self.width * padded(F) * (slots + 3) + padded(model.head.out_channels)
        self._all = Share(
            vertical=vertical,
            horizontal=horizontal,
            first=self._first_layer(model.first_vertical),
            above=self._first_layer(model.first_above, "above"),
            left=self._first_layer(model.first_left),
            frame=self.frame.numpy(),
            work=Work(
                planes=self._arena.buffer,
                maps=self._maps.buffer,
                hoisted=np.zeros(hoisted, numbers),
                scratch=np.zeros(n * scratch, numbers),
                features=F,
                candidates=n,
                width=self.width,
                **made.arrays,
            ),
        )
        half = -(-n // 2)
        self._shares = [self._all]
        if helper is not None and n > 1:
            self._shares = [self._all.part(*span, scratch) for span in ((0, half), (half, n))]
        self._first_twice = [self._all.part(0, 1, scratch) for _ in range(2)]
        self._head = Head(
            slot=made.horizontal.output,
            w=made.head_weights[0],
            bias=made.head_weights[1],
            parameters=model.output.parameters,
            trusts=model.head.out_channels - model.output.parameters,
            components=model.config.components,
            levels=model.config.levels,
        )
        self._ahead: Beside | None = None

    def threads(self) -> AbstractContextManager[None]:
        """The loops use none of torch's, and the setting is not theirs to change: two of them may run at once."""
        return nullcontext()

    def describe(self, told: Told) -> Condition:
        """Nothing: the loops read the maps themselves, a row at a time."""
        self._maps = Maps(told.maps, self.frame.numpy().dtype)
        self._alike = len(told.base) == 1  # what is known is the same for all candidates
        return {}

    def _place(self, program: Program, table: NDArray[np.int64], start: int) -> int:
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
                row[columns.MAP : columns.MAP_CHANNELS + 1] = self._maps.place(layer.scale)
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
            self.ended = True  # the helper need not finish what it is at

    def prefill(self, first: int, last: int, stop: Callable[[], bool]) -> bool:
        if not self._alike:
            mine, *theirs = (partial(self._prefill, share, first, last) for share in self._shares)
            beside = self._beside(*theirs)
            return mine(stop) and beside.finish(stop)
        # The horizontal stack follows the vertical one a row behind.
        ahead, behind = self._first_twice
        following = self._beside()
        for row in range(first, last):
            if not self._run_known(ahead, row, stop) or not following.finish(stop):
                return False
            following = self._beside(partial(self._pass_known, behind, row))
        if not following.finish(stop):
            return False
        self._arena.copy_first()
        return True

    def _prefill(self, share: Share, first: int, last: int, stop: Callable[[], bool]) -> bool:
        """Both stacks over known rows."""
        return all(
            self._run_known(share, row, stop) and self._pass_known(share, row, stop)
            for row in range(first, last)
        )

    def _run_known(self, share: Share, row: int, stop: Callable[[], bool]) -> bool:
        """The vertical stack over a row."""
        hoists = self._hoists(share, share.vertical, row)
        return all(hoist(stop) for hoist in hoists) and self._run_vertical(share, row, stop)

    def _pass_known(self, share: Share, row: int, stop: Callable[[], bool]) -> bool:
        """The horizontal stack over a row."""
        return (
            all(hoist(stop) for hoist in self._hoists(share, share.horizontal, row))
            and self._hoist_above(share, row, stop)
            and self._pass_run(share, row, 0, self.width, stop)
        )

    def run_row(self, row: int, stop: Callable[[], bool]) -> bool:
        # What is hoisted needs only the rows above: the vertical stack's row is begun while the pixels of the one
        # before are painted. The helper runs half of the candidates.
        if not (self._ahead or self._hoist_ahead(row)).finish(stop):
            return False
        mine, *theirs = self._shares
        runs = self._beside(*(partial(self._run_vertical, share, row) for share in theirs))
        hoists = self._beside(*self._hoists(self._all, self._all.horizontal, row))
        if not (self._run_vertical(mine, row, stop) and hoists.finish(stop) and runs.finish(stop)):
            return False
        aboves = self._beside(*(partial(self._hoist_above, share, row) for share in theirs))
        if not (self._hoist_above(mine, row, stop) and aboves.finish(stop)):
            return False
        self._ahead = self._hoist_ahead(row + 1) if row + 1 < self.picture.shape[2] else None
        return True

    def pass_run(self, row: int, first: int, last: int, stop: Callable[[], bool]) -> bool:
        return self._pass_run(self._all, row, first, last, stop)

    def paint_run(self, row: int, first: int, last: int, stop: Callable[[], bool]) -> Tensor:
        share = self._all
        nats = np.empty((len(self.frame), last - first))
        count = max(1, int(PIXELS / (self._lowered.products * len(self.frame))))
        done = first
        while done < last and not stop():
            end = min(done + count, last)
            loops.paint_run(
                share.horizontal, self._lowered.horizontal.slots, share.left, share.above, self._head, share.work,
                share.frame, row, done, end, self._noise, self._base, self.tempering, nats, done - first,
            )  # fmt: skip
            done = end
        return torch.from_numpy(nats[:, : done - first])

    def _beside(self, *errands: Errand) -> Beside:
        return Beside(errands, self._helper if errands else None, lambda: self.ended)

    def _hoist_ahead(self, row: int) -> Beside:
        return self._beside(*self._hoists(self._all, self._all.vertical, row))

    def _hoists(self, share: Share, steps: NDArray[np.int64], row: int) -> list[Errand]:
        """The hoisting of a stack's row."""
        return [
            partial(self._hoist, share, steps, row, *part) for part in self._parts(steps, self.width, share)
        ]

    def _hoist(
        self,
        share: Share,
        steps: NDArray[np.int64],
        row: int,
        begin: int,
        end: int,
        stop: Callable[[], bool],
    ) -> bool:
        if stop():
            return False
        loops.hoist_row(steps, share.rows, row, begin, end)
        return True

    def _run_vertical(self, share: Share, row: int, stop: Callable[[], bool]) -> bool:
        for begin, end in self._parts(share.vertical, self.width, share):
            if begin and stop():
                return False
            loops.run_row(
                share.vertical, self._lowered.vertical.slots, share.first, share.above, share.rows,
                share.frame, row, begin, end,
            )  # fmt: skip
        return True

    def _hoist_above(self, share: Share, row: int, stop: Callable[[], bool]) -> bool:
        for begin, end in self._parts(share.horizontal, self.width, share):
            if begin and stop():
                return False
            loops.hoist_above(share.horizontal, share.rows, row, begin, end)
        return True

    def _pass_run(self, share: Share, row: int, first: int, last: int, stop: Callable[[], bool]) -> bool:
        for begin, end in self._parts(share.horizontal, last - first, share):
            if begin and stop():
                return False
            loops.pass_run(
                share.horizontal, self._lowered.horizontal.slots, share.left, share.above, share.work,
                share.frame, row, first, last, begin, end,
            )  # fmt: skip
        return True

    def _parts(self, steps: NDArray[np.int64], pixels: int, share: Share) -> Iterator[tuple[int, int]]:
        """The steps of a stack over so many pixels, in parts that take some milliseconds each."""
        cost = self._lowered.products * pixels * share.work.candidates
        count = max(1, int(len(steps) * PART / cost))
        for begin in range(0, len(steps), count):
            yield begin, min(begin + count, len(steps))


def _from(first: int, table: NDArray[np.int64], work: Work) -> NDArray[np.int64]:
    """A table of steps for the candidates from `first` on."""
    table = table.copy()
    for at, stride in (
        (columns.PLANE, columns.STRIDE),
        (columns.PLANE2, columns.STRIDE2),
        (columns.ABOVE, columns.ABOVE_STRIDE),
        (columns.PUBLISH, columns.PUBLISH_STRIDE),
        (columns.MAP, columns.MAP_STRIDE),
    ):
        there = table[:, at] >= 0
        table[there, at] += first * table[there, stride]
    blocks = table[:, columns.KIND] == columns.BLOCK
    cells = first * work.width // table[blocks, columns.SCALE]
    table[blocks, columns.HOIST] += cells * padded(work.features)
    table[blocks, columns.HOIST2] += cells * padded(2 * work.features)
    return table


def _first_from(first: int, layer: First) -> First:
    """A first layer for the candidates from `first` on."""
    to = layer.publish + first * layer.publish_stride if layer.publish >= 0 else layer.publish
    return layer._replace(plane=layer.plane + first * layer.stride, publish=to)
