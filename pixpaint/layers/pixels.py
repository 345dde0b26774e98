"""Bytes outside models, [-1, 1] inside: the one place where the two are converted, and colours to grey.

A model of fewer than 256 `levels` knows that many bytes, evenly spaced from 0 to 255: with two a pixel is one bit.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Bytes = NDArray[np.uint8]


def bytes_to_units(pixels: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """uint8 of any shape to [-1, 1]: (byte - 127.5) / 127.5."""
    return (pixels.to(dtype) - 127.5) / 127.5


def units_to_bytes(x: Tensor, levels: int = 256) -> Tensor:
    """The nearest byte of each value, of those the levels are; values outside [-1, 1] take the nearer end. uint8, same
    shape."""
    half = (levels - 1) / 2
    return torch.floor(x * half + (half + 0.5)).clamp(0, levels - 1).to(torch.uint8) * (255 // (levels - 1))


def grey(pixels: Bytes) -> Bytes:
    """Of RGB pixels uint8 (..., 3) the luma of Rec. 601, rounded: (..., 1)."""
    red, green, blue = (pixels[..., c].astype(np.uint32) for c in range(3))
    return ((299 * red + 587 * green + 114 * blue + 500) // 1000).astype(np.uint8)[..., None]
