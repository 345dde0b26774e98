"""What the known pixels of a picture lead to expect of the hidden ones: frequency selective extrapolation (Seiler and
Kaup, "Complex-Valued Frequency Selective Extrapolation for Fast Image and Video Signal Extrapolation", IEEE Signal
Processing Letters 17, 2010).

Hidden pixels are found block by block, those with most known ones around them first. What lies in a *window* around a
block is made, wave by wave, from the few waves that explain the most of its known pixels, near ones before far ones;
in the block these waves go on. So it goes on with what it sees, edges and grounds too, where the smooth continuation of
`models/encoder.py` only settles between the ends, and it is nearer to the truth (README).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pixpaint.scaling import Bytes, Hole

Floats = NDArray[np.float32]

BLOCK, WINDOW = 4, 32
"""Sides in pixels: of what is found at a time, and of what around it is looked at, which is also how long the longest
wave is."""
NEAR = 0.7
"""How much a pixel counts, of one that is a pixel nearer to the block's middle."""
FOUND = 0.5
"""How much a pixel of a block that was found before counts, of a known one."""
WAVES = 40
"""How often a wave is added, the same one again perhaps."""
CAUTION = 0.5
"""How much is added of the wave that alone would explain the most: those that follow explain the same pixels."""

_OFFSET = (WINDOW - BLOCK) // 2
_HALF = WINDOW // 2 + 1  # columns of the spectrum of what is real; the others mirror them


def _nearness() -> Floats:
    """How much each pixel of a window counts (WINDOW, WINDOW)."""
    away = np.arange(WINDOW) - (WINDOW - 1) / 2
    near: Floats = (NEAR ** np.hypot(away[:, None], away)).astype(np.float32)
    return near


def _preference() -> Floats:
    """How much what a wave explains counts (WINDOW * _HALF,): long waves are likelier to go on."""
    frequency = np.fft.fftfreq(WINDOW)
    length = np.hypot(frequency[:, None], frequency[None, :_HALF])
    preference: Floats = (np.clip(1 - np.sqrt(2) * length, 0, None) ** 2).astype(np.float32).ravel()
    return preference


_NEARNESS, _PREFERENCE = _nearness(), _preference()


def extrapolated(
    picture: Bytes, hole: Hole, own: Hole, stop: Callable[[], bool] = lambda: False
) -> Floats | None:
    """A picture (H, W, C), in bytes but not whole ones, with the pixels `own` (H, W) of its hole (H, W) found, and some
    more of the hole around them; None if `stop` said so meanwhile. Something must be known; the rest of the hole, and
    what nothing known leads to, is of its mean colour."""
    edge = ((WINDOW, WINDOW), (WINDOW, WINDOW))
    hidden = np.pad(hole, edge)
    x = np.pad(np.where(hole[..., None], picture[~hole].mean(0), picture).astype(np.float32), (*edge, (0, 0)))
    trust = np.pad(~hole, edge).astype(np.float32)

    def window(row: int, column: int) -> tuple[slice, slice]:
        top, left = row - _OFFSET, column - _OFFSET
        return slice(top, top + WINDOW), slice(left, left + WINDOW)

    rows, columns = np.nonzero(np.pad(own, edge))
    first = np.array([rows.min(), columns.min()])
    blocks = np.unique((np.stack([rows, columns], 1) - first) // BLOCK, axis=0) * BLOCK + first
    while len(blocks):
        told = np.array([np.vdot(trust[window(*block)], _NEARNESS) for block in blocks])
        if not told.any():
            break
        for row, column in blocks[np.argsort(-told, kind="stable")][: np.count_nonzero(told)]:
            if stop():
                return None
            around, here = window(row, column), (slice(row, row + BLOCK), slice(column, column + BLOCK))
            found = _block(x[around], trust[around] * _NEARNESS)
            x[here][hidden[here]] = np.clip(found, 0, 255)[hidden[here]]
            trust[here][hidden[here]] = FOUND
        blocks = blocks[told == 0]  # which have something to go on from now
    return x[WINDOW:-WINDOW, WINDOW:-WINDOW]


def _block(x: Floats, weight: Floats) -> Floats:
    """The block (BLOCK, BLOCK, C) in the middle of a window x (WINDOW, WINDOW, C), of which each pixel counts as much
    as `weight` (WINDOW, WINDOW) says, hidden ones not at all."""
    channels = x.shape[2]
    # A wave's share of what is left to explain is that of the weighted window. To take a wave away is to take away the
    # weights' spectrum, moved by the wave's frequency: it is laid out twice, so that each move is a view of it.
    spectrum = np.tile(np.fft.fft2(weight).astype(np.complex64), (2, 2))
    weighted = np.ascontiguousarray((weight[..., None] * x).transpose(2, 0, 1))
    left = np.ascontiguousarray(np.fft.rfft2(weighted), np.complex64).reshape(channels, -1)
    parts = left.view(np.float32).reshape(channels, -1, 2)
    made = np.zeros((channels, WINDOW, WINDOW), np.complex64)
    # Of a real picture each wave comes with its mirror image, the conjugate one.
    moved = np.empty((2, WINDOW, _HALF), np.complex64)
    amounts = np.empty((channels, 2), np.complex64)
    share = np.float32(CAUTION / weight.sum())
    for _ in range(WAVES):
        explained = np.einsum("cki,cki->k", parts, parts) * _PREFERENCE
        best = int(explained.argmax())
        row, column = divmod(best, _HALF)
        amount = left[:, best] * share
        if 2 * row % WINDOW == 0 and 2 * column % WINDOW == 0:
            amount = amount / 2  # the wave is its own mirror image
        made[:, row, column] += amount
        amounts[:, 0], amounts[:, 1] = amount, amount.conj()
        moved[0] = spectrum[WINDOW - row : 2 * WINDOW - row, WINDOW - column : WINDOW - column + _HALF]
        moved[1] = spectrum[row : row + WINDOW, column : column + _HALF]
        left -= amounts @ moved.reshape(2, -1)
    inner = slice(_OFFSET, _OFFSET + BLOCK)
    waves = np.fft.ifft2(made).real[:, inner, inner] * (2 * WINDOW**2)
    block: Floats = waves.transpose(1, 2, 0).astype(np.float32)
    return block
