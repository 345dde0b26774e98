"""The `fused` engine for models of masked convolutions, PixelCNN and Gated PixelCNN.

What depends on the rows above is computed a row at a time: by the model's own `rows`, and, for PixelCNN's 3x3 layers,
as a product of the row above with their kernels' upper row. All else a compiled loop does, pixel by pixel
(masked_loops.py), on steps that are made of the model's own layers here.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import cast
from weakref import WeakKeyDictionary

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pixpaint.layers.masked import FirstConv, MaskedConv, MaskedConv2d
from pixpaint.layers.pixels import units_to_bytes
from pixpaint.models.base import Model
from pixpaint.models.gated_pixel_cnn import GatedPixelCNN
from pixpaint.models.pixel_cnn import Block, PixelCNN
from pixpaint.sampling import masked_loops as loops
from pixpaint.sampling.fill_cached import CachedFill
from pixpaint.sampling.tiles import padded, panels
from pixpaint.sampling.window import PaintedRow, Window

PRODUCTS = 1e7
"""A call of the loop lasts a few milliseconds: so many multiplications. Then Python asks whether to stop."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One product. `weight` is a matrix (taps * inputs, outputs), the leftmost tap first. What is hoisted for it comes
    from where the model published it, `published`, and, before a gate, is told something by `told`; or it is the row
    above times `above`, (3 * inputs, outputs)."""

    source: int
    activation: int
    target: int
    inputs: int
    weight: Tensor
    bias: Tensor | None = None
    published: Hashable = None
    told: nn.Module | None = None
    above: Tensor | None = None

    @property
    def taps(self) -> int:
        """How many cells of a row it reads."""
        return len(self.weight) // self.inputs

    @property
    def kept(self) -> bool:
        """Whether its input is kept for the pixels to the right."""
        return self.source != loops.FROM_PICTURE and self.taps > 1


@dataclass(frozen=True, kw_only=True)
class Lowered:
    """A model's steps, and its weights as the loop reads them: `table` lacks where planes and hoisted rows lie."""

    steps: list[Step]
    table: NDArray[np.int64]
    weights: NDArray[np.floating]
    biases: NDArray[np.floating]
    wide: int
    dtype: torch.dtype
    products: int


_lowered: WeakKeyDictionary[Model, Lowered] = WeakKeyDictionary()


def lowered(model: PixelCNN | GatedPixelCNN) -> Lowered:
    """The model made ready for the loop: once, unless it has changed its numbers' type."""
    found = _lowered.get(model)
    if found is None or found.dtype != model.head.weight.dtype:
        steps = _pixel_cnn(model) if isinstance(model, PixelCNN) else _gated_pixel_cnn(model)
        found = _lowered[model] = _pack([*steps, *_last(model)])
    return found


def _matrix(conv: nn.Conv2d, row: int = -1, columns: int | None = None) -> Tensor:
    """The first so many columns of a row of a kernel, masked, as a matrix (columns * inputs, outputs)."""
    weight = conv.weight
    if isinstance(conv, MaskedConv2d) and conv.mask is not None:
        weight = weight * conv.mask
    return weight[:, :, row, :columns].permute(2, 1, 0).flatten(0, 1)


def _first(first: FirstConv) -> tuple[int, Tensor]:
    """Inputs and weight of a first layer's current row: the pixels to the left and the pixel itself, if it is seen."""
    conv = first.left.conv
    here = conv.weight.new_zeros(conv.in_channels, conv.out_channels)
    return conv.in_channels, torch.cat([_matrix(conv), here if first.here is None else _matrix(first.here)])


def _pixel_cnn(model: PixelCNN) -> Iterator[Step]:
    inputs, weight = _first(model.first)
    yield Step(
        source=loops.FROM_PICTURE, activation=loops.NOTHING, target=loops.AS_STREAM, inputs=inputs, weight=weight,
        published="above",
    )  # fmt: skip
    for block in cast(Iterable[Block], model.blocks):
        narrow, conv, widen = block.narrow, block.conv.conv, block.widen
        yield _one(narrow, loops.FROM_STREAM, loops.RELU, loops.AS_LAST)
        yield Step(
            source=loops.FROM_LAST, activation=loops.RELU, target=loops.AS_LAST, inputs=conv.in_channels,
            weight=_matrix(conv, columns=2), bias=conv.bias, above=_matrix(conv, 0),
        )  # fmt: skip
        yield _one(widen, loops.FROM_LAST, loops.RELU, loops.ADDED)


def _gated_pixel_cnn(model: GatedPixelCNN) -> Iterator[Step]:
    told: Sequence[nn.Module | None] = [*model.tell_horizontal] or [None] * len(model.out)
    layers, out = cast(list[MaskedConv], [*model.horizontal]), cast(list[MaskedConv2d], [*model.out])
    inputs, weight = _first(model.first)
    yield Step(
        source=loops.FROM_PICTURE, activation=loops.NOTHING, target=loops.AS_LAST, inputs=inputs, weight=weight,
        published=0, told=told[0],
    )  # fmt: skip
    yield _one(out[0], loops.FROM_LAST, loops.GATE, loops.AS_STREAM)
    for i, layer in enumerate(layers, 1):
        yield Step(
            source=loops.FROM_STREAM, activation=loops.NOTHING, target=loops.AS_LAST, inputs=layer.conv.in_channels,
            weight=_matrix(layer.conv), bias=layer.conv.bias, published=i, told=told[i],
        )  # fmt: skip
        yield _one(out[i], loops.FROM_LAST, loops.GATE, loops.ADDED)


def _last(model: PixelCNN | GatedPixelCNN) -> Iterator[Step]:
    source = loops.FROM_STREAM
    last = model.last if isinstance(model, PixelCNN) else [model.last]
    for layer in (*last, model.head):
        yield _one(layer, source, loops.RELU, loops.AS_LAST)
        source = loops.FROM_LAST


def _one(conv: nn.Module, source: int, activation: int, target: int) -> Step:
    """The step of a 1x1 convolution."""
    assert isinstance(conv, nn.Conv2d)
    return Step(
        source=source, activation=activation, target=target, inputs=conv.in_channels, weight=_matrix(conv),
        bias=conv.bias,
    )  # fmt: skip


def _pack(steps: list[Step]) -> Lowered:
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
        table=table,
        weights=torch.cat(weights).numpy(),
        biases=torch.cat(biases).numpy(),
        wide=max(vectors),
        dtype=steps[0].weight.dtype,
        products=sum(step.weight.numel() for step in steps),
    )


class MaskedFill(CachedFill):
    """A cached fill whose pixels the compiled loop runs, row after row from the first one, on a row of each plane."""

    def __init__(self, model: PixelCNN | GatedPixelCNN, window: Window, temperature: float) -> None:
        super().__init__(model, window, temperature)
        self._made = made = lowered(model)
        n = len(self.frame)
        self._table = made.table.copy()
        self._planes: dict[int, Tensor] = {}  # (N, columns, inputs) by step
        self._hoisted: dict[int, Tensor] = {}  # (N, W, outputs) by step
        sizes = [0, 0]
        for line, step in zip(self._table, made.steps, strict=True):
            if step.kept:
                columns = self.width + step.taps - 1 + (step.above is not None)
                line[loops.PLANE], line[loops.PLANE_WIDTH] = sizes[0], columns
                sizes[0] += n * columns * step.inputs
            if step.published is not None or step.above is not None:
                line[loops.HOIST] = sizes[1]
                sizes[1] += n * self.width * int(line[loops.OUTPUTS])
        planes, hoisted = (self.frame.new_zeros(max(1, size)) for size in sizes)
        for i, (line, step) in enumerate(zip(self._table, made.steps, strict=True)):
            if line[loops.PLANE] >= 0:
                shape = (n, int(line[loops.PLANE_WIDTH]), step.inputs)
                self._planes[i] = planes[line[loops.PLANE] :][: np.prod(shape)].view(shape)
            if line[loops.HOIST] >= 0:
                shape = (n, self.width, int(line[loops.OUTPUTS]))
                self._hoisted[i] = hoisted[line[loops.HOIST] :][: np.prod(shape)].view(shape)
        self._arrays = planes.numpy(), hoisted.numpy(), made.weights, made.biases
        self._scratch = np.zeros(3 * n * made.wide, self.frame.numpy().dtype)
        self._frame, self._noise = self.frame.numpy(), self.noise.contiguous().numpy()

    def prefill(self, first: int, last: int, stop: Callable[[], bool]) -> bool:
        nothing = np.zeros(self.width, bool)
        return all(self._run(row, nothing, stop)[0] == self.width for row in range(first, last))

    def paint_row(self, row: int, stop: Callable[[], bool]) -> PaintedRow | None:
        todo = np.zeros(self.width, bool)
        todo[: self.window.todo.shape[1]] = self.window.todo[row]
        end, nats = self._run(row, todo, stop)
        columns = np.flatnonzero(todo[:end]).tolist()
        if not columns:
            return None
        drawn = units_to_bytes(self.picture[:, :, row, columns])
        return PaintedRow(row, columns, drawn, torch.from_numpy(nats[:, columns]))

    def _run(
        self, row: int, todo: NDArray[np.bool_], stop: Callable[[], bool]
    ) -> tuple[int, NDArray[np.float64]]:
        """Runs a row and draws its pixels in `todo` (W,): up to which column, and what they cost (N, W)."""
        self.cache.move_to(row, 0, 1, self.width)
        self.extend(self.cache)
        self._hoist(row)
        nats = np.zeros((len(self.frame), self.width))
        model, made = self.model, self._made
        count = max(1, int(PRODUCTS / (made.products * len(self.frame) * model.substeps)))
        for column in range(0, self.width, count):
            if stop():
                return column, nats
            loops.run_pixels(
                self._table, made.wide, *self._arrays, self._scratch, self._frame, row, column,
                min(column + count, self.width), todo, self._noise, float(self.temperature),
                model.config.levels == 2, model.substeps, nats,
            )  # fmt: skip
        return self.width, nats

    def _hoist(self, row: int) -> None:
        """What all columns of a row take from the rows above it."""
        for i, hoisted in self._hoisted.items():
            step = self._made.steps[i]
            outputs = step.weight.shape[1]
            if step.above is not None:
                plane = self._planes[i]  # as the row above has left it
                window = torch.cat([plane[:, tap : tap + self.width] for tap in range(3)], 2)
                hoisted[..., :outputs] = window @ step.above
            else:
                hoisted[..., :outputs] = self.cache.planes[step.published][:, :, row].movedim(1, 2)
            if step.bias is not None:
                hoisted[..., :outputs] += step.bias
            if step.told is not None:
                hoisted[..., :outputs] += self.condition[step.told][:, :, 0, 0][:, None]
