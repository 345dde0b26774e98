"""The least time a pixel can take: reading once the weights that it needs.

The pixels of a hole wait for each other, so each reads all of the horizontal stack's weights for the current row (what
needs only the rows above is computed for whole rows at once); one that runs at 1/s of the resolution is due at one
pixel in s * s. Where channels take turns, each reads all weights anew. Candidates that are painted together share the
reading.
"""

from collections.abc import Callable
from time import perf_counter

import numpy as np
from numba import njit
from numpy.typing import NDArray
from torch import nn

from pixpaint.layers.blocks import GatedBlock
from pixpaint.layers.conv import CausalConv
from pixpaint.models.base import Model
from pixpaint.models.pixel_cnn_pp import PixelCNNPP
from pixpaint.sampling import fill_masked
from pixpaint.sampling.fill_fused import can_fuse
from pixpaint.sampling.lowering import Step
from pixpaint.sampling.tables import lowered
from pixpaint.sampling.tiles import padded

LEAST = 0.01
"""Seconds of reading that are timed at once."""


def bytes_a_pixel(model: Model) -> float:
    """Bytes of weights a pixel needs, as the fused engine stores them, of a model that it has loops for."""
    assert can_fuse(model)
    if not isinstance(model, PixelCNNPP):
        return _bytes_of_masked(fill_masked.lowered(model), model.substeps)
    made = lowered(model)
    numbers = sum(map(_numbers_a_pixel, made.horizontal.steps))
    numbers += _current_row(model.first_left.conv) + model.head.in_channels * padded(model.head.out_channels)
    return numbers * made.arrays["weights"].itemsize


def _bytes_of_masked(made: fill_masked.Lowered, substeps: int) -> float:
    sizes = [len(step.weight) * padded(step.weight.shape[1]) for step in made.steps]
    back, steps = sum(sizes[: made.back]), sum(sizes[made.back :])
    return (back + substeps * steps) * made.weights.itemsize


def _numbers_a_pixel(step: Step) -> float:
    layer = step.layer
    if isinstance(layer, GatedBlock):
        numbers = _current_row(layer.conv_in.conv) + _current_row(layer.conv_out.conv)
        if step.skip >= 0:
            features = layer.conv_in.conv.out_channels
            numbers += 2 * features * padded(features)
        return numbers / layer.scale**2
    # A strided layer and a transposed one are due where the coarser of its two sides has a cell.
    if isinstance(layer, CausalConv):
        return _current_row(layer.conv) / (layer.scale * layer.stride) ** 2
    kernel = layer.conv
    rows, columns = kernel.kernel_size
    return rows * columns * kernel.in_channels * padded(kernel.out_channels) / (2 * layer.scale) ** 2


def _current_row(conv: nn.Conv2d) -> int:
    """Numbers of a kernel's lowest row."""
    return conv.kernel_size[1] * conv.in_channels * padded(conv.out_channels)


def seconds_to_read(size: float, clock: Callable[[], float] = perf_counter) -> float:
    """Seconds one thread takes to read so many bytes which it has read before: the best of five tries."""
    numbers = np.ones(max(1, int(size / 4)), np.float32)
    times, best = 1, np.inf
    for _ in range(5):
        while True:
            start = clock()
            for _ in range(times):
                _sum(numbers)
            seconds = clock() - start
            if seconds >= LEAST:
                break
            times *= 2
        best = min(best, seconds / times)
    return float(best)


def _sum_of(numbers: NDArray[np.float32]) -> np.float32:
    total = np.float32(0)
    for i in range(numbers.size):
        total += numbers[i]
    return total


_sum: Callable[[NDArray[np.float32]], np.float32] = njit(nogil=True, fastmath=True)(_sum_of)
