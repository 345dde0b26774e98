"""A row's products in fewer multiplications are those of its windows with the taps."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pixpaint.sampling.compiled import compiled
from pixpaint.sampling.tiles import padded, panels
from pixpaint.sampling.winograd import add_row_product, room, transformed


@compiled
def row_product(
    y: Any, outputs: int, x: Any, inputs: int, cells: int, taps: int, w: Any, scratch: Any, spare: int
) -> None:
    add_row_product(y, 0, outputs, x, 0, inputs, cells, taps, w, 0, scratch, spare)


def matrices(kernel: torch.Tensor) -> Any:
    return torch.cat([panels(matrix).view(-1) for matrix in transformed(kernel)]).numpy()


@settings(max_examples=60, deadline=None)
@given(
    cells=st.integers(1, 30), taps=st.sampled_from([2, 3]), features=st.integers(1, 20), wide=st.booleans()
)
def test_a_row_is_that_of_its_windows(cells: int, taps: int, features: int, wide: bool) -> None:
    """As a block uses it, which has windows of 2F inputs and F or 2F outputs, and no more scratch memory than it has
    set aside. Nothing past the last cell is read or written."""
    rng = np.random.default_rng(0)
    inputs, outputs = 2 * features, 2 * features if wide else features
    kernel = rng.normal(size=(taps, inputs, outputs))
    x = rng.normal(size=(cells + taps - 1, inputs))
    start = rng.normal(size=(cells + 1, padded(outputs)))
    y, scratch = start.copy(), np.full(3 + room(features, cells), np.nan)
    ends_here = np.concatenate([x.ravel(), np.full(inputs * 4, np.nan)])
    row_product(
        y.ravel(), padded(outputs), ends_here, inputs, cells, taps, matrices(torch.from_numpy(kernel)), scratch, 3
    )  # fmt: skip
    exact = start[:cells, :outputs] + sum(x[t : t + cells] @ kernel[t] for t in range(taps))
    np.testing.assert_allclose(y[:cells, :outputs], exact, rtol=0, atol=1e-11)
    np.testing.assert_array_equal(y[:cells, outputs:], start[:cells, outputs:])
    np.testing.assert_array_equal(y[cells], start[cells])


@pytest.mark.parametrize("taps", [2, 3])
def test_float32_loses_hardly_more_than_by_the_taps(taps: int) -> None:
    rng = np.random.default_rng(1)
    inputs, cells, outputs = 128, 64, 128
    kernel = rng.normal(size=(taps, inputs, outputs)).astype(np.float32)
    x = rng.normal(size=(cells + taps - 1, inputs)).astype(np.float32)
    y, scratch = np.zeros((cells, outputs), np.float32), np.zeros(room(64, cells), np.float32)
    row_product(
        y.ravel(), outputs, x.ravel(), inputs, cells, taps, matrices(torch.from_numpy(kernel)), scratch, 0
    )
    exact = sum(x[t : t + cells].astype(np.float64) @ kernel[t] for t in range(taps))
    by_taps = sum(x[t : t + cells] @ kernel[t] for t in range(taps))
    assert np.abs(y - exact).max() < 4 * np.abs(by_taps - exact).max()
