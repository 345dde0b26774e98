"""What the `fused` engine does for a pixel of a model of masked convolutions, in steps made of the model's own layers:
PixelCNN, Gated PixelCNN, Row LSTM, Diagonal BiLSTM.

A step's input may be kept in a *plane*, a row of it, for the pixels to the right and for the row below. What a step is
given of the rows above is *hoisted*: computed a row at a time, before the row's first pixel (see fill_masked.py).
"""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

from pixpaint.layers.masked import FirstConv, MaskedConv, MaskedConv2d
from pixpaint.layers.recurrent import DiagonalBiLSTM, RowLSTM
from pixpaint.models.diagonal_bilstm import DiagonalBiLSTMModel
from pixpaint.models.gated_pixel_cnn import GatedPixelCNN
from pixpaint.models.pixel_cnn import Block, PixelCNN
from pixpaint.models.pixel_rnn import PixelRNN, Residual
from pixpaint.models.row_lstm import RowLSTMModel
from pixpaint.sampling import masked_loops as loops

Masked = PixelCNN | GatedPixelCNN | RowLSTMModel | DiagonalBiLSTMModel


@dataclass(frozen=True, kw_only=True)
class Finished:
    """What a step is given of a row that is finished: some cells of a plane, the middle one in its own column, times
    `weight`, a matrix (cells * inputs, outputs)."""

    plane: Hashable
    weight: Tensor


class Given(NamedTuple):
    """What a step is given of the condition of `by`: these channels, of the cell so many rows `above` its own."""

    by: nn.Module
    channels: slice = slice(None)
    above: int = 0


@dataclass(frozen=True, kw_only=True)
class Step:
    """One product. `weight` is a matrix (taps * inputs, outputs), the leftmost tap first.

    The input of several taps, and what another step needs, is kept in a plane by the name `keeps`, with so many zeros
    on both sides, `margins`; FROM_LEFT takes its own from the plane `reads`. What is hoisted comes from where the model
    published it, `published`, is what the model is told, `told`, or comes from finished rows. An LSTM's cell
    state comes from the cell above or from the one to the left.
    """

    source: int
    activation: int = loops.NOTHING
    target: int
    inputs: int
    weight: Tensor
    bias: Tensor | None = None
    keeps: Hashable = None
    margins: tuple[int, int] = (0, 0)
    reads: Hashable = None
    cell_above: bool = False
    published: Hashable = None
    told: Given | None = None
    finished: Sequence[Finished] = ()

    @property
    def taps(self) -> int:
        """How many cells of a row it reads."""
        return len(self.weight) // self.inputs

    @property
    def hoisted(self) -> bool:
        """Whether anything is hoisted for it."""
        return self.published is not None or self.told is not None or bool(self.finished)


def steps_of(model: Masked) -> list[Step]:
    """The steps of a pixel, in order."""
    if isinstance(model, GatedPixelCNN):
        return [*_gated_pixel_cnn(model), *_last([model.last, model.head])]
    layers = _blocks(model) if isinstance(model, PixelCNN) else _lstms(model)
    return [_of_picture(model.first), *layers, *_last([*model.last, model.head])]


def steps_back(model: Masked) -> list[Step]:
    """The steps of a cell right to left, over the row above, in the mirrored picture: of a Diagonal BiLSTM."""
    if not isinstance(model, DiagonalBiLSTMModel):
        return []
    return [step for layer in model.residuals() for step in _to_left(layer)]


def _matrix(conv: nn.Module, row: int = -1, columns: int | None = None) -> Tensor:
    """The first so many columns of a row of a kernel, masked, as a matrix (columns * inputs, outputs)."""
    assert isinstance(conv, nn.Conv2d)
    weight = conv.weight
    if isinstance(conv, MaskedConv2d) and conv.mask is not None:
        weight = weight * conv.mask
    return weight[:, :, row, :columns].permute(2, 1, 0).flatten(0, 1)


def _first(first: FirstConv) -> tuple[int, Tensor]:
    """Inputs and weight of a first layer's current row: the pixels to the left and the pixel itself, if it is seen."""
    conv = first.left.conv
    here = conv.weight.new_zeros(conv.in_channels, conv.out_channels)
    return conv.in_channels, torch.cat([_matrix(conv), here if first.here is None else _matrix(first.here)])


def _of_picture(first: FirstConv) -> Step:
    inputs, weight = _first(first)
    return Step(
        source=loops.FROM_PICTURE, target=loops.AS_STREAM, inputs=inputs, weight=weight, published="above"
    )


def _blocks(model: PixelCNN) -> Iterator[Step]:
    for block in cast(Iterable[Block], model.blocks):
        conv = block.conv.conv
        yield _one(block.narrow, loops.FROM_STREAM, loops.RELU, loops.AS_LAST)
        yield Step(
            source=loops.FROM_LAST, activation=loops.RELU, target=loops.AS_LAST, inputs=conv.in_channels,
            weight=_matrix(conv, columns=2), bias=conv.bias, keeps=conv, margins=(1, 1),
            told=None if block.tell is None else Given(by=block),
            finished=[Finished(plane=conv, weight=_matrix(conv, 0))],
        )  # fmt: skip
        yield _one(block.widen, loops.FROM_LAST, loops.RELU, loops.ADDED)


def _gated_pixel_cnn(model: GatedPixelCNN) -> Iterator[Step]:
    matrices: list[nn.Module | None] = [*model.tell_horizontal] or [None] * len(model.out)
    told = [None if matrix is None else Given(by=matrix) for matrix in matrices]
    layers = cast(list[MaskedConv], [*model.horizontal])
    inputs, weight = _first(model.first)
    yield Step(
        source=loops.FROM_PICTURE, target=loops.AS_LAST, inputs=inputs, weight=weight, published=0, told=told[0]
    )  # fmt: skip
    yield _one(model.out[0], loops.FROM_LAST, loops.GATE, loops.AS_STREAM)
    for i, layer in enumerate(layers, 1):
        conv = layer.conv
        yield Step(
            source=loops.FROM_STREAM, target=loops.AS_LAST, inputs=conv.in_channels, weight=_matrix(conv),
            bias=conv.bias, keeps=conv, margins=(layer.halo.left, 0), published=i, told=told[i],
        )  # fmt: skip
        yield _one(model.out[i], loops.FROM_LAST, loops.GATE, loops.ADDED)


def _lstms(model: PixelRNN) -> Iterator[Step]:
    for layer in model.residuals():
        if isinstance(layer.lstm, RowLSTM):
            yield from _row_lstm(layer, layer.lstm)
        else:
            yield from _to_right(layer, layer.lstm)


def _row_lstm(layer: Residual, lstm: RowLSTM) -> Iterator[Step]:
    widen, told = layer.widen, None if layer.tell is None else Given(by=layer)
    conv, states = lstm.input_to_state.conv, lstm.states
    yield Step(
        source=loops.FROM_STREAM, target=loops.AS_LAST, inputs=conv.in_channels, weight=_matrix(conv),
        bias=conv.bias, keeps=conv, margins=(lstm.input_to_state.halo.left, 0), told=told,
        finished=[Finished(plane=states, weight=states.taps.flatten(0, 1))],
    )  # fmt: skip
    yield Step(
        source=loops.FROM_LAST, activation=loops.LSTM, target=loops.ADDED, inputs=states.features,
        weight=_matrix(widen), bias=widen.bias, keeps=states, margins=(states.halo.left, states.halo.right),
        cell_above=True,
    )  # fmt: skip


def _to_right(layer: Residual, lstm: DiagonalBiLSTM) -> Iterator[Step]:
    """A Diagonal BiLSTM's layer left to right, and what it is given of the other direction, run by then."""
    widen = layer.widen
    told = None if layer.tell is None else Given(by=layer, channels=slice(lstm.gates // 2))
    conv, states = lstm.input_to_right, lstm.to_right
    above, left = states.taps
    yield Step(
        source=loops.FROM_STREAM, target=loops.AS_LAST, inputs=conv.in_channels, weight=_matrix(conv),
        bias=conv.bias, keeps=conv, told=told, finished=[Finished(plane=states, weight=above)],
    )  # fmt: skip
    yield Step(source=loops.FROM_LEFT, target=loops.MORE, inputs=states.features, weight=left, reads=states)
    yield Step(
        source=loops.FROM_LAST, activation=loops.LSTM, target=loops.ADDED, inputs=states.features,
        weight=_matrix(widen), bias=widen.bias, keeps=states, margins=(1, 0),
        finished=[Finished(plane=lstm.to_left, weight=_matrix(widen))],
    )  # fmt: skip


def _to_left(layer: Residual) -> Iterator[Step]:
    """Its other direction: the gates are those of the row above, all hoisted but for the states beside a cell. Of the
    last step only the states are used."""
    lstm = layer.lstm
    assert isinstance(lstm, DiagonalBiLSTM)
    told = None if layer.tell is None else Given(by=layer, channels=slice(lstm.gates // 2, None), above=1)
    conv, states = lstm.input_to_left, lstm.to_left
    above, left = states.taps
    yield Step(
        source=loops.FROM_LEFT, target=loops.AS_LAST, inputs=states.features, weight=left, bias=conv.bias,
        reads=states, published=None if lstm.pixel_to_left is None else (lstm, "pixels"), told=told,
        finished=[
            Finished(plane=lstm.input_to_right, weight=_matrix(conv)),
            Finished(plane=states, weight=above),
        ],
    )  # fmt: skip
    yield Step(
        source=loops.FROM_LAST, activation=loops.LSTM, target=loops.AS_LAST, inputs=states.features,
        weight=left[:, :0], keeps=states, margins=(1, 0),
    )  # fmt: skip


def _last(layers: Iterable[nn.Module]) -> Iterator[Step]:
    source = loops.FROM_STREAM
    for layer in layers:
        yield _one(layer, source, loops.RELU, loops.AS_LAST)
        source = loops.FROM_LAST


def _one(conv: nn.Module, source: int, activation: int, target: int) -> Step:
    """The step of a 1x1 convolution."""
    assert isinstance(conv, nn.Conv2d)
    return Step(
        source=source, activation=activation, target=target, inputs=conv.in_channels, weight=_matrix(conv),
        bias=conv.bias,
    )  # fmt: skip
