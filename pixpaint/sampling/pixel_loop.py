"""The pixel loop of the `fused` engine: one compiled loop over the pixels of a run, without the interpreter.

It runs a `lowering.Program`, flattened to tables, on the planes of a FeatureCache that lie in one buffer. Everything a
pixel needs of the row above, of the vertical stack and of the conditioning has been *hoisted*: it stands in `hoisted`,
computed for the whole row at once. Left are the two taps of the current row, whose inputs are neighbours in memory.

Shapes: N candidates, F features, K components, C channels. Matrices are (inputs, outputs), so that a product adds rows
of weights; each row is read once for all candidates. Compiled code is cached on disk; the GIL is released.
"""

import math
from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import overload

BLOCK, SHRINK, ENLARGE = 0, 1, 2

# The columns of the table of steps. Planes are (N, rows, columns, channels) at an offset of the buffer.
(
    KIND,
    SCALE,
    SOURCE,
    TARGET,
    SKIP,
    PLANE,
    WIDTH,
    STRIDE,
    PLANE2,
    WIDTH2,
    STRIDE2,
    W,
    W2,
    W3,
    HOIST,
    HOIST2,
    BIAS,
) = range(17)
COLUMNS = 17


inner = njit(nogil=True, fastmath=True, error_model="numpy")
"""For what the loop calls: compiled into it."""


def _exp(x: Any) -> Any:
    """e to the x: exact in float64, a polynomial good to the last digits in float32, which vectorises."""
    raise NotImplementedError


@overload(_exp)
def _exp_overload(x: Any) -> Any:
    if x == types.float64:

        def exact(x: Any) -> Any:
            return math.exp(x)

        return exact

    def polynomial(x: Any) -> Any:
        x = min(max(x, np.float32(-87.0)), np.float32(88.0))
        n = np.floor(x * np.float32(1.4426950408889634) + np.float32(0.5))
        # x - n ln 2 in two parts, so that nothing is lost to cancellation.
        f = x - n * np.float32(0.693359375)
        f = f - n * np.float32(-2.12194440e-4)
        p = np.float32(1.9875691500e-4)
        p = p * f + np.float32(1.3981999507e-3)
        p = p * f + np.float32(8.3334519073e-3)
        p = p * f + np.float32(4.1665795894e-2)
        p = p * f + np.float32(1.6666665459e-1)
        p = p * f + np.float32(5.0000001201e-1)
        p = p * f * f + f + np.float32(1.0)
        return p * np.float32(2.0) ** n

    return polynomial


@inner
def _add_product(y: Any, yo: Any, x: Any, xo: Any, w: Any, wo: Any, inputs: Any, outputs: Any) -> None:
    """y[yo : yo + outputs] += x[xo : xo + inputs] @ w[wo :], a matrix (inputs, outputs)."""
    # Slices, because an index that is a sum may be negative for all the compiler knows, and then nothing vectorises.
    y, x = y[yo : yo + outputs], x[xo : xo + inputs]
    k = 0
    while k + 4 <= inputs:
        a, b, c, d = x[k], x[k + 1], x[k + 2], x[k + 3]
        at = wo + k * outputs
        w0, w1 = w[at : at + outputs], w[at + outputs : at + 2 * outputs]
        w2, w3 = w[at + 2 * outputs : at + 3 * outputs], w[at + 3 * outputs : at + 4 * outputs]
        for o in range(outputs):
            y[o] += a * w0[o] + b * w1[o] + c * w2[o] + d * w3[o]
        k += 4
    while k < inputs:
        a = x[k]
        w0 = w[wo + k * outputs : wo + (k + 1) * outputs]
        for o in range(outputs):
            y[o] += a * w0[o]
        k += 1


@inner
def _concat_elu(out: Any, at: Any, x: Any, xo: Any, features: Any) -> None:
    """out[at : at + 2F] = ELU of x and of -x."""
    x = x[xo : xo + features]
    positive, negative = out[at : at + features], out[at + features : at + 2 * features]
    for f in range(features):
        v = x[f]
        e = _exp(-abs(v)) - 1
        positive[f] = v if v > 0 else e
        negative[f] = e if v > 0 else -v


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def run_pixels(
    steps: Any,
    planes: Any,
    weights: Any,
    hoisted: Any,
    hoist_first: Any,
    frame: Any,
    noise: Any,
    params: Any,
    row: Any,
    first: Any,
    last: Any,
    layout: Any,
    scratch: Any,
    temperature: Any,
) -> None:
    """Paints pixels [first, last) of a row into `frame` (N, C + 1, H + 1, W + 1), leaving the output parameters
    they were drawn from in `params` (N, last - first, P). `noise` is (N, 4, H, W); `scratch` (slots + 3, N, 2F).
    `hoist_first` holds the width of the planes at [0] and, at [scale], the first cell that was hoisted."""
    (features, slots, output, w_first, b_first, left_plane, left_width, left_stride,
     above_plane, above_width, above_stride, w_head, b_head, bits, components, count) = layout  # fmt: skip
    n_candidates, inputs = frame.shape[0], frame.shape[1]
    channels = inputs - 1
    F = features
    flat = scratch.reshape(-1)
    slot_size, row_size = n_candidates * 2 * F, 2 * F
    hidden, active, taps = slots * slot_size, (slots + 1) * slot_size, (slots + 2) * slot_size
    for column in range(first, last):
        for n in range(n_candidates):
            # The pixel to the left enters the cache; above it lies the pixel to the upper left.
            cell = left_plane + n * left_stride + (row + 1) * left_width * inputs + column * inputs
            over = cell - left_width * inputs
            for c in range(inputs):
                planes[cell + c] = frame[n, c, row + 1, column]
            one = planes[cell + channels]
            y = n * row_size
            for f in range(F):
                flat[y + f] = weights[b_first + f]
            _add_product(flat, y, planes, over, weights, w_first, inputs, F)
            _add_product(flat, y, planes, cell, weights, w_first + inputs * F, inputs, F)
            a = above_plane + n * above_stride + (row * above_width + column) * F
            for f in range(F):
                flat[y + f] = flat[y + f] * one + planes[a + f]
        for i in range(steps.shape[0]):
            s = steps[i]
            scale = s[SCALE]
            if row % scale or column % scale:
                continue
            r, c = row // scale, column // scale
            source, target = s[SOURCE] * slot_size, s[TARGET] * slot_size
            if s[KIND] == BLOCK:
                at = c - hoist_first[scale]
                span = hoist_first[0] // scale
                for n in range(n_candidates):
                    x = source + n * row_size
                    cell = s[PLANE] + n * s[STRIDE] + ((r + 1) * s[WIDTH] + c + 1) * 2 * F
                    _concat_elu(planes, cell, flat, x, F)
                    h, z = hidden + n * row_size, s[HOIST] + (n * span + at) * F
                    flat[h : h + F] = hoisted[z : z + F]
                    _add_product(flat, h, planes, cell - 2 * F, weights, s[W], 4 * F, F)
                    if s[SKIP] >= 0:
                        t = active + n * row_size
                        _concat_elu(flat, t, flat, s[SKIP] * slot_size + n * row_size, F)
                        _add_product(flat, h, flat, t, weights, s[W2], 2 * F, F)
                for n in range(n_candidates):
                    x, h, t = source + n * row_size, hidden + n * row_size, taps + n * row_size
                    cell = s[PLANE2] + n * s[STRIDE2] + ((r + 1) * s[WIDTH2] + c + 1) * 2 * F
                    _concat_elu(planes, cell, flat, h, F)
                    z = s[HOIST2] + (n * span + at) * 2 * F
                    flat[t : t + 2 * F] = hoisted[z : z + 2 * F]
                    _add_product(flat, t, planes, cell - 2 * F, weights, s[W3], 4 * F, 2 * F)
                    y = target + n * row_size
                    out, value, opening = flat[y : y + F], flat[t : t + F], flat[t + F : t + 2 * F]
                    residual = flat[x : x + F]
                    for f in range(F):
                        out[f] = residual[f] + value[f] / (1 + _exp(-opening[f]))
            elif s[KIND] == SHRINK:
                for n in range(n_candidates):
                    x = source + n * row_size
                    cell = s[PLANE] + n * s[STRIDE] + ((r + 1) * s[WIDTH] + c + 1) * F
                    for f in range(F):
                        planes[cell + f] = flat[x + f]
                    if row % (2 * scale) == 0 and column % (2 * scale) == 0:
                        y = target + n * row_size
                        for f in range(F):
                            flat[y + f] = weights[s[BIAS] + f]
                        _add_product(flat, y, planes, cell - (s[WIDTH] + 1) * F, weights, s[W], 2 * F, F)
                        _add_product(flat, y, planes, cell - F, weights, s[W] + 2 * F * F, 2 * F, F)
            else:
                for n in range(n_candidates):
                    cell = s[PLANE] + n * s[STRIDE] + (r * s[WIDTH] + c) * F
                    if row % (2 * scale) == 0 and column % (2 * scale) == 0:
                        x = source + n * row_size
                        for k in range(4):
                            y = cell + ((k // 2) * s[WIDTH] + k % 2) * F
                            for f in range(F):
                                planes[y + f] = weights[s[BIAS] + f]
                            _add_product(planes, y, flat, x, weights, s[W] + k * F * F, F, F)
                    y = target + n * row_size
                    for f in range(F):
                        flat[y + f] = planes[cell + f]
        for n in range(n_candidates):
            x, t = output * slot_size + n * row_size, active + n * row_size
            for f in range(F):
                v = flat[x + f]
                flat[t + f] = v if v > 0 else _exp(v) - 1
            p = params[n, column - first]
            for k in range(count):
                p[k] = weights[b_head + k]
            _add_product(p, 0, flat, t, weights, w_head, F, count)
            _draw(p, noise[n, :, row, column], temperature, bits, components, channels, frame, n, row, column)


@inner
def _byte(x: Any) -> Any:
    """The value of the nearest byte, in [-1, 1]."""
    return (min(max(np.floor(x * 127.5 + 128.0), 0.0), 255.0) - 127.5) / 127.5


@inner
def _draw(
    p: Any,
    noise: Any,
    temperature: Any,
    bits: Any,
    components: Any,
    channels: Any,
    frame: Any,
    n: Any,
    row: Any,
    column: Any,
) -> None:
    """Draws a pixel from its output parameters: layers/output.py, a pixel at a time."""
    if bits:
        on = noise[0] < 1 / (1 + math.exp(-p[0] / temperature)) if temperature > 0 else p[0] > 0
        frame[n, 0, row + 1, column + 1] = 1.0 if on else -1.0
        return
    best = p[0]
    k = 0
    for i in range(1, components):
        if p[i] > best:
            best = p[i]
            k = i
    if temperature > 0:
        total = 0.0
        for i in range(components):
            total += math.exp((p[i] - best) / temperature)
        k, cumulative = 0, math.exp((p[0] - best) / temperature)
        while k < components - 1 and cumulative / total < noise[0]:
            k += 1
            cumulative += math.exp((p[k] - best) / temperature)
    per_channel = 3 if channels == 3 else 2
    chosen = p[
        components + k :: components
    ]  # the component's own mean, log-scale, coefficient, ... channel by channel
    x = np.zeros(3)
    for c in range(channels):
        mean = float(chosen[c * per_channel])
        if c == 1:
            mean += math.tanh(chosen[2]) * x[0]
        elif c == 2:
            mean += math.tanh(chosen[5]) * x[0] + math.tanh(chosen[8]) * x[1]
        spread = temperature * math.exp(max(chosen[c * per_channel + 1], -7.0)) * noise[1 + c]
        x[c] = _byte(mean + spread)
        frame[n, c, row + 1, column + 1] = x[c]
