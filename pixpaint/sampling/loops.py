"""The compiled loops of the `fused` engine: a row of the vertical stack, a run of known pixels, a run of pixels to
paint, each without the interpreter. What they do for a layer stands in steps.py.

They take long runs in parts: steps [begin, end) of a stack, so that Python may stop in between.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pixpaint.layers.output import Tempering
from pixpaint.sampling.compiled import compiled, inner
from pixpaint.sampling.drawing import draw, elu, lean, log_prob, settle
from pixpaint.sampling.steps import (
    ABOVE,
    BLOCK,
    KIND,
    SCALE,
    Numbers,
    Table,
    Work,
    cells_product,
    hoist_step,
    hoist_step_above,
    lent,
    padded_size,
    run_steps,
)
from pixpaint.sampling.tiles import add_product, borrowed, copy


class First(NamedTuple):
    """A first layer, on the shifted image (C + 1 channels): its plane, `taps` columns wide, `rows` high, from `left`
    columns left of the cell on; its weights; the plane its result goes to, -1 for none."""

    plane: int
    width: int
    stride: int
    rows: int
    taps: int
    left: int
    w: int
    bias: int
    publish: int
    publish_stride: int


class Head(NamedTuple):
    """From features to a pixel: which slot, which weights, how many parameters, of what distribution, and how many
    numbers after them that say how far a component is trusted to lean."""

    slot: int
    w: int
    bias: int
    parameters: int
    trusts: int
    components: int
    levels: int


@inner
def _run_first(layer: Any, work: Any, frame: Any, row: int, first: int, last: int, down: int) -> None:
    """A first layer over pixels [first, last) of a row, to slot 0 or to where it publishes. The shifted image is the
    frame from row + 1 - `down`, column + `down` on."""
    F, n_candidates, inputs = work.features, work.candidates, frame.shape[1]
    planes, biases, scratch = work.planes, work.biases, work.scratch
    narrow, cells = padded_size(F), last - first
    matrix = layer.taps * inputs * narrow
    for n in range(n_candidates):
        cell = layer.plane + n * layer.stride
        cell += ((row & 1) * layer.width + first + layer.left) * inputs
        for c in range(cells):
            for channel in range(inputs):
                planes[cell + c * inputs + channel] = frame[n, channel, row + 1 - down, first + c + down]
    for c in range(n_candidates * cells):
        copy(scratch, c * narrow, biases, layer.bias, F)
    for i in range(layer.rows):
        x = layer.plane + (((row + layer.rows - 1 - i) & 1) * layer.width + first) * inputs
        w = layer.w + i * matrix
        cells_product(
            work, scratch, 0, cells * narrow, narrow, planes, x, layer.stride, inputs, cells, w, layer.taps * inputs
        )  # fmt: skip
    for n in range(n_candidates):
        for c in range(cells):
            y = (n * cells + c) * narrow
            one = frame[n, inputs - 1, row + 1 - down, first + c + down]
            for f in range(F):
                scratch[y + f] *= one
            if layer.publish >= 0:
                at = layer.publish + n * layer.publish_stride + ((row & 1) * work.width + first + c) * F
                copy(planes, at, scratch, y, F)


@inner
def _enter(left: Any, above: Any, work: Any, frame: Any, row: int, first: int, last: int) -> None:
    """The horizontal stack's input to slot 0: what the pixels to the left and those above make of themselves."""
    F, cells = work.features, last - first
    _run_first(left, work, frame, row, first, last, 0)
    for n in range(work.candidates):
        for c in range(cells):
            y = (n * cells + c) * padded_size(F)
            at = above.publish + n * above.publish_stride + ((row & 1) * work.width + first + c) * F
            for f in range(F):
                work.scratch[y + f] += work.planes[at + f]


@compiled
def run_row(
    steps: Table,
    slots: int,
    first: First,
    above: First,
    work: Work,
    frame: Numbers,
    row: int,
    begin: int,
    end: int,
) -> None:
    """Steps [begin, end) of the vertical stack over a row that has been hoisted; before the first one its input, and
    what the horizontal stack will read of it."""
    steps, work = borrowed(steps), lent(work)
    if begin == 0:
        _run_first(above, work, frame, row, 0, work.width, 1)
        _run_first(first, work, frame, row, 0, work.width, 1)
    run_steps(steps, slots, work, row, 0, work.width, begin, end)


@compiled
def hoist_row(steps: Table, work: Work, row: int, begin: int, end: int) -> None:
    """Hoists a row for the blocks among steps [begin, end), when their stack has run over the row above."""
    steps, work = borrowed(steps), lent(work)
    for i in range(begin, end):
        if steps[i, KIND] == BLOCK and row % steps[i, SCALE] == 0:
            hoist_step(steps[i], work, row)


@compiled
def hoist_above(steps: Table, work: Work, row: int, begin: int, end: int) -> None:
    """Completes a hoisted row of the horizontal stack, when the vertical one has run over it."""
    steps, work = borrowed(steps), lent(work)
    for i in range(begin, end):
        if steps[i, ABOVE] >= 0 and row % steps[i, SCALE] == 0:
            hoist_step_above(steps[i], work, row)


@compiled
def pass_run(
    steps: Table,
    slots: int,
    left: First,
    above: First,
    work: Work,
    frame: Numbers,
    row: int,
    first: int,
    last: int,
    begin: int,
    end: int,
) -> None:
    """Steps [begin, end) of the horizontal stack over known pixels [first, last) of a row that has been hoisted."""
    steps, work = borrowed(steps), lent(work)
    if begin == 0:
        _enter(left, above, work, frame, row, first, last)
    run_steps(steps, slots, work, row, first, last, begin, end)


@compiled
def paint_run(
    steps: Table,
    slots: int,
    left: First,
    above: First,
    head: Head,
    work: Work,
    frame: Numbers,
    row: int,
    first: int,
    last: int,
    noise: Numbers,
    base: Numbers,
    tempering: Tempering,
    pixels: NDArray[np.uint8],
    nats: NDArray[np.float64],
) -> None:
    """Paints pixels [first, last) of a row that has been hoisted into `frame` (N, C + 1, H + 1, W + 1).

    `noise` is (N, 4, H, W); `base` (N or 1, 2C + 1, H, W) is what they are counted from, see `Base`. The bytes
    drawn go to `pixels` (N, W, C), what they cost to `nats` (N, W).
    """
    steps, work = borrowed(steps), lent(work)
    frame, noise, base = borrowed(frame), borrowed(noise), borrowed(base)
    F, n_candidates, scratch, weights = work.features, work.candidates, work.scratch, work.weights
    narrow, wide = padded_size(F), padded_size(head.parameters + head.trusts)
    slot = n_candidates * narrow
    active = slots * slot
    params = active + slot
    channels = frame.shape[1] - 1
    counted_from = np.zeros(channels, frame.dtype)
    for column in range(first, last):
        _enter(left, above, work, frame, row, column, column + 1)
        run_steps(steps, slots, work, row, column, column + 1, 0, len(steps))
        for n in range(n_candidates):
            own = base[n % len(base), :, row, column]
            origin = own[:channels]
            elu(scratch, active + n * narrow, scratch, head.slot * slot + n * narrow, F)
            p = scratch[params : params + wide]
            outputs = head.parameters + head.trusts
            copy(p, 0, work.biases, head.bias, outputs)
            add_product(p, 0, wide, scratch, active + n * narrow, narrow, 1, weights, head.w, F, wide)
            share = own[channels]
            for c in range(channels):
                counted_from[c] = origin[c]
                if share > 0:  # as PixelCNNPP._counted_from has it
                    cell = column // 2 * 2
                    owed = frame[n, c, row, cell + 1] + frame[n, c, row, cell + 2]
                    if share == 1:
                        owed += frame[n, c, row + 1, column]
                    counted_from[c] = min(max(origin[c] - share * owed, -1.0), 1.0)
            if share == 1:
                settle(p, head.components, channels)
            if head.trusts:
                lean(p, head.parameters, head.components, channels, own[channels + 1 :])
            draw(
                p, noise[n, :, row, column], tempering, head.levels, head.components,
                channels, frame, n, row, column, origin, counted_from,
            )  # fmt: skip
            drawn = frame[n, :channels, row + 1, column + 1]
            for c in range(channels):
                pixels[n, column, c] = np.uint8((drawn[c] + origin[c]) * 127.5 + 128)
            nats[n, column] = -log_prob(p, drawn, head.levels, head.components, origin, counted_from)
