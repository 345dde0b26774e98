"""All randomness of a fill, drawn ahead: a pixel's noise depends on the seed, the pyramid level and where in the
picture it lies, and on nothing else, so any hole, window, orientation, engine or device sees the same noise
there.

The generator is numpy's Philox 4x64 (Salmon et al., SC 2011), which is a function of a key and a counter: the key is
(seed, level), the counter (column + 1, row), since numpy counts before it draws, and each value of the counter gives
the four numbers of one pixel.
"""

import numpy as np
from numpy.typing import NDArray

NUMBERS = 4
"""Per pixel: one uniform number, which picks the mixture's component, and three logistic ones, one for each channel."""


def draw_noise(seed: int, level: int, row: int, column: int, height: int, width: int) -> NDArray[np.float64]:
    """Noise (height, width, 4) of the pixels from (row, column) on; seed and level from 0 to 2**64 - 1.

    [..., 0] is uniform on (0, 1), [..., 1:] standard logistic.
    """
    key = np.array([seed, level], np.uint64)  # a list would pass through float64, which lacks the last digits
    raw = np.empty((height, width * NUMBERS), np.uint64)
    generator = np.random.Philox(key=key, counter=[column, row, 0, 0])
    for numbers in raw:
        numbers[:] = generator.random_raw(width * NUMBERS)
        generator.advance(2**64 - width)  # to the same column of the next row
    uniform = ((raw >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
    noise = uniform.reshape(height, width, NUMBERS)
    noise[..., 1:] = np.log(noise[..., 1:]) - np.log1p(-noise[..., 1:])
    return noise
