"""What the compiled loops compute number by number: the nonlinearities and the drawing of a pixel."""

import math
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

from pixpaint.layers.output import LOG_127_5, SETTLED_LOG_SCALE
from pixpaint.sampling.compiled import inner


def exp(x: Any) -> Any:
    """e to the x: exact in float64, a polynomial good to the last digits in float32, which vectorises."""
    raise NotImplementedError


@overload(exp)
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
        # 2 to the n by its bits: a power would be a call for each number.
        return p * np.int32((np.int32(n) + np.int32(127)) << np.int32(23)).view(np.float32)

    return polynomial


@inner
def concat_elu(out: Any, at: int, x: Any, xo: int, features: int) -> None:
    """out[at : at + 2F] = ELU of x and of -x."""
    x = x[xo : xo + features]
    positive, negative = out[at : at + features], out[at + features : at + 2 * features]
    for f in range(features):
        v = x[f]
        e = exp(-abs(v)) - 1
        positive[f] = v if v > 0 else e
        negative[f] = e if v > 0 else -v


@inner
def elu(out: Any, at: int, x: Any, xo: int, count: int) -> None:
    """out[at : at + count] = ELU(x[xo : xo + count])."""
    x, out = x[xo : xo + count], out[at : at + count]
    for i in range(count):
        v = x[i]
        out[i] = v if v > 0 else exp(v) - 1


@inner
def gate(out: Any, at: int, x: Any, xo: int, gated: Any, go: int, features: int) -> None:
    """out = x + A * sigmoid(B) for `features` features, A and B one after the other at gated[go:]."""
    x, out = x[xo : xo + features], out[at : at + features]
    value, opening = gated[go : go + features], gated[go + features : go + 2 * features]
    for f in range(features):
        out[f] = x[f] + value[f] / (1 + exp(-opening[f]))


@inner
def _byte(x: Any, levels: Any) -> Any:
    """The value of the nearest byte of so many levels, in [-1, 1]."""
    half = (levels - 1) / 2
    step = min(max(np.floor(x * half + (half + 0.5)), 0.0), levels - 1.0)
    return (step * (255 // (levels - 1)) - 127.5) / 127.5


@inner
def settle(p: Any, components: Any, channels: Any) -> None:
    """Makes output parameters those of what is known but for rounding: layers/output.py."""
    per_channel = 3 if channels == 3 else 2
    p[:] = 0
    for c in range(channels):
        start = components * (1 + c * per_channel + 1)
        p[start : start + components] = SETTLED_LOG_SCALE


@inner
def lean(p: Any, trusts: Any, components: Any, channels: Any, smooth: Any) -> None:
    """Moves the means of output parameters by `smooth` (C,) as far as each component trusts it, which stands in p from
    `trusts` on: as PixelCNNPP._counted_from has it."""
    per_channel = 3 if channels == 3 else 2
    for k in range(components):
        own = p[components + k :: components]
        trust = math.tanh(float(p[trusts + k]))
        for c in range(channels):
            move = smooth[c]
            if c == 1:
                move -= math.tanh(float(own[2])) * smooth[0]
            elif c == 2:
                move -= math.tanh(float(own[5])) * smooth[0] + math.tanh(float(own[8])) * smooth[1]
            own[c * per_channel] += trust * move


@inner
def choose(p: Any, uniform: Any, tempering: Any, components: Any) -> Any:
    """Which component a pixel is drawn from."""
    best, likeliest = p[0], 0
    for i in range(1, components):
        if p[i] > best:
            best, likeliest = p[i], i
    if tempering.choice == 0:
        return likeliest
    shares, total = np.empty(components), 0.0
    for i in range(components):
        shares[i] = math.exp((p[i] - best) / tempering.choice)
        total += shares[i]
    if tempering.top_p < 1:
        kept, whole = shares.copy(), total
        total = 0.0
        for i in range(components):
            before = 0.0
            for j in range(components):
                if shares[j] > shares[i] or (shares[j] == shares[i] and j < i):
                    before += shares[j]
            if before / whole >= tempering.top_p:
                kept[i] = 0.0
            total += kept[i]
        shares = kept
    cumulative = 0.0
    for i in range(components):
        cumulative += shares[i]
        if cumulative / total >= uniform:
            return i
    # Rounding may leave the sum below a number close to 1.
    last = likeliest
    for i in range(components):
        if shares[i] > 0:
            last = i
    return last


@inner
def draw(
    p: Any,
    noise: Any,
    tempering: Any,
    levels: Any,
    components: Any,
    channels: Any,
    frame: Any,
    n: Any,
    row: Any,
    column: Any,
    origin: Any,
    base: Any,
) -> None:
    """Draws a pixel from its output parameters, which are counted from base (C,), into the frame, whose pixels are
    counted from origin (C,): layers/output.py, a pixel at a time."""
    if levels == 2:
        on = noise[0] < 1 / (1 + math.exp(-p[0] / tempering.choice)) if tempering.choice > 0 else p[0] > 0
        frame[n, 0, row + 1, column + 1] = 1.0 if on else -1.0
        return
    k = choose(p, noise[0], tempering, components)
    per_channel = 3 if channels == 3 else 2
    # The component's own mean, log-scale, coefficient, ... channel by channel.
    chosen = p[components + k :: components]
    x = np.zeros(3)
    for c in range(channels):
        mean = float(chosen[c * per_channel]) + base[c]
        if c == 1:
            mean += math.tanh(chosen[2]) * (x[0] - base[0])
        elif c == 2:
            mean += math.tanh(chosen[5]) * (x[0] - base[0]) + math.tanh(chosen[8]) * (x[1] - base[1])
        spread = tempering.scale * math.exp(max(chosen[c * per_channel + 1], -7.0)) * noise[1 + c]
        x[c] = _byte(mean + spread, levels)
        frame[n, c, row + 1, column + 1] = x[c] - origin[c]


@inner
def _softplus(x: Any) -> Any:
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


@inner
def log_prob(p: Any, y: Any, levels: Any, components: Any, origin: Any, base: Any) -> Any:
    """Nats of a drawn pixel origin + y (C,) under its output parameters, which are counted from base (C,):
    layers/output.py, a pixel at a time, in float64."""
    if levels == 2:
        return -_softplus(-float(p[0]) * float(y[0]))
    channels = len(y)
    per_channel = 3 if channels == 3 else 2
    # Both sums of exponentials are kept as a largest term and what the others come to beside it.
    best, rest, best_logit, rest_logit = -1e300, 0.0, -1e300, 0.0
    for k in range(components):
        own = p[components + k :: components]
        nats = logit = float(p[k])
        for c in range(channels):
            mean = float(own[c * per_channel]) + base[c]
            if c == 1:
                mean += math.tanh(float(own[2])) * (y[0] + origin[0] - base[0])
            elif c == 2:
                mean += math.tanh(float(own[5])) * (y[0] + origin[0] - base[0])
                mean += math.tanh(float(own[8])) * (y[1] + origin[1] - base[1])
            log_scale = max(float(own[c * per_channel + 1]), -7.0)
            x = y[c] + origin[c]
            inverse, centred = math.exp(-log_scale), x - mean
            upper, lower = inverse * (centred + 1 / (levels - 1)), inverse * (centred - 1 / (levels - 1))
            if x < -0.999:
                nats -= _softplus(-upper)
            elif x > 0.999:
                nats -= _softplus(lower)
            elif levels < 256:
                nats += (
                    math.log(-math.expm1(-2 / (levels - 1) * inverse)) - _softplus(-upper) - _softplus(lower)
                )
            else:
                mass = 1 / (1 + math.exp(-upper)) - 1 / (1 + math.exp(-lower))
                middle = inverse * centred
                nats += (
                    math.log(mass) if mass > 1e-5 else middle - log_scale - 2 * _softplus(middle) - LOG_127_5
                )
        if nats > best:
            best, rest = nats, rest * math.exp(best - nats) + 1
        else:
            rest += math.exp(nats - best)
        if logit > best_logit:
            best_logit, rest_logit = logit, rest_logit * math.exp(best_logit - logit) + 1
        else:
            rest_logit += math.exp(logit - best_logit)
    return best + math.log(rest) - best_logit - math.log(rest_logit)
