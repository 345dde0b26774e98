"""The `fused` engine for models of masked convolutions: PixelCNN, Gated PixelCNN, Row LSTM, Diagonal BiLSTM.

What depends on the rows above is computed a row at a time: by the model's own layers, and as products of what the row
above has kept. All else a compiled loop does, pixel by pixel (masked_loops.py), on steps that are made of the model's
own layers (masked_steps.py). A Diagonal BiLSTM's right-to-left direction, which depends on rows above alone, is run
before a row's first pixel: by the same loop, in the mirrored picture.
"""

from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pixpaint.layers.cache import FeatureCache
from pixpaint.layers.output import Tempering
from pixpaint.layers.pixels import units_to_bytes
from pixpaint.models.base import Model
from pixpaint.models.diagonal_bilstm import DiagonalBiLSTMModel
from pixpaint.sampling import masked_loops as loops
from pixpaint.sampling.fill_cached import CachedFill, one_thread
from pixpaint.sampling.masked_steps import Given, Masked, Step, steps_back, steps_of
from pixpaint.sampling.tiles import padded, panels
from pixpaint.sampling.window import PaintedRow, Told, Window

PRODUCTS = 1e7
"""A call of the loop lasts a few milliseconds: so many multiplications. Then Python asks whether to stop."""


@dataclass(frozen=True, kw_only=True)
class Lowered:
    """A model's steps, of which the first `back` run right to left, and its weights as the loop reads them: `table`
    lacks where planes and hoisted rows lie."""

    steps: list[Step]
    back: int
    table: NDArray[np.int64]
    weights: NDArray[np.floating]
    biases: NDArray[np.floating]
    wide: int
    dtype: torch.dtype
    products: int


_lowered: WeakKeyDictionary[Model, Lowered] = WeakKeyDictionary()


def lowered(model: Masked) -> Lowered:
    """The model made ready for the loop: once, unless it has changed its numbers' type."""
    found = _lowered.get(model)
    if found is None or found.dtype != model.head.weight.dtype:
        back = steps_back(model)
        found = _lowered[model] = _pack([*back, *steps_of(model)], len(back))
    return found


def _pack(steps: list[Step], back: int) -> Lowered:
    table = np.full((len(steps), loops.COLUMNS), -1, np.int64)
    weights, biases = [], []
    w = bias = 0
    for line, step in zip(table, steps, strict=True):
        outputs = padded(step.weight.shape[1])
        line[[loops.SOURCE, loops.ACTIVATION, loops.TARGET]] = step.source, step.activation, step.target
        line[[loops.INPUTS, loops.OUTPUTS, loops.TAPS]] = step.inputs, outputs, step.taps
        line[[loops.W, loops.BIAS, loops.PLANE_WIDTH]] = w, bias, 0
        weights.append(panels(step.weight.detach()).flatten())
        own = step.weight.new_zeros(outputs)
        if step.bias is not None:
            own[: len(step.bias)] = step.bias.detach()
        biases.append(own)
        w, bias = w + weights[-1].numel(), bias + outputs
    vectors = [padded(len(step.weight)) for step in steps] + [padded(step.weight.shape[1]) for step in steps]
    return Lowered(
        steps=steps,
        back=back,
        table=table,
        weights=torch.cat(weights).numpy(),
        biases=torch.cat(biases).numpy(),
        wide=max(vectors),
        dtype=steps[-1].weight.dtype,
        products=sum(step.weight.numel() for step in steps),
    )


class Plane(NamedTuple):
    """A row of what a step keeps: cells (N, left + W + right, inputs), zeros to both sides, where they begin among all
    planes' numbers, and whether the row is mirrored."""

    cells: Tensor
    start: int
    left: int
    mirrored: bool


class MaskedFill(CachedFill):
    """A cached fill whose pixels the compiled loop runs, row after row from the first one, on a row of each plane.
    `limit` keeps torch to one thread, where that is not done already."""

    def __init__(
        self,
        model: Masked,
        window: Window,
        tempering: Tempering,
        told: Told,
        limit: Callable[[], AbstractContextManager[None]] = one_thread,
    ) -> None:
        super().__init__(model, window, tempering, told)
        self._limit = limit
        self._made = made = lowered(model)
        self._table = made.table.copy()
        planes, self._planes = self._lay_planes()
        hoisted, self._hoisted = self._lay_hoisted()
        self._arrays = planes, hoisted, made.weights, made.biases
        self._scratch = np.zeros(3 * len(self.frame) * made.wide, self.frame.numpy().dtype)
        self._frame, self._noise = self.frame.numpy(), self.noise.contiguous().numpy()

    def threads(self) -> AbstractContextManager[None]:
        return self._limit()

    def _lay_planes(self) -> tuple[NDArray[np.floating], dict[Hashable, Plane]]:
        """Room for all planes, told to the steps; the planes by name. The states of an LSTM lie before its cells, and
        those before the cells of the row above where it needs them."""
        n = len(self.frame)
        places: dict[Hashable, tuple[int, Step, int]] = {}
        total = 0
        for i, (line, step) in enumerate(zip(self._table, self._made.steps, strict=True)):
            if step.keeps is None:
                continue
            left, right = step.margins
            columns = left + self.width + right
            places[step.keeps] = total, step, i
            line[loops.PLANE], line[loops.PLANE_WIDTH] = total + (left - step.taps + 1) * step.inputs, columns
            size = n * columns * step.inputs
            if step.activation == loops.LSTM:
                line[loops.CELL] = total + size + left * step.inputs
                line[loops.BEFORE] = line[loops.CELL] + (size if step.cell_above else -step.inputs)
            total += size * (1 if step.activation != loops.LSTM else 3 if step.cell_above else 2)
        numbers = self.frame.new_zeros(max(1, total))
        planes = {}
        for name, (start, step, i) in places.items():
            columns = int(self._table[i, loops.PLANE_WIDTH])
            cells = numbers[start:][: n * columns * step.inputs].view(n, columns, step.inputs)
            planes[name] = Plane(cells, start, step.margins[0], i < self._made.back)
        for line, step in zip(self._table, self._made.steps, strict=True):
            if step.reads is not None:
                read = planes[step.reads]
                line[loops.PLANE] = read.start + (read.left - 1) * step.inputs
                line[loops.PLANE_WIDTH] = read.cells.shape[1]
        return numbers.numpy(), planes

    def _lay_hoisted(self) -> tuple[NDArray[np.floating], dict[int, Tensor]]:
        """Room for what is hoisted, told to the steps; (N, W, outputs) by step."""
        n, total = len(self.frame), 0
        steps = [i for i, step in enumerate(self._made.steps) if step.hoisted]
        for i in steps:
            self._table[i, loops.HOIST] = total
            total += n * self.width * int(self._table[i, loops.OUTPUTS])
        numbers = self.frame.new_zeros(total)
        hoisted = {}
        for i in steps:
            start, outputs = (int(self._table[i, column]) for column in (loops.HOIST, loops.OUTPUTS))
            hoisted[i] = numbers[start:][: n * self.width * outputs].view(n, self.width, outputs)
        return numbers.numpy(), hoisted

    def extend(self, cache: FeatureCache) -> None:
        if isinstance(self.model, DiagonalBiLSTMModel):
            self.model.picture_rows(cache.crop(self.above, 1), cache, self.condition)
        else:
            super().extend(cache)

    def prefill(self, first: int, last: int, stop: Callable[[], bool]) -> bool:
        nothing = np.zeros(self.width, bool)
        with self.threads():
            return all(self._run(row, nothing, stop)[0] == self.width for row in range(first, last))

    def paint_row(self, row: int, stop: Callable[[], bool]) -> PaintedRow | None:
        todo = np.zeros(self.width, bool)
        todo[: self.window.todo.shape[1]] = self.window.todo[row]
        end, nats = self._run(row, todo, stop)
        columns = np.flatnonzero(todo[:end])
        if not len(columns):
            return None
        pixels = units_to_bytes(self.picture[:, :, row]).movedim(1, 2).numpy()
        return PaintedRow(row, columns, pixels[:, columns], nats[:, columns])

    def _run(
        self, row: int, todo: NDArray[np.bool_], stop: Callable[[], bool]
    ) -> tuple[int, NDArray[np.float64]]:
        """Runs a row and draws its pixels in `todo` (W,): up to which column, and what they cost (N, W)."""
        self.cache.move_to(row, 0, 1, self.width)
        self.extend(self.cache)
        nats = np.zeros((len(self.frame), self.width))
        back, steps = range(self._made.back), range(self._made.back, len(self._table))
        # Above the image there are no gates, not even biases: the states of its first row right to left stay zero.
        if back and row > 0:
            nothing = np.zeros(self.width, bool)
            if not self._hoist(back, row, stop) or self._loop(back, row, nothing, stop, nats) < self.width:
                return 0, nats
        if not self._hoist(steps, row, stop):
            return 0, nats
        for line, step in zip(self._table, self._made.steps, strict=True):
            if step.cell_above:  # the two rows of cells take turns
                line[[loops.CELL, loops.BEFORE]] = line[[loops.BEFORE, loops.CELL]]
        return self._loop(steps, row, todo, stop, nats), nats

    def _loop(
        self,
        steps: range,
        row: int,
        todo: NDArray[np.bool_],
        stop: Callable[[], bool],
        nats: NDArray[np.float64],
    ) -> int:
        """Runs some steps over a row: up to which column."""
        model, made = self.model, self._made
        count = max(1, int(PRODUCTS / (made.products * len(self.frame) * model.substeps)))
        for column in range(0, self.width, count):
            if stop():
                return column
            loops.run_pixels(
                self._table[steps.start : steps.stop], made.wide, *self._arrays, self._scratch, self._frame, row,
                column, min(column + count, self.width), todo, self._noise, self.tempering,
                model.config.levels == 2, model.substeps, nats,
            )  # fmt: skip
        return self.width

    def _hoist(self, steps: range, row: int, stop: Callable[[], bool]) -> bool:
        """What all columns of a row take from the rows above it; False if it was stopped."""
        for i in steps:
            if i not in self._hoisted:
                continue
            if stop():
                return False
            step, mirrored = self._made.steps[i], i < self._made.back
            hoisted = self._hoisted[i][..., : step.weight.shape[1]]
            hoisted[:] = 0 if step.bias is None else step.bias
            if step.published is not None:
                published = self.cache.planes[step.published][:, :, row].movedim(1, 2)
                hoisted += published.flip(1) if mirrored else published
            if step.told is not None:
                told = self._told(step.told, row)
                hoisted += told.flip(1) if mirrored else told
            for given in step.finished:
                plane = self._planes[given.plane]
                cells = len(given.weight) // plane.cells.shape[2]
                first = plane.left - cells // 2
                window = plane.cells.unfold(1, cells, 1)[:, first : first + self.width]
                product = window.transpose(2, 3).flatten(2) @ given.weight
                hoisted += product if plane.mirrored == mirrored else product.flip(1)
        return True

    def _told(self, told: Given, row: int) -> Tensor:
        """What a step is told in a row: (N or 1, W or 1, outputs), 1 where the same holds everywhere."""
        given = self.condition[told.by][:, told.channels]
        everywhere = given.shape[2] == given.shape[3] == 1
        return given[:, :, 0 if everywhere else row - told.above].movedim(1, 2)
