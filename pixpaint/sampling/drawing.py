"""What the compiled loops compute number by number: the nonlinearities and the drawing of a pixel."""

import math
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

from pixpaint.layers.output import LOG_127_5, SETTLED_LOG_SCALE
from pixpaint.sampling.compiled import inner


def exp(x: Any) -> Any:
    """e to the x, good to the last digits of float32 or float64, where it is finite and normal: a polynomial, or a
    quotient of two, which vectorises."""
    raise NotImplementedError


# Sums are taken as they are written: regrouped, they would lose what is done to keep their last digits.
@overload(exp, jit_options={"fastmath": {"nnan", "ninf", "nsz", "contract"}})
def _exp_overload(x: Any) -> Any:
    if x == types.float64:

        def quotient(x: Any) -> Any:
            x = min(max(x, -708.0), 709.0)
            n = np.floor(x * 1.4426950408889634 + 0.5)
            # x - n ln 2 in two parts, so that nothing is lost to cancellation.
            f = x - n * 6.93145751953125e-1
            f = f - n * 1.42860682030941723212e-6
            ff = f * f
            p = 1.26177193074810590878e-4
            p = p * ff + 3.02994407707441961300e-2
            p = (p * ff + 9.99999999999999999910e-1) * f
            q = 3.00198505138664455042e-6
            q = q * ff + 2.52448340349684104192e-3
            q = q * ff + 2.27265548208155028766e-1
            q = q * ff + 2.0
            # 2 to the n by its bits: a power would be a call for each number.
            return (1 + 2 * p / (q - p)) * np.int64((np.int64(n) + 1023) << 52).view(np.float64)

        return quotient

    def polynomial(x: Any) -> Any:
        x = min(max(x, np.float32(-87.0)), np.float32(88.0))
        n = np.floor(x * np.float32(1.4426950408889634) + np.float32(0.5))
        f = x - n * np.float32(0.693359375)
        f = f - n * np.float32(-2.12194440e-4)
        p = np.float32(1.9875691500e-4)
        p = p * f + np.float32(1.3981999507e-3)
        p = p * f + np.float32(8.3334519073e-3)
        p = p * f + np.float32(4.1665795894e-2)
        p = p * f + np.float32(1.6666665459e-1)
        p = p * f + np.float32(5.0000001201e-1)
        p = p * f * f + f + np.float32(1.0)
        return p * np.int32((np.int32(n) + np.int32(127)) << np.int32(23)).view(np.float32)

    return polynomial


@inner
def tanh(x: Any) -> Any:
    """The hyperbolic tangent, off by no more than rounding to a number near 1."""
    return 1 - 2 / (exp(2 * x) + 1)


# These are called so often that a view of an array, which is counted, would cost as much as they do. An index that
# could be negative would keep them from being vectorised, as would a signed number beside an unsigned one; and an
# integer beside a float32 would make them count in float64.


@inner
def concat_elu(out: Any, at: Any, x: Any, xo: Any, features: Any) -> None:
    """out[at : at + 2F] = ELU of x[xo : xo + F] and of its negative."""
    at, xo, features = np.uintp(at), np.uintp(xo), np.uintp(features)
    for f in range(features):
        v = x[xo + f]
        e = exp(-abs(v)) - type(v)(1)
        out[at + f] = v if v > 0 else e
        out[at + features + f] = e if v > 0 else -v


@inner
def elu(out: Any, at: Any, x: Any, xo: Any, count: Any) -> None:
    """out[at : at + count] = ELU(x[xo : xo + count])."""
    at, xo = np.uintp(at), np.uintp(xo)
    for i in range(np.uintp(count)):
        v = x[xo + i]
        out[at + i] = v if v > 0 else exp(v) - type(v)(1)


@inner
def gate(out: Any, at: Any, x: Any, xo: Any, gated: Any, go: Any, features: Any) -> None:
    """out = x + A * sigmoid(B) for `features` features, A and B one after the other at gated[go:]."""
    at, xo, go, features = np.uintp(at), np.uintp(xo), np.uintp(go), np.uintp(features)
    for f in range(features):
        opening = exp(-gated[go + features + f])
        out[at + f] = x[xo + f] + gated[go + f] / (type(opening)(1) + opening)


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
    count = np.uintp(components)
    red_in_green, red_in_blue, green_in_blue = count * np.uintp(3), count * np.uintp(6), count * np.uintp(9)
    for c in range(channels):
        for k in range(count):
            move = float(smooth[c])
            if c == 1:
                move -= tanh(float(p[red_in_green + k])) * smooth[0]
            elif c == 2:
                move -= (
                    tanh(float(p[red_in_blue + k])) * smooth[0]
                    + tanh(float(p[green_in_blue + k])) * smooth[1]
                )
            p[count * np.uintp(1 + c * per_channel) + k] += tanh(float(p[np.uintp(trusts) + k])) * move


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
        shares[i] = exp(float(p[i] - best) / tempering.choice)
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
    return likeliest  # rounding may leave the sum below a number close to 1


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
    channels, half = len(y), 1 / (levels - 1)
    per_channel = 3 if channels == 3 else 2
    count = np.uintp(components)
    red_in_green, red_in_blue, green_in_blue = count * np.uintp(3), count * np.uintp(6), count * np.uintp(9)
    nats, product = np.empty(components), np.ones(components)
    mass, inverse, centred = np.empty(components), np.empty(components), np.empty(components)
    for k in range(count):
        nats[k] = p[k]
    for c in range(channels):
        x = y[c] + origin[c]
        first, last = x < -0.999, x > 0.999  # which have all that lies beyond them
        own = count * np.uintp(1 + c * per_channel)
        for k in range(count):
            mean = float(p[own + k]) + base[c]
            if c == 1:
                mean += tanh(float(p[red_in_green + k])) * (y[0] + origin[0] - base[0])
            elif c == 2:
                mean += tanh(float(p[red_in_blue + k])) * (y[0] + origin[0] - base[0])
                mean += tanh(float(p[green_in_blue + k])) * (y[1] + origin[1] - base[1])
            centred[k] = x - mean
            inverse[k] = exp(-max(float(p[own + count + k]), -7.0))
            until = 1.0 if last else 1 / (1 + exp(-inverse[k] * (centred[k] + half)))
            since = 0.0 if first else 1 / (1 + exp(-inverse[k] * (centred[k] - half)))
            mass[k] = until - since
        for k in range(count):
            if mass[k] > 1e-5:
                product[k] *= mass[k]
            elif first:
                nats[k] -= _softplus(-inverse[k] * (centred[k] + half))
            elif last:
                nats[k] -= _softplus(inverse[k] * (centred[k] - half))
            elif levels < 256:
                upper, lower = inverse[k] * (centred[k] + half), inverse[k] * (centred[k] - half)
                nats[k] += (
                    math.log(-math.expm1(-2 * half * inverse[k])) - _softplus(-upper) - _softplus(lower)
                )
            else:
                middle = inverse[k] * centred[k]
                nats[k] += middle + math.log(inverse[k]) - 2 * _softplus(middle) - LOG_127_5
    best, best_logit = -1e300, -1e300
    for k in range(count):
        nats[k] += math.log(product[k])
        best, best_logit = max(best, nats[k]), max(best_logit, float(p[k]))
    total, total_logit = 0.0, 0.0
    for k in range(count):
        total += exp(nats[k] - best)
        total_logit += exp(float(p[k]) - best_logit)
    return best + math.log(total) - best_logit - math.log(total_logit)
