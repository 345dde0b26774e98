"""The compiled loop of the `fused` engine for models of masked convolutions: pixels of a row, one after the other.

A pixel is a list of steps. A step takes a vector (of the picture, or what an earlier step made), applies an activation,
multiplies it, and its left neighbours' where it has taps, by a matrix, and adds that to a bias, or to what was hoisted
for its column. An LSTM is an activation that also keeps its cells. All candidates take a step together.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pixpaint.layers.output import Tempering
from pixpaint.sampling.compiled import compiled, inner
from pixpaint.sampling.drawing import choose, exp
from pixpaint.sampling.tiles import add_product, borrowed, copy

Numbers = NDArray[np.floating]
Table = NDArray[np.int64]

# The columns of a table of steps.
SOURCE, ACTIVATION, TARGET, INPUTS, OUTPUTS, TAPS, PLANE, PLANE_WIDTH, W, BIAS, HOIST, CELL, BEFORE = range(
    13
)
COLUMNS = 13
"""PLANE is where the leftmost tap of column 0 lies, CELL and BEFORE where its cell state goes and comes from."""

FROM_PICTURE, FROM_STREAM, FROM_LAST, FROM_LEFT = range(4)
"""A step's source: the pixels to the left and the current one, so many as it has taps; the stream of residual
connections; what the last step made; what another step has kept of the pixel to the left."""

NOTHING, RELU, GATE, LSTM = range(4)
AS_LAST, AS_STREAM, ADDED, MORE = range(4)
"""Where its result goes: to the next step, into the stream, added to the stream, or added to what the last step
made."""

VALUES = 256


@inner
def _activate(kind: Any, out: Any, at: Any, x: Any, xo: Any, count: Any) -> None:
    """out[at : at + count] = the activation of x[xo:], which has twice as many numbers where it is a gate."""
    at, xo, count = np.uintp(at), np.uintp(xo), np.uintp(count)  # see drawing.py
    for i in range(count):
        v = x[xo + i]
        if kind == RELU:
            v = v if v > 0 else v * 0
        elif kind == GATE:
            v = (2 / (1 + exp(-2 * v)) - 1) / (1 + exp(-x[xo + count + i]))
        out[at + i] = v


@inner
def _lstm(planes: Any, hidden: Any, cell: Any, before: Any, x: Any, xo: Any, count: Any) -> None:
    """The states (count,) from `hidden` and `cell` on, from gates x[xo:] in the order o, f, i, g and the cell state at
    `before`: as layers/scan.py has it."""
    hidden, cell, before = np.uintp(hidden), np.uintp(cell), np.uintp(before)
    xo, count = np.uintp(xo), np.uintp(count)
    for k in range(count):
        opened = 1 / (1 + exp(-x[xo + k]))
        kept = 1 / (1 + exp(-x[xo + count + k]))
        taken = 1 / (1 + exp(-x[xo + count + count + k]))
        state = kept * planes[before + k] + taken * (
            2 / (1 + exp(-2 * x[xo + count + count + count + k])) - 1
        )
        planes[cell + k] = state
        planes[hidden + k] = opened * (2 / (1 + exp(-2 * state)) - 1)


@inner
def _draw(p: Any, at: Any, noise: Any, tempering: Any, bits: Any, channels: Any, pixel: Any) -> None:
    """Draws all channels of a pixel (C,) from parameters p[at:]: `Bernoulli` and `Softmax` of layers/output.py."""
    if bits:
        logit = float(p[at])
        on = noise[0] < 1 / (1 + math.exp(-logit / tempering.choice)) if tempering.choice > 0 else logit > 0
        pixel[0] = 1.0 if on else -1.0
        return
    for c in range(channels):
        logits = p[at + c * VALUES : at + (c + 1) * VALUES]
        uniform = 1 / (1 + math.exp(-float(noise[1 + c])))
        byte = choose(logits, uniform, tempering, VALUES)
        pixel[c] = (byte - 127.5) / 127.5


@inner
def _nats(p: Any, at: Any, bits: Any, channels: Any, pixel: Any) -> Any:
    """What a drawn pixel costs by its output parameters."""
    if bits:
        z = -float(p[at]) * float(pixel[0])
        return max(z, 0.0) + math.log1p(math.exp(-abs(z)))
    nats = 0.0
    for c in range(channels):
        logits = p[at + c * VALUES : at + (c + 1) * VALUES]
        best = float(logits[0])
        for i in range(1, VALUES):
            best = max(best, float(logits[i]))
        total = 0.0
        for i in range(VALUES):
            total += exp(float(logits[i]) - best)
        nats += best + math.log(total) - float(logits[math.floor(pixel[c] * 127.5 + 128.0)])
    return nats


@compiled
def run_pixels(
    steps: Table,
    wide: int,
    planes: Numbers,
    hoisted: Numbers,
    weights: Numbers,
    biases: Numbers,
    scratch: Numbers,
    frame: Numbers,
    row: int,
    first: int,
    last: int,
    todo: NDArray[np.bool_],
    noise: Numbers,
    tempering: Tempering,
    bits: bool,
    substeps: int,
    nats: NDArray[np.float64],
) -> None:
    """Runs pixels [first, last) of a row, and draws those of `todo` (W,) into `frame` (N, C + 1, H + 1, W + 1).

    `noise` is (N, 4, H, W), `nats` (N, W) gets what the drawn ones cost. The row has been run up to `first`, and
    what is hoisted has been. `scratch` has room for three vectors a candidate, each `wide`.
    """
    steps, frame, noise = borrowed(steps), borrowed(frame), borrowed(noise)
    planes, hoisted, weights = borrowed(planes), borrowed(hoisted), borrowed(weights)
    biases, scratch = borrowed(biases), borrowed(scratch)
    n_candidates, width, channels = frame.shape[0], noise.shape[3], frame.shape[1] - 1
    stream, made, taken = 0, n_candidates * wide, 2 * n_candidates * wide
    for column in range(first, last):
        for _ in range(substeps if todo[column] else 1):
            for s in range(len(steps)):
                step = steps[s]
                inputs, outputs, taps, plane = step[INPUTS], step[OUTPUTS], step[TAPS], step[PLANE]
                source = stream if step[SOURCE] == FROM_STREAM else made
                long = inputs * step[PLANE_WIDTH]
                for n in range(n_candidates):
                    at = taken + n * wide
                    if step[SOURCE] == FROM_PICTURE:
                        for tap in range(taps):
                            left = column + 2 - taps + tap
                            for c in range(inputs):
                                inside = left >= 0
                                scratch[at + tap * inputs + c] = frame[n, c, row + 1, left] if inside else 0
                    elif step[SOURCE] == FROM_LEFT:
                        continue
                    elif step[ACTIVATION] == LSTM:
                        skipped = n * long + column * inputs
                        hidden, cell, before = plane + skipped, step[CELL] + skipped, step[BEFORE] + skipped
                        _lstm(planes, hidden, cell, before, scratch, source + n * wide, inputs)
                    elif plane < 0:
                        _activate(step[ACTIVATION], scratch, at, scratch, source + n * wide, inputs)
                    else:
                        cell = plane + n * long + (column + taps - 1) * inputs
                        _activate(step[ACTIVATION], planes, cell, scratch, source + n * wide, inputs)
                target = made if step[TARGET] == AS_LAST or step[TARGET] == MORE else stream
                for n in range(n_candidates):
                    to = target + n * wide
                    if step[HOIST] >= 0:
                        given, at = hoisted, step[HOIST] + (n * width + column) * outputs
                    else:
                        given, at = biases, step[BIAS]
                    if step[TARGET] == ADDED or step[TARGET] == MORE:
                        for i in range(outputs):
                            scratch[to + i] += given[at + i]
                    else:
                        copy(scratch, to, given, at, outputs)
                count = inputs * taps
                if plane < 0:
                    add_product(
                        scratch, target, wide, scratch, taken, wide, n_candidates, weights, step[W], count, outputs
                    )  # fmt: skip
                else:
                    at = plane + column * inputs
                    add_product(
                        scratch, target, wide, planes, at, long, n_candidates, weights, step[W], count, outputs
                    )  # fmt: skip
            if todo[column]:
                for n in range(n_candidates):
                    pixel = frame[n, :, row + 1, column + 1]
                    at = made + n * wide
                    _draw(scratch, at, noise[n, :, row, column], tempering, bits, channels, pixel)
                    nats[n, column] = _nats(scratch, at, bits, channels, pixel)
