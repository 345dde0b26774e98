"""The recurrence equals the paper's equations cell by cell, forward and backward, whatever the shape of the chunk."""

import pytest
import torch
from torch import Tensor

from pixpaint.layers.scan import Border, scan


def border(gates: Tensor, taps: Tensor, *, skewed: bool, zero: bool = False) -> Border:
    """States around a chunk, random or all zero."""
    n, wide, height, width = gates.shape
    over = 0 if skewed else len(taps) - 1
    sizes = ((1, width + over), (height, 1), (1, width), (height, 1))
    make = torch.zeros if zero else torch.randn
    return Border(*(make(n, wide // 4, *size, dtype=gates.dtype) for size in sizes))


def cell_by_cell(gates: Tensor, taps: Tensor, around: Border, *, skewed: bool) -> tuple[Tensor, Tensor]:
    """Equation 3 of arXiv 1601.06759, a cell at a time in raster order; nothing lies beyond what the border holds."""
    n, wide, height, width = gates.shape
    over = 0 if skewed else len(taps) // 2
    zero = gates.new_zeros(n, wide // 4)
    hidden = {(-1, c - over): around.hidden_above[:, :, 0, c] for c in range(width + 2 * over)}
    cell = {(-1, c): around.cell_above[:, :, 0, c] for c in range(width)}
    if skewed:
        hidden |= {(r, -1): around.hidden_left[:, :, r, 0] for r in range(height)}
        cell |= {(r, -1): around.cell_left[:, :, r, 0] for r in range(height)}
    for r in range(height):
        for c in range(width):
            before = [(r - 1, c + k - over) for k in range(len(taps))]
            if skewed:
                before = [(r - 1, c), (r, c - 1)]
            total = gates[:, :, r, c] + sum(
                hidden.get(at, zero) @ tap for at, tap in zip(before, taps, strict=True)
            )
            o, f, i, g = total.chunk(4, 1)
            memory = cell[(r, c - 1) if skewed else (r - 1, c)]
            cell[r, c] = torch.sigmoid(f) * memory + torch.sigmoid(i) * torch.tanh(g)
            hidden[r, c] = torch.sigmoid(o) * torch.tanh(cell[r, c])
    return tuple(
        torch.stack([torch.stack([states[r, c] for c in range(width)], -1) for r in range(height)], -2)
        for states in (hidden, cell)
    )


@pytest.mark.parametrize(("skewed", "neighbours"), [(True, 2), (False, 3), (False, 5)])
@pytest.mark.parametrize("size", [(4, 6), (6, 3), (1, 5), (5, 1), (1, 1)])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_states_and_gradients_are_those_of_the_equations(skewed, neighbours, size, layout) -> None:
    torch.manual_seed(0)
    gates = torch.randn(2, 12, *size, dtype=torch.float64).contiguous(memory_format=layout).requires_grad_()
    taps = torch.randn(neighbours, 3, 12, dtype=torch.float64, requires_grad=True)
    around = border(gates, taps, skewed=skewed)
    states, cells = scan(gates, taps, around, skewed=skewed)
    expected, expected_cells = cell_by_cell(gates, taps, around, skewed=skewed)
    torch.testing.assert_close((states, cells), (expected, expected_cells), rtol=0, atol=1e-12)
    weights = torch.randn_like(states)
    # Twice, as a gradient must not change what it is computed from.
    for _ in range(2):
        found = torch.autograd.grad((states * weights).sum(), (gates, taps), retain_graph=True)
    wanted = torch.autograd.grad((expected * weights).sum(), (gates, taps))
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-12)


def test_transposed_gates_and_single_precision_are_taken_as_they_are() -> None:
    torch.manual_seed(0)
    taps = torch.randn(2, 3, 12)
    gates = torch.randn(2, 12, 5, 4).transpose(2, 3)
    around = border(gates, taps, skewed=True, zero=True)
    states, _ = scan(gates, taps, around, skewed=True)
    exact, _ = cell_by_cell(
        gates.double(), taps.double(), Border(*(part.double() for part in around)), skewed=True
    )
    assert states.dtype == torch.float32
    torch.testing.assert_close(states.double(), exact, rtol=0, atol=1e-5)
    halved, _ = scan(gates.bfloat16(), taps, around, skewed=True)
    assert halved.dtype == torch.float32
