"""A row's products in fewer multiplications are those of its windows with the taps."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pixpaint.sampling.compiled import compiled
from pixpaint.sampling.tiles import padded, panels
from pixpaint.sampling.winograd import GROUP, add_row_product, room, transformed


@compiled
def row_product(
    y: Any, outputs: int, x: Any, xstride: int, inputs: int, candidates: int, cells: int, taps: int, w: Any,
    scratch: Any, spare: int,
) -> None:  # fmt: skip
    add_row_product(y, 0, outputs, x, 0, xstride, inputs, candidates, cells, taps, w, 0, scratch, spare)


def matrices(kernel: torch.Tensor) -> Any:
    return torch.cat([panels(matrix).view(-1) for matrix in transformed(kernel)]).numpy()


@settings(max_examples=120, deadline=None)
@given(
    candidates=st.integers(1, 3),
    cells=st.integers(1, 30),
    taps=st.sampled_from([2, 3]),
    features=st.integers(1, 20),
    wide=st.booleans(),
)
def test_a_row_is_that_of_its_windows(
    candidates: int, cells: int, taps: int, features: int, wide: bool
) -> None:
    """As a block uses it, which has windows of 2F inputs and F or 2F outputs, and no more scratch memory than it has
    set aside. Nothing past the last cell is read or written."""
    rng = np.random.default_rng(0)
    candidates = candidates if cells % GROUP == 0 else 1
    inputs, outputs = 2 * features, 2 * features if wide else features
    kernel = rng.normal(size=(taps, inputs, outputs))
    x = np.full((candidates, cells + taps + 4, inputs), np.nan)
    x[:, : cells + taps - 1] = rng.normal(size=(candidates, cells + taps - 1, inputs))
    start = rng.normal(size=(candidates * cells + 1, padded(outputs)))
    y, scratch = start.copy(), np.full(3 + candidates * room(features, cells) + 999, np.nan)
    w = matrices(torch.from_numpy(kernel))
    stride = x[0].size
    row_product(y.ravel(), padded(outputs), x.ravel(), stride, inputs, candidates, cells, taps, w, scratch, 3)
    added = sum(x[:, t : t + cells] @ kernel[t] for t in range(taps)).reshape(-1, outputs)
    np.testing.assert_allclose(y[:-1, :outputs], start[:-1, :outputs] + added, rtol=0, atol=1e-11)
    np.testing.assert_array_equal(y[:-1, outputs:], start[:-1, outputs:])
    np.testing.assert_array_equal(y[-1], start[-1])
    assert np.isnan(scratch[:3]).all()
    assert np.isnan(scratch[-999:]).all()


@pytest.mark.parametrize("taps", [2, 3])
def test_float32_loses_little_more_than_by_the_taps(taps: int) -> None:
    rng = np.random.default_rng(1)
    inputs, cells, outputs = 128, 64, 128
    kernel = rng.normal(size=(taps, inputs, outputs)).astype(np.float32)
    x = rng.normal(size=(cells + taps - 1, inputs)).astype(np.float32)
    y, scratch = np.zeros((cells, outputs), np.float32), np.zeros(room(64, cells), np.float32)
    w = matrices(torch.from_numpy(kernel))
    row_product(y.ravel(), outputs, x.ravel(), 0, inputs, 1, cells, taps, w, scratch, 0)
    exact = sum(x[t : t + cells].astype(np.float64) @ kernel[t] for t in range(taps))
    by_taps = sum(x[t : t + cells] @ kernel[t] for t in range(taps))
    assert np.abs(y - exact).max() < 10 * np.abs(by_taps - exact).max()
