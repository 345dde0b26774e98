"""A model made ready for the compiled loops: the recorded programs as tables, the weights as matrices in panels."""

from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pixpaint.layers.blocks import GatedBlock
from pixpaint.layers.conv import CausalConv, ShiftedConv
from pixpaint.models.pixel_cnn_pp import PixelCNNPP
from pixpaint.sampling import steps as columns
from pixpaint.sampling.arena import Planes
from pixpaint.sampling.lowering import Program, Step, lower
from pixpaint.sampling.tiles import panels, stored
from pixpaint.sampling.winograd import transformed


@dataclass(frozen=True, kw_only=True)
class Lowered:
    """A model made ready for the loops: programs of both stacks, the weights, and tables of the steps with
    what does not depend on the window filled in."""

    vertical: Program
    horizontal: Program
    planes: Planes
    arrays: dict[str, NDArray[Any]]
    vertical_steps: NDArray[np.int64]
    horizontal_steps: NDArray[np.int64]
    first_weights: dict[ShiftedConv, tuple[int, int]]
    head_weights: tuple[int, int]
    dtype: torch.dtype
    products: int
    """Multiplications a pixel, both stacks."""


_lowered: WeakKeyDictionary[PixelCNNPP, Lowered] = WeakKeyDictionary()


def lowered(model: PixelCNNPP) -> Lowered:
    """The model made ready: once, unless it has changed its numbers' type."""
    found = _lowered.get(model)
    if found is None or found.dtype != model.head.weight.dtype:
        found = _lowered[model] = _lower(model)
    return found


def _lower(model: PixelCNNPP) -> Lowered:
    vertical, horizontal = lower(model)
    # Matrices lie in the order they are used in, so that what is fetched ahead is what comes next.
    weights = Weights()
    first_weights = {
        layer: (add(*all_taps(layer.conv.weight)), weights.add_bias(layer.conv.bias))
        for layer, add in (
            (model.first_above, weights.add_for_rows),
            (model.first_vertical, weights.add_for_rows),
            (model.first_left, weights.add),
        )
    }
    return Lowered(
        vertical=vertical,
        horizontal=horizontal,
        planes=Planes(model),
        vertical_steps=_table(vertical, weights, whole_rows=True),
        horizontal_steps=_table(horizontal, weights, whole_rows=False),
        first_weights=first_weights,
        head_weights=(weights.add(model.head.weight[:, :, 0, 0].T), weights.add_bias(model.head.bias)),
        products=model.decoder_weights,
        arrays=weights.arrays(),
        dtype=model.head.weight.dtype,
    )


class Weights:
    """What the loops multiply by and add: matrices for pixels, matrices for whole rows, biases; each kind one after the
    other in one array."""

    def __init__(self) -> None:
        self._pixels, self._rows, self._biases = Packed(), Packed(), Packed()

    def add(self, *matrices: Tensor) -> int:
        """Where matrices (inputs, outputs) begin that a pixel may be alone with: the horizontal stack's current row."""
        return self._pixels.add(torch.cat([panels(matrix).view(-1) for matrix in matrices]))

    def add_for_rows(self, *matrices: Tensor) -> int:
        """Where matrices (inputs, outputs) begin that whole rows are multiplied by: the vertical stack's, and what is
        hoisted."""
        return self._rows.add(torch.cat([panels(matrix).view(-1) for matrix in matrices]))

    def add_windows(self, kernel: Tensor) -> int:
        """Where the matrices begin that the windows of whole rows are multiplied by, of taps (columns, inputs,
        outputs)."""
        return self.add_for_rows(*transformed(kernel))

    def add_bias(self, bias: Tensor | None) -> int:
        """Where a bias begins."""
        assert bias is not None
        return self._biases.add(bias)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The three arrays, named as in steps.Work. One pixel alone is as quick as its matrices can be read, so they
        are stored as small as may be; what is multiplied by whole rows gains nothing from that."""
        return {
            "weights": stored(self._pixels.whole()),
            "row_weights": self._rows.whole().numpy(),
            "biases": self._biases.whole().numpy(),
        }


class Packed:
    """Tensors one after the other."""

    def __init__(self) -> None:
        self._parts: list[Tensor] = []
        self._end = 0

    def add(self, part: Tensor) -> int:
        """Where the part begins."""
        self._parts.append(part.detach().reshape(-1))
        start, self._end = self._end, self._end + part.numel()
        return start

    def whole(self) -> Tensor:
        """All parts."""
        return torch.cat(self._parts)


def taps(weight: Tensor, row: int) -> Tensor:
    """A row of a kernel (out, in, rows, columns) as matrices (columns, in, out), the leftmost column first."""
    return weight[:, :, row].permute(2, 1, 0)


def all_taps(weight: Tensor) -> list[Tensor]:
    """All rows of a kernel, each as one matrix (columns * in, out), see `taps`."""
    return [taps(weight, row).flatten(0, 1) for row in range(weight.shape[2])]


def _table(program: Program, weights: Weights, *, whole_rows: bool) -> NDArray[np.int64]:
    """The steps of a program as steps.py wants them, without planes, maps and hoisted rows; of one that runs over
    `whole_rows` only, or of one that also runs pixel by pixel."""
    table = np.full((len(program.steps), columns.COLUMNS), -1, np.int64)
    add = weights.add_for_rows if whole_rows else weights.add
    blocks = []
    for row, step in zip(table, program.steps, strict=True):
        layer = step.layer
        row[[columns.SOURCE, columns.TARGET, columns.SKIP]] = step.source, step.target, step.skip
        row[columns.SCALE] = layer.scale
        if isinstance(layer, GatedBlock):
            row[columns.KIND] = columns.BLOCK
            _add_own(row, step, layer, weights, whole_rows=whole_rows)
            blocks.append((row, step, layer))
            continue
        row[columns.TAPS] = layer.conv.kernel_size[1]
        row[columns.BIAS] = weights.add_bias(layer.conv.bias)
        if isinstance(layer, CausalConv):
            row[columns.KIND] = columns.SHRINK
            row[columns.W_TOP], row[columns.W] = (add(rows) for rows in all_taps(layer.conv.weight))
        else:
            row[columns.KIND] = columns.ENLARGE
            kernel = layer.conv.weight.permute(2, 3, 0, 1).flatten(0, 1)  # (rows * columns, in, out)
            row[columns.W] = add(*kernel)
    for row, _, block in blocks:
        _add_hoisted(row, block, weights)
    for row, step, block in blocks:
        if step.above is not None:
            row[columns.W_ABOVE] = weights.add_for_rows(_aux_parts(step, block)[0])
    return table


def _add_own(
    row: NDArray[np.int64], step: Step, block: GatedBlock, weights: Weights, *, whole_rows: bool
) -> None:
    """What a block multiplies the current row by, and what it skips to it."""
    add = weights.add_for_rows if whole_rows else weights.add
    conv_in, conv_out = block.conv_in.conv, block.conv_out.conv
    row[columns.TAPS] = conv_in.kernel_size[1]
    first, second = (taps(conv.weight, 1) for conv in (conv_in, conv_out))
    row[columns.W] = weights.add_windows(first) if whole_rows else add(first.flatten(0, 1))
    if step.skip >= 0:
        row[columns.W_SKIP] = add(_aux_parts(step, block)[-1])
    row[columns.W2] = weights.add_windows(second) if whole_rows else add(second.flatten(0, 1))


def _add_hoisted(row: NDArray[np.int64], block: GatedBlock, weights: Weights) -> None:
    """What a block multiplies the row above by, and the condition; its biases."""
    conv_in, conv_out = block.conv_in.conv, block.conv_out.conv
    bias, gate_bias = conv_in.bias, conv_out.bias
    assert bias is not None
    assert gate_bias is not None
    if block.aux is not None:
        assert block.aux.bias is not None
        bias = bias + block.aux.bias
    first, second = (taps(conv.weight, 0) for conv in (conv_in, conv_out))
    row[columns.W_TOP] = weights.add_windows(first)
    if block.project is not None:
        assert block.project.bias is not None
        gate_bias = gate_bias + block.project.bias
        row[columns.W_MAP] = weights.add_for_rows(block.project.weight[:, :, 0, 0].T)
    row[columns.W2_TOP] = weights.add_windows(second)
    row[columns.BIAS], row[columns.BIAS2] = weights.add_bias(bias), weights.add_bias(gate_bias)


def _aux_parts(step: Step, block: GatedBlock) -> list[Tensor]:
    """What a block multiplies by (2F, F) of what the other stack published and of the skip, as far as it reads them."""
    assert block.aux is not None
    # Its inputs are ELU(a), ELU(b), ELU(-a), ELU(-b), where a is what the other stack published, b the skip.
    inputs = (step.above is not None) + (step.skip >= 0)
    parts = block.aux.weight[:, :, 0, 0].T.reshape(2, inputs, -1, block.aux.out_channels)
    return [part.flatten(0, 1) for part in parts.unbind(1)]
