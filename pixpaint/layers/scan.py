"""The recurrence of PixelRNN's two LSTMs (arXiv 1601.06759, section 3.1 and 3.2), one definition for both and for any
chunk: step by step over lines of cells, all cells of a line at once.

A line is a row for the Row LSTM. For the Diagonal LSTM it is a diagonal: rows are *skewed*, each moved one column right
of the one above, so that a diagonal becomes a column, and what a cell reads, the cells above it and to its left, lies
in the column before.

The gates of a line are what the input gives them plus a product, a *tap*, with the hidden states of each of a few
neighbours in the line before:

    [o, f, i, g] = input + sum of hidden[neighbour k] @ taps[k]
    cell = sigmoid(f) * cell before + sigmoid(i) * tanh(g);  hidden = sigmoid(o) * tanh(cell)

Forward and backward are written out: of a hundred lines of small operations autograd would record each and copy where
this works in place. On a diagonal only the cells inside the chunk are computed.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


class Border(NamedTuple):
    """What a chunk of h x w cells reads outside it: hidden states above (N, F, 1, w + what the taps overhang) and to
    the left (N, F, h, 1), cell states above (N, F, 1, w) and to the left (N, F, h, 1). No gradient flows to them."""

    hidden_above: Tensor
    hidden_left: Tensor
    cell_above: Tensor
    cell_left: Tensor


class Line(NamedTuple):
    """A line, which of its places [first, last) lie in the chunk, and where its cells begin in a buffer that holds all
    of the chunk's, line by line."""

    number: int
    first: int
    last: int
    start: int


class Lines:
    """How the cells of a chunk of `height` x `width` lie in lines. A buffer of whole lines (lines, places, N, C) may be
    padded by what `taps` neighbours overhang."""

    def __init__(self, height: int, width: int, taps: int, *, skewed: bool) -> None:
        self.height, self.width, self.skewed = height, width, skewed
        self.count = height + width - 1 if skewed else height
        self.places = height if skewed else width
        self.before = taps // 2  # places that the taps reach beyond the first one
        self.padded = self.places + taps - 1

    def __iter__(self) -> Iterator[Line]:
        start = 0
        for number in range(self.count):
            first, last = 0, self.places
            if self.skewed:
                first, last = max(0, number - self.width + 1), min(self.height, number + 1)
            yield Line(number, first, last, start)
            start += last - first

    def all_of(self, buffer: Tensor, number: int, place: int) -> Tensor:
        """Of a buffer of whole lines the chunk's cells, the first of them in this line and place: (N, C, h, w)."""
        line, step, picture, channel = buffer.stride()
        row, column = (line + step, line) if self.skewed else (line, step)
        size = (*buffer.shape[2:], self.height, self.width)
        return buffer[number:, place:].as_strided(size, (picture, channel, row, column))

    def one_of(self, plane: Tensor, line: Line) -> Tensor:
        """Of a plane (N, C, h, w) of the chunk the cells of a line: a view (places, N, C)."""
        picture, channel, row, column = plane.stride()
        places = line.last - line.first
        at = (line.first, line.number - line.first) if self.skewed else (line.number, 0)
        step = row - column if self.skewed else column
        # What stands for the stride of a side of one cell may be anything, and is not used.
        strides = (step if places > 1 else 0, picture, channel)
        return plane[:, :, at[0] :, at[1] :].as_strided((places, *plane.shape[:2]), strides)


def scan(gates: Tensor, taps: Tensor, border: Border, *, skewed: bool) -> tuple[Tensor, Tensor]:
    """Hidden and cell states (N, F, h, w) of a chunk whose gates are given (N, 4F, h, w) by the input.

    `taps` (K, F, 4F) belong to the neighbours in the row above from left to right, K odd; skewed, to the one above and
    the one to the left. The cell state comes from straight above; skewed, from the left. Gradients flow to gates and
    taps, through the hidden states alone.
    """
    gates = gates.to(taps.dtype, memory_format=torch.channels_last)
    hidden, cell = _Scan.apply(gates, taps, border, skewed)  # type: ignore[no-untyped-call]
    return hidden, cell


class _Scan(torch.autograd.Function):
    """`scan`. tanh(x) is computed as 2 sigmoid(2x) - 1, for g with the doubling done beforehand: so one call does all
    gates of a line, and on the CPU torch's sigmoid takes a sixth of its tanh's time."""

    @staticmethod
    def forward(ctx: Any, gates: Tensor, taps: Tensor, border: Border, skewed: bool) -> tuple[Tensor, Tensor]:
        count, features, wide = taps.shape
        pictures, _, height, width = gates.shape
        lines = Lines(height, width, count, skewed=skewed)
        double = taps.new_ones(wide)
        double[-features:] = 2
        scaled = taps * double
        opened = taps.new_empty(height * width, pictures, wide)
        squashed = taps.new_empty(height * width, pictures, features)  # sigmoid of twice the cell state
        hidden = taps.new_zeros(lines.count + 1, lines.padded, pictures, features)
        cell = taps.new_zeros(lines.count + 1, lines.places, pictures, features)
        _lay(border, lines, hidden, cell)
        for line in lines:
            number, first, last, start = line
            end = start + last - first
            torch.mul(lines.one_of(gates, line), double, out=opened[start:end])
            gate = opened[start:end].view(-1, wide)
            for k in range(count):
                gate.addmm_(hidden[number, first + k : last + k].view(-1, features), scaled[k])
            o, f, i, g = gate.sigmoid_().chunk(4, 1)
            before = cell[number, first:last].view(-1, features)
            state = cell[number + 1, first:last].view(-1, features)
            out = squashed[start:end].view(-1, features)
            after = hidden[number + 1, first + lines.before : last + lines.before].view(-1, features)
            torch.mul(f, before, out=state).addcmul_(i, g, value=2).sub_(i)
            torch.add(state, state, out=out).sigmoid_()
            torch.mul(o, out, out=after).mul_(2).sub_(o)
        ctx.save_for_backward(scaled, double, opened, squashed, hidden, cell)
        ctx.lines = lines
        results = lines.all_of(hidden, 1, lines.before), lines.all_of(cell, 1, 0)
        copies = tuple(r.clone(memory_format=torch.channels_last) for r in results)
        ctx.mark_non_differentiable(copies[1])
        return copies[0], copies[1]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, to_hidden: Tensor, _: Tensor) -> tuple[Tensor, Tensor, None, None]:
        scaled, double, opened, squashed, hidden, cell = ctx.saved_tensors
        lines: Lines = ctx.lines
        count, features, wide = scaled.shape
        back = scaled.transpose(1, 2).contiguous()
        to_taps = torch.zeros_like(scaled)
        to_gates = torch.empty(
            (len(to_hidden), wide, *to_hidden.shape[2:]),
            dtype=scaled.dtype,
            device=scaled.device,
            memory_format=torch.channels_last,
        )
        outward = torch.zeros_like(hidden)
        lines.all_of(outward, 1, lines.before).copy_(to_hidden)
        to_cell = torch.zeros_like(cell[0])
        for line in reversed(list(lines)):
            number, first, last, start = line
            end = start + last - first
            gate = opened[start:end].view(-1, wide)
            o, f, i, g = gate.chunk(4, 1)
            out = squashed[start:end].view(-1, features)
            before = cell[number, first:last].view(-1, features)
            state = to_cell[first:last].view(-1, features)
            after = outward[number + 1, first + lines.before : last + lines.before].reshape(-1, features)
            state.addcmul_(after * o, out - out * out, value=4)
            gradient = torch.empty_like(gate)
            to_o, to_f, to_i, to_g = gradient.chunk(4, 1)
            torch.mul(after, out, out=to_o).mul_(2).sub_(after)
            torch.mul(state, before, out=to_f)
            torch.mul(state, g, out=to_i).mul_(2).sub_(state)
            torch.mul(state, i, out=to_g).mul_(2)
            state.mul_(f)
            gradient.mul_(gate - gate * gate)
            for k in range(count):
                neighbours = slice(first + k, last + k)
                to_taps[k].addmm_(hidden[number, neighbours].view(-1, features).t(), gradient)
                outward[number, neighbours].view(-1, features).addmm_(gradient, back[k])
            torch.mul(gradient.view(-1, len(to_hidden), wide), double, out=lines.one_of(to_gates, line))
        return to_gates, to_taps * double, None, None


def _lay(border: Border, lines: Lines, hidden: Tensor, cell: Tensor) -> None:
    """Lays the border's states where the lines read them: skewed, the cell above lies a place before its own."""
    if lines.skewed:
        hidden[: lines.width, 0].copy_(border.hidden_above[:, :, 0].permute(2, 0, 1))
        lines.all_of(hidden, 0, lines.before)[..., :1].copy_(border.hidden_left)
        lines.all_of(cell, 0, 0)[..., :1].copy_(border.cell_left)
    else:
        hidden[0].copy_(border.hidden_above[:, :, 0].permute(2, 0, 1))
        cell[0].copy_(border.cell_above[:, :, 0].permute(2, 0, 1))
