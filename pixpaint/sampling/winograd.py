"""Products of a whole row's windows with a kernel's taps, in fewer multiplications: Winograd's minimal filtering (Lavin
and Gray, arXiv 1509.09308, section 4.1), along the row.

A *group* of neighbouring cells y0, y1, ... reads windows of the same inputs d0, d1, ... As many products as it has
inputs are enough for it: of a sum of inputs with a sum of taps g0, g1, ... Two cells of three taps would be four
products instead of six:

    m0 = (d0 - d2) g0      m1 = (d1 + d2) (g0 + g1 + g2) / 2      y0 = m0 + m1 + m2
    m3 = (d3 - d1) g2      m2 = (d2 - d1) (g0 - g1 + g2) / 2      y1 = m1 - m2 + m3

Here groups have four cells: of three taps six products instead of twelve, of two taps five instead of eight. The sums,
`_sums` and `TAPS`, are those of Toom and Cook's products of polynomials, transposed: taken as above at 0, 1, -1 and
infinity, and at 2, with three taps at -2 too. Always the first product is for the first cell alone, the last one for
the last. Each d is a vector of features and each g a matrix, so the sums cost little beside the products.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from pixpaint.sampling.compiled import inner
from pixpaint.sampling.tiles import add_product, copy, padded

GROUP = 4
"""Cells of a group."""

TAPS = {
    2: [[1 / 2, 0], [-1 / 2, -1 / 2], [-1 / 6, 1 / 6], [1 / 6, 1 / 3], [0, 1]],
    3: [[1 / 4, 0, 0], [-1 / 6, -1 / 6, -1 / 6], [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6], [1 / 24, -1 / 12, 1 / 6], [0, 0, 1]],
}  # fmt: skip
"""By the number of taps: how much of each there is in the matrix of each product."""

TOGETHER = 256
"""Cells of all candidates' rows that what the matrices multiply still stays in a near cache for."""


@inner
def rows_together(candidates: int, cells: int) -> int:
    """How many candidates' rows of so many cells `add_row_product` is given as one: all, so that the matrices are read
    once, where they are not long and no group would reach into the next candidate's; else one."""
    return candidates if candidates * cells <= TOGETHER and cells % GROUP == 0 else 1


def transformed(kernel: Tensor) -> list[Tensor]:
    """What `add_row_product` multiplies by, of two or three taps (inputs, outputs), the leftmost first."""
    shares = torch.tensor(TAPS[len(kernel)], dtype=torch.float64)
    return list(torch.einsum("pt,tio->pio", shares, kernel.double()).to(kernel.dtype))


def room(features: int, cells: int) -> int:
    """How many numbers of scratch memory `add_row_product` needs for a candidate's row of so many cells, of a block's
    layers."""
    inputs = (GROUP + 2) * 2 * features
    return (cells // GROUP + 1) * (inputs + max(inputs, GROUP * padded(2 * features)))


@inner
def add_row_product(
    y_of: Any,
    y: int,
    outputs: int,
    x_of: Any,
    x: int,
    xstride: int,
    inputs: int,
    candidates: int,
    cells: int,
    taps: int,
    w: Any,
    wo: int,
    scratch: Any,
    spare: int,
) -> None:
    """Adds to a row of cells, `outputs` apart from y on, the product of their windows, `taps` neighbours of `inputs`
    numbers, which begin at x, with the taps as `transformed` has them at wo. The rows of several candidates, which must
    be whole groups, lie one after the other in y and a stride apart in x. Uses scratch memory from `spare` on."""
    each, products = cells // GROUP, GROUP + taps - 1
    whole, groups = candidates * each, candidates * ((cells + GROUP - 1) // GROUP)
    size, matrix, part, step = groups * inputs, inputs * outputs, groups * outputs, GROUP * outputs
    middle = spare + products * size
    for n in range(candidates):
        for i in range(each):
            d = x + n * xstride + i * GROUP * inputs
            _sums(scratch, spare + (n * each + i) * inputs, size, x_of, d, inputs, taps)
    if whole < groups:
        # The inputs that the last group lacks count as zeros. For now they lie where the products in the middle will.
        there = (cells - whole * GROUP + taps - 1) * inputs
        copy(scratch, middle, x_of, x + whole * GROUP * inputs, there)
        _zero(scratch, middle + there, products * inputs - there)
        _sums(scratch, spare + whole * inputs, size, scratch, middle, inputs, taps)
    _zero(scratch, middle, (products - 2) * part)
    add_product(y_of, y, step, scratch, spare, inputs, groups, w, wo, inputs, outputs)
    for k in range(1, products - 1):
        m, d = middle + (k - 1) * part, spare + k * size
        add_product(scratch, m, outputs, scratch, d, inputs, groups, w, wo + k * matrix, inputs, outputs)
    last, d = y + step - outputs, spare + (products - 1) * size
    add_product(y_of, last, step, scratch, d, inputs, whole, w, wo + (products - 1) * matrix, inputs, outputs)
    for i in range(groups):
        there = min(GROUP, candidates * cells - i * GROUP)
        _spread(y_of, y + i * step, there, scratch, middle + i * outputs, part, outputs, taps)


# For what keeps these loops vectorised see drawing.py.


@inner
def _sums(to: Any, at: Any, size: Any, x: Any, d0: Any, count: Any, taps: int) -> None:
    """What the products of a group multiply, made of its inputs, `count` numbers each, from d0 on: that of the k-th
    goes to `at` + k * size."""
    at, d0, count, size = np.uintp(at), np.uintp(d0), np.uintp(count), np.uintp(size)
    d1 = d0 + count
    d2 = d1 + count
    d3 = d2 + count
    d4 = d3 + count
    d5 = d4 + count
    m1 = at + size
    m2 = m1 + size
    m3 = m2 + size
    m4 = m3 + size
    m5 = m4 + size
    if taps == 2:
        for i in range(count):
            a, b, c, d, e = x[d0 + i], x[d1 + i], x[d2 + i], x[d3 + i], x[d4 + i]
            two, three = type(a)(2), type(a)(3)
            to[at + i] = two * (a - c) + (d - b)
            to[m1 + i] = d - c - two * b
            to[m2 + i] = d - three * c + two * b
            to[m3 + i] = d - b
            to[m4 + i] = two * (b - d) + (e - c)
    else:
        for i in range(count):
            a, b, c, d, e, f = x[d0 + i], x[d1 + i], x[d2 + i], x[d3 + i], x[d4 + i], x[d5 + i]
            two, four, five = type(a)(2), type(a)(4), type(a)(5)
            to[at + i] = four * a - five * c + e
            to[m1 + i] = (e - four * c) + (d - four * b)
            to[m2 + i] = (e - four * c) - (d - four * b)
            to[m3 + i] = (e - c) + two * (d - b)
            to[m4 + i] = (e - c) - two * (d - b)
            to[m5 + i] = four * b - five * d + f


@inner
def _zero(to: Any, at: Any, count: Any) -> None:
    """to[at : at + count] = 0."""
    at = np.uintp(at)
    for i in range(np.uintp(count)):
        to[at + i] = 0


@inner
def _spread(y_of: Any, y: Any, cells: Any, m: Any, middle: Any, part: Any, outputs: Any, taps: int) -> None:
    """Adds to the first so many cells of a group at y what the products in the middle, a part of memory apart, give
    them. The sums replace the products."""
    y, m1, part, outputs = np.uintp(y), np.uintp(middle), np.uintp(part), np.uintp(outputs)
    m2 = m1 + part
    m3 = m2 + part
    m4 = m3 + part
    if taps == 2:  # as if there were a fourth product, of nothing
        _zero(m, m4, outputs)
    for i in range(outputs):
        a, b, c, d = m[m1 + i], m[m2 + i], m[m3 + i], m[m4 + i]
        m[m1 + i] = (a + b) + (c + d)
        m[m2 + i] = (a - b) + type(a)(2) * (c - d)
        m[m3 + i] = (a + b) + type(a)(4) * (c + d)
        m[m4 + i] = (a - b) + type(a)(8) * (c - d)
    for c in range(np.uintp(cells)):
        for i in range(outputs):
            y_of[y + c * outputs + i] += m[m1 + c * part + i]
