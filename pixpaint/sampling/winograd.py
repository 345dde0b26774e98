"""Products of a whole row's windows with a kernel's taps, in fewer multiplications: Winograd's minimal filtering (Lavin
and Gray, arXiv 1509.09308, section 4.1), along the row.

Two neighbouring cells y0 and y1 read windows of the same inputs d0, d1, ... Three taps g0, g1, g2 are four products
for the two instead of six:

    m0 = (d0 - d2) g0      m1 = (d1 + d2) (g0 + g1 + g2) / 2      y0 = m0 + m1 + m2
    m3 = (d3 - d1) g2      m2 = (d2 - d1) (g0 - g1 + g2) / 2      y1 = m1 - m2 + m3

and two taps three instead of four:

    m0 = (d0 - d1) g0      m1 = d1 (g0 + g1)                      y0 = m0 + m1
    m2 = (d2 - d1) g1                                             y1 = m1 + m2

Each d is a vector of features and each g a matrix, so the sums cost little beside the products.
"""

from typing import Any

import numpy as np
from torch import Tensor

from pixpaint.sampling.compiled import inner
from pixpaint.sampling.tiles import add_product, padded


def transformed(kernel: Tensor) -> list[Tensor]:
    """What `add_row_product` multiplies by, of two or three taps (inputs, outputs), the leftmost first."""
    taps = kernel.double()
    if len(taps) == 2:
        found = [taps[0], taps[0] + taps[1], taps[1]]
    else:
        ends = taps[0] + taps[2]
        found = [taps[0], (ends + taps[1]) / 2, (ends - taps[1]) / 2, taps[2]]
    return [matrix.to(kernel.dtype) for matrix in found]


def room(features: int, cells: int) -> int:
    """How many numbers of scratch memory `add_row_product` needs for a row of so many cells, of a block's layers."""
    return (cells // 2 + 1) * (4 * 2 * features + 2 * padded(2 * features))


@inner
def add_row_product(
    y_of: Any,
    y: int,
    outputs: int,
    x_of: Any,
    x: int,
    inputs: int,
    cells: int,
    taps: int,
    w: Any,
    wo: int,
    scratch: Any,
    spare: int,
) -> None:
    """Adds to a row of cells, `outputs` apart from y on, the product of their windows, `taps` neighbours of `inputs`
    numbers, which begin at x, with the taps as `transformed` has them at wo. Uses scratch memory from `spare` on."""
    pairs, whole = (cells + 1) // 2, cells // 2
    size, matrix = pairs * inputs, inputs * outputs
    m1 = spare + 4 * size
    m2 = m1 + pairs * outputs
    for i in range(pairs):
        differences(scratch, spare + i * inputs, size, x_of, x + 2 * i * inputs, inputs, taps, i < whole)
    zero(scratch, m1, (taps - 1) * pairs * outputs)
    d, step, right = spare, 2 * outputs, y + outputs
    w1, w2, w3 = wo + matrix, wo + 2 * matrix, wo + 3 * matrix
    add_product(y_of, y, step, scratch, d, inputs, pairs, w, wo, inputs, outputs)
    if taps == 3:
        add_product(scratch, m1, outputs, scratch, d + size, inputs, pairs, w, w1, inputs, outputs)
        add_product(scratch, m2, outputs, scratch, d + 2 * size, inputs, pairs, w, w2, inputs, outputs)
        add_product(y_of, right, step, scratch, d + 3 * size, inputs, whole, w, w3, inputs, outputs)
    else:
        add_product(scratch, m1, outputs, x_of, x + inputs, 2 * inputs, pairs, w, w1, inputs, outputs)
        add_product(y_of, right, step, scratch, d + size, inputs, whole, w, w2, inputs, outputs)
    for i in range(pairs):
        spread(y_of, y + i * step, scratch, m1 + i * outputs, m2 + i * outputs, outputs, taps, i < whole)


# For what keeps these loops vectorised see drawing.py.


@inner
def differences(to: Any, at: Any, size: Any, x: Any, d0: Any, count: Any, taps: int, both: bool) -> None:
    """What the products for a pair of cells, or for the first of one alone, multiply: of each `count` numbers at `at`,
    a size apart, from inputs d0 on."""
    at, d0, count, size = np.uintp(at), np.uintp(d0), np.uintp(count), np.uintp(size)
    d1 = d0 + count
    d2 = d1 + count
    d3 = d2 + count
    second, third, fourth = at + size, at + size + size, at + size + size + size
    if taps == 2:
        for i in range(count):
            to[at + i] = x[d0 + i] - x[d1 + i]
        if both:
            for i in range(count):
                to[second + i] = x[d2 + i] - x[d1 + i]
        return
    for i in range(count):
        to[at + i] = x[d0 + i] - x[d2 + i]
        to[second + i] = x[d1 + i] + x[d2 + i]
        to[third + i] = x[d2 + i] - x[d1 + i]
    if both:
        for i in range(count):
            to[fourth + i] = x[d3 + i] - x[d1 + i]


@inner
def zero(to: Any, at: Any, count: Any) -> None:
    """to[at : at + count] = 0."""
    at = np.uintp(at)
    for i in range(np.uintp(count)):
        to[at + i] = 0


@inner
def spread(y_of: Any, y: Any, m: Any, m1: Any, m2: Any, outputs: Any, taps: int, both: bool) -> None:
    """Adds to a pair of cells at y, or to the first of one alone, what the products in the middle give them."""
    y, m1, m2, outputs = np.uintp(y), np.uintp(m1), np.uintp(m2), np.uintp(outputs)
    right = y + outputs
    if taps == 2:
        for i in range(outputs):
            y_of[y + i] += m[m1 + i]
        if both:
            for i in range(outputs):
                y_of[right + i] += m[m1 + i]
        return
    for i in range(outputs):
        y_of[y + i] += m[m1 + i] + m[m2 + i]
    if both:
        for i in range(outputs):
            y_of[right + i] += m[m1 + i] - m[m2 + i]
