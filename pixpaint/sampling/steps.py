"""What the compiled loops do for one layer of a stack, over a chunk of one row.

As in pixpaint/layers/cache.py there is one definition for every chunk: a whole row, a run of known pixels, or one
pixel. It runs a step of a `lowering.Program`, a row of a table, on the planes of a FeatureCache that lie in one
buffer. Half of what a block reads is the row above, complete before the row is begun: it is *hoisted*, computed for
the whole row at once, with the biases, the condition and what the other stack published. Left are the taps of the
current row, whose inputs are neighbours in memory.

Shapes: N candidates, F features, P output parameters. In scratch memory a cell's features begin a multiple of PANEL
numbers apart; see tiles.py for how matrices lie.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pixpaint.sampling.compiled import inner
from pixpaint.sampling.drawing import concat_elu, gate
from pixpaint.sampling.tiles import add_product, borrowed, copy, padded
from pixpaint.sampling.winograd import add_row_product, rows_together

Numbers = NDArray[np.floating]
Table = NDArray[np.int64]

BLOCK, SHRINK, ENLARGE = 0, 1, 2

# The columns of a table of steps. Planes and maps are given by where they begin and their strides.
(
    KIND, SCALE, TAPS, SOURCE, TARGET, SKIP,
    PLANE, WIDTH, STRIDE,
    PLANE2, WIDTH2, STRIDE2,
    ABOVE, ABOVE_WIDTH, ABOVE_STRIDE,
    PUBLISH, PUBLISH_WIDTH, PUBLISH_STRIDE,
    MAP, MAP_STRIDE, MAP_ROW, MAP_CELL, MAP_CHANNELS,
    W, W_TOP, W_ABOVE, W_SKIP, W_MAP, BIAS,
    W2, W2_TOP, BIAS2,
    HOIST, HOIST2,
) = range(34)  # fmt: skip
COLUMNS = 34


class Work(NamedTuple):
    """What all loops of a fill share. All arrays are flat.

    `planes` holds the planes (N, 2, columns, channels), row r in place r modulo 2, `maps` the encoder's (N or 1, H, W,
    channels), `weights` the matrices for the current row as tiles.py stores them, `row_weights` those for what is
    hoisted; for the vertical stack both are the same array, as nothing is won there by storing it smaller.
    `hoisted` holds what was computed for a row ahead, `scratch` the slots of a chunk. `width` is the window's, in
    pixels.
    """

    planes: Numbers
    maps: Numbers
    weights: NDArray[np.generic]
    row_weights: Numbers
    biases: Numbers
    hoisted: Numbers
    scratch: Numbers
    features: int
    candidates: int
    width: int


padded_size = inner(padded)


@inner
def lent(work: Any) -> Any:
    """The same, for the loops to read from and write to while they run; see `borrowed`."""
    return Work(
        borrowed(work.planes),
        borrowed(work.maps),
        borrowed(work.weights),
        borrowed(work.row_weights),
        borrowed(work.biases),
        borrowed(work.hoisted),
        borrowed(work.scratch),
        work.features,
        work.candidates,
        work.width,
    )


@inner
def cells_product(
    work: Any,
    to: Any,
    y: int,
    ystride: int,
    outputs: int,
    x_of: Any,
    x: int,
    xstride: int,
    xstep: int,
    cells: int,
    wo: int,
    inputs: int,
) -> None:
    """Adds to the cells at y the product of those, or of windows, at x: candidates lie a stride apart, cells a step,
    which in y is `outputs`."""
    n_candidates, w = work.candidates, work.weights
    if cells == 1:
        add_product(to, y, ystride, x_of, x, xstride, n_candidates, w, wo, inputs, outputs)
    elif xstride == cells * xstep and ystride == cells * outputs:  # whole rows, one after the other in both
        add_product(to, y, outputs, x_of, x, xstep, n_candidates * cells, w, wo, inputs, outputs)
    else:
        for n in range(n_candidates):
            at = y + n * ystride
            add_product(to, at, outputs, x_of, x + n * xstride, xstep, cells, w, wo, inputs, outputs)


@inner
def _rows_product(
    s: Any, work: Any, y: int, outputs: int, x: int, xstride: int, cells: int, w: int, spare: int
) -> None:
    """Adds to a hoisted row what a block's matrices for whole rows, from w on, make of the windows at x."""
    count = rows_together(work.candidates, cells)
    for n in range(0, work.candidates, count):
        add_row_product(
            work.hoisted, y + n * cells * outputs, outputs, work.planes, x + n * xstride, xstride, 2 * work.features,
            count, cells, s[TAPS], work.row_weights, w, work.scratch, spare,
        )  # fmt: skip


@inner
def hoist_step(s: Any, work: Any, row: int) -> None:
    """Computes for a row what a block will need of the row above, with biases and condition."""
    F, n_candidates = work.features, work.candidates
    hoisted, maps = work.hoisted, work.maps
    weights, biases = work.row_weights, work.biases
    r, cells = row // s[SCALE], work.width // s[SCALE]
    narrow, wide = padded_size(F), padded_size(2 * F)
    for n in range(n_candidates):
        y = s[HOIST] + n * cells * narrow
        for c in range(cells):
            copy(hoisted, y + c * narrow, biases, s[BIAS], F)
    x = s[PLANE] + ((r + 1) & 1) * s[WIDTH] * 2 * F
    _rows_product(s, work, s[HOIST], narrow, x, s[STRIDE], cells, s[W_TOP], 0)
    for n in range(n_candidates):
        y = s[HOIST2] + n * cells * wide
        if n > 0 and s[MAP_STRIDE] <= 0:  # the condition is the same for all
            copy(hoisted, y, hoisted, s[HOIST2], cells * wide)
            continue
        for c in range(cells):
            copy(hoisted, y + c * wide, biases, s[BIAS2], 2 * F)
        if s[MAP] >= 0:
            x = s[MAP] + n * s[MAP_STRIDE] + r * s[MAP_ROW]
            channels = s[MAP_CHANNELS]
            add_product(hoisted, y, wide, maps, x, s[MAP_CELL], cells, weights, s[W_MAP], channels, wide)
    x = s[PLANE2] + ((r + 1) & 1) * s[WIDTH2] * 2 * F
    _rows_product(s, work, s[HOIST2], wide, x, s[STRIDE2], cells, s[W2_TOP], 0)


@inner
def hoist_step_above(s: Any, work: Any, row: int) -> None:
    """Adds what a block will need of the other stack, whose row is complete."""
    F, planes, scratch = work.features, work.planes, work.scratch
    r, cells, narrow = row // s[SCALE], work.width // s[SCALE], padded_size(F)
    count = rows_together(work.candidates, cells)
    for n in range(0, work.candidates, count):
        for k in range(count):
            for c in range(cells):
                at = s[ABOVE] + (n + k) * s[ABOVE_STRIDE] + ((r & 1) * s[ABOVE_WIDTH] + c) * F
                concat_elu(scratch, (k * cells + c) * 2 * F, planes, at, F)
        y, w = s[HOIST] + n * cells * narrow, s[W_ABOVE]
        add_product(
            work.hoisted, y, narrow, scratch, 0, 2 * F, count * cells, work.row_weights, w, 2 * F, narrow
        )


@inner
def _own_taps(
    s: Any,
    work: Any,
    y: int,
    ystride: int,
    outputs: int,
    x: int,
    xstride: int,
    cells: int,
    w: int,
    spare: int,
) -> None:
    """Adds to what was hoisted for cells what the taps of the current row make of their windows."""
    inputs = 2 * work.features
    if s[TAPS] == 3:  # the vertical stack's, which runs over whole rows only
        _rows_product(s, work, y, outputs, x, xstride, cells, w, spare)
        return
    cells_product(
        work, work.hoisted, y, ystride, outputs, work.planes, x, xstride, inputs, cells, w, 2 * inputs
    )  # fmt: skip


@inner
def _block(s: Any, work: Any, r: int, first: int, cells: int, slot: int, spare: int) -> None:
    """A gated block over cells [first, first + cells) of row r. `slot` is a slot's size, `spare` where free scratch
    memory begins. What was hoisted for a cell is read once, so its sums are completed where they are."""
    F, n_candidates = work.features, work.candidates
    hoisted, planes, scratch = work.hoisted, work.planes, work.scratch
    narrow, wide = padded_size(F), padded_size(2 * F)
    span = work.width // s[SCALE]
    hidden, hidden_stride = s[HOIST] + first * narrow, span * narrow
    gated, gated_stride = s[HOIST2] + first * wide, span * wide
    for n in range(n_candidates):
        cell = s[PLANE] + n * s[STRIDE] + ((r & 1) * s[WIDTH] + first + 1) * 2 * F
        for c in range(cells):
            at = (n * cells + c) * narrow
            concat_elu(planes, cell + c * 2 * F, scratch, s[SOURCE] * slot + at, F)
            if s[SKIP] >= 0:
                concat_elu(scratch, spare + (n * cells + c) * 2 * F, scratch, s[SKIP] * slot + at, F)
    x = s[PLANE] + ((r & 1) * s[WIDTH] + first) * 2 * F
    _own_taps(s, work, hidden, hidden_stride, narrow, x, s[STRIDE], cells, s[W], spare + 2 * slot)
    if s[SKIP] >= 0:
        cells_product(
            work, hoisted, hidden, hidden_stride, narrow, scratch, spare, cells * 2 * F, 2 * F, cells, s[W_SKIP], 2 * F
        )  # fmt: skip
    for n in range(n_candidates):
        cell = s[PLANE2] + n * s[STRIDE2] + ((r & 1) * s[WIDTH2] + first + 1) * 2 * F
        for c in range(cells):
            concat_elu(planes, cell + c * 2 * F, hoisted, hidden + n * hidden_stride + c * narrow, F)
    x = s[PLANE2] + ((r & 1) * s[WIDTH2] + first) * 2 * F
    _own_taps(s, work, gated, gated_stride, wide, x, s[STRIDE2], cells, s[W2], spare + 2 * slot)
    for n in range(n_candidates):
        for c in range(cells):
            at = (n * cells + c) * narrow
            opening = gated + n * gated_stride + c * wide
            gate(scratch, s[TARGET] * slot + at, scratch, s[SOURCE] * slot + at, hoisted, opening, F)


@inner
def _shrink(s: Any, work: Any, r: int, first: int, cells: int, slot: int, due: bool) -> None:
    """A strided layer: records the chunk's cells and, where one at half resolution is due, computes those."""
    F, n_candidates = work.features, work.candidates
    planes, biases, scratch = work.planes, work.biases, work.scratch
    narrow = padded_size(F)
    for n in range(n_candidates):
        cell = s[PLANE] + n * s[STRIDE] + ((r & 1) * s[WIDTH] + first + 1) * F
        for c in range(cells):
            x = s[SOURCE] * slot + (n * cells + c) * narrow
            copy(planes, cell + c * F, scratch, x, F)
    if not due:
        return
    coarse = (cells + 1) // 2
    for c in range(n_candidates * coarse):
        y = s[TARGET] * slot + c * narrow
        copy(scratch, y, biases, s[BIAS], F)
    y, inputs = s[TARGET] * slot, s[TAPS] * F
    for w, row in ((s[W_TOP], r + 1), (s[W], r)):
        x = s[PLANE] + ((row & 1) * s[WIDTH] + first) * F
        cells_product(
            work, scratch, y, coarse * narrow, narrow, planes, x, s[STRIDE], 2 * F, coarse, w, inputs
        )  # fmt: skip


@inner
def _enlarge(s: Any, work: Any, r: int, first: int, cells: int, slot: int, spare: int, due: bool) -> None:
    """A transposed layer: where a coarse cell is due, makes its two rows of cells in the plane; then reads the chunk's
    part of the plane."""
    F, n_candidates = work.features, work.candidates
    planes, weights, biases, scratch = work.planes, work.weights, work.biases, work.scratch
    narrow = padded_size(F)
    matrix = F * narrow
    if due:
        coarse = (cells + 1) // 2
        x = s[SOURCE] * slot
        for k in range(4):
            for c in range(n_candidates * coarse):
                y = spare + c * narrow
                copy(scratch, y, biases, s[BIAS], F)
            row, column = k // 2, k % 2
            # A kernel three columns wide begins a cell to the left, and its first column reads the cell to the right.
            w = s[W] + (row * s[TAPS] + column + s[TAPS] - 2) * matrix
            add_product(
                scratch, spare, narrow, scratch, x, narrow, n_candidates * coarse, weights, w, F, narrow
            )
            if s[TAPS] == 3 and column == 1:
                w = s[W] + row * s[TAPS] * matrix
                for n in range(n_candidates):
                    y, right = spare + n * coarse * narrow, x + (n * coarse + 1) * narrow
                    add_product(scratch, y, narrow, scratch, right, narrow, coarse - 1, weights, w, F, narrow)
            for n in range(n_candidates):
                cell = s[PLANE] + n * s[STRIDE] + (((r + row) & 1) * s[WIDTH] + first + column) * F
                for c in range(coarse):
                    y = spare + (n * coarse + c) * narrow
                    copy(planes, cell + 2 * c * F, scratch, y, F)
    for n in range(n_candidates):
        cell = s[PLANE] + n * s[STRIDE] + ((r & 1) * s[WIDTH] + first) * F
        for c in range(cells):
            y = s[TARGET] * slot + (n * cells + c) * narrow
            copy(scratch, y, planes, cell + c * F, F)


@inner
def _publish(s: Any, work: Any, r: int, first: int, cells: int, slot: int) -> None:
    """Copies what a step made to the plane where the other stack finds it."""
    F = work.features
    for n in range(work.candidates):
        cell = s[PUBLISH] + n * s[PUBLISH_STRIDE] + ((r & 1) * s[PUBLISH_WIDTH] + first) * F
        for c in range(cells):
            y = s[TARGET] * slot + (n * cells + c) * padded_size(F)
            copy(work.planes, cell + c * F, work.scratch, y, F)


@inner
def run_steps(
    steps: Any, slots: int, work: Any, row: int, first: int, last: int, begin: int, end: int
) -> None:
    """Steps [begin, end) of a stack over pixels [first, last) of a row, whose input lies in slot 0. A chunk of more
    than one pixel begins at a multiple of the coarsest scale."""
    slot = work.candidates * (last - first) * padded_size(work.features)
    for i in range(begin, end):
        s = steps[i]
        scale = s[SCALE]
        if row % scale or first % scale:
            continue  # no cell of the chunk is due
        r, c = row // scale, first // scale
        cells = (last - 1) // scale - c + 1
        due = row % (2 * scale) == 0 and first % (2 * scale) == 0
        if s[KIND] == BLOCK:
            _block(s, work, r, c, cells, slot, slots * slot)
        elif s[KIND] == SHRINK:
            _shrink(s, work, r, c, cells, slot, due)
        else:
            _enlarge(s, work, r, c, cells, slot, slots * slot, due)
        if s[PUBLISH] >= 0:
            _publish(s, work, r, c, cells, slot)
