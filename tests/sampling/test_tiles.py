"""Products in panels are the products of the matrices, whatever their sizes and however they are stored."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pixpaint.sampling.compiled import compiled
from pixpaint.sampling.tiles import PANEL, READS_HALF, add_product, padded, panels, stored


@compiled
def product(y: Any, ystep: int, x: Any, xstep: int, rows: int, w: Any, inputs: int, outputs: int) -> None:
    add_product(y, 0, ystep, x, 0, xstep, rows, w, 0, inputs, outputs)


@settings(max_examples=60, deadline=None)
@given(rows=st.integers(1, 30), inputs=st.integers(1, 40), outputs=st.integers(1, 70), half=st.booleans())
def test_a_product_is_that_of_the_matrices(rows: int, inputs: int, outputs: int, half: bool) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, inputs)).astype(np.float32)
    matrix = rng.normal(size=(inputs, outputs)).astype(np.float16 if half else np.float32).astype(np.float32)
    w = stored(panels(torch.from_numpy(matrix)))
    assert w.dtype == (np.int16 if half and READS_HALF else np.float32)
    start = rng.normal(size=(rows, padded(outputs))).astype(np.float32)
    y = start.copy()
    product(y.ravel(), padded(outputs), x.ravel(), inputs, rows, w.ravel(), inputs, padded(outputs))
    exact = start[:, :outputs] + x.astype(np.float64) @ matrix
    np.testing.assert_allclose(y[:, :outputs], exact, rtol=0, atol=1e-4)
    np.testing.assert_array_equal(y[:, outputs:], start[:, outputs:])


def test_windows_may_overlap() -> None:
    """The taps of a row: each window begins one cell after the one before."""
    x, matrix = torch.randn(20, dtype=torch.float64), torch.randn(6, 5, dtype=torch.float64)
    y = np.zeros((8, PANEL))
    product(y.ravel(), PANEL, x.numpy(), 2, 8, stored(panels(matrix)).ravel(), 6, PANEL)
    np.testing.assert_allclose(y[:, :5], (x.unfold(0, 6, 2) @ matrix)[:8], atol=1e-12)


@pytest.mark.parametrize("number", [1 + 2**-11, 1e-9, 70000.0])
def test_numbers_that_float16_does_not_hold_are_kept_whole(number: float) -> None:
    assert stored(torch.tensor([[1.0, number]])).dtype == np.float32


def test_what_float16_holds_is_read_back_exactly() -> None:
    """Subnormal ones too: with a single 1 in x a product is the weight itself."""
    bits = torch.arange(1, 0x7C00, 37, dtype=torch.int16)
    numbers = bits.view(torch.float16).float()[: PANEL * 20].view(20, PANEL)
    w = stored(panels(numbers))
    assert w.dtype == (np.int16 if READS_HALF else np.float32)
    for row in range(20):
        x, y = np.zeros(20, np.float32), np.zeros(PANEL, np.float32)
        x[row] = 1
        product(y, PANEL, x, 20, 1, w.ravel(), 20, PANEL)
        np.testing.assert_array_equal(y, numbers[row])
