"""Bytes outside models, [-1, 1] inside: the one place where the two are converted."""

import torch
from torch import Tensor


def bytes_to_units(pixels: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """uint8 of any shape to [-1, 1]: (byte - 127.5) / 127.5."""
    return (pixels.to(dtype) - 127.5) / 127.5


def units_to_bytes(x: Tensor) -> Tensor:
    """The nearest byte of each value; those outside [-1, 1] take the nearer end. uint8, same shape."""
    return torch.floor(x * 127.5 + 128.0).clamp(0, 255).to(torch.uint8)
