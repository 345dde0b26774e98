"""Causal convolutions of PixelCNN++ (arXiv 1701.05517, section 2.4): each output sees nothing below or after it.

Causality comes from where the kernel lies, not from masked weights: a `down` convolution looks at the rows above and at
both sides, a `down_right` one above and to the left. Both include the current cell; `shifted` ones exclude it.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from pixpaint.layers.cache import Cache, Halo


class Conv2d(nn.Conv2d):
    """A convolution without padding that computes a single cell, a window as large as its kernel, as the product with a
    matrix that it is: one to five times as fast as a convolution of so little."""

    def forward(self, window: Tensor) -> Tensor:
        return self.convolve(window, self.weight)

    def convolve(self, window: Tensor, weight: Tensor) -> Tensor:
        """The convolution with this weight in place of its own."""
        if window.shape[2:] != self.kernel_size:
            out: Tensor = self._conv_forward(window, weight, self.bias)
            return out
        return F.linear(window.flatten(1), weight.flatten(1), self.bias)[:, :, None, None]


class CausalConv(nn.Module):
    """A convolution over a chunk and its halo, at 1/`scale` resolution, optionally halving it again (`stride` 2).

    `forward` maps (N, in, h, w) to (N, out, h/stride, w/stride), or to None where the chunk owns no cell of the output.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: tuple[int, int],
        halo: Halo,
        *,
        scale: int = 1,
        stride: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.conv = Conv2d(inputs, outputs, kernel, stride, bias=bias)
        self.halo, self.scale, self.stride = halo, scale, stride

    def forward(self, x: Tensor, cache: Cache) -> Tensor | None:
        # Recorded even where no output is due: a strided layer's next cell reads the ones it skipped.
        window = cache.surround(self, x, self.halo, self.scale)
        if not cache.owns_cell(self.scale * self.stride):
            return None
        out: Tensor = self.conv(window)
        return out


class SameConv(CausalConv):
    """A causal convolution with stride 1: every cell it is given is due."""

    def forward(self, x: Tensor, cache: Cache) -> Tensor:
        out: Tensor = self.conv(cache.surround(self, x, self.halo, self.scale))
        return out


class ShiftedConv(CausalConv):
    """A first layer: a convolution whose result is shifted down or right, so that the current pixel is not seen.

    It is given the *shifted image* (N, C + 1, h, w), whose last channel is one wherever a pixel of the image was
    shifted to and zero in the cells shifted in. The result is multiplied by that channel: the shifted-in cells
    come out exactly zero, without bias, as they do when the result is shifted instead.
    """

    def forward(self, x: Tensor, cache: Cache) -> Tensor:
        out: Tensor = self.conv(cache.surround(self, x, self.halo, self.scale))
        return out * x[:, -1:]


class CausalUpsample(nn.Module):
    """A transposed convolution from 1/(2 `scale`) to 1/`scale`: each cell makes a 2x2 block, a `down` one also
    reads the cell to its right (kernel 2x3), which belongs to the rows above and so is known.

    `forward` takes the coarse cells (N, in, h, w), or None where none was due, and gives the chunk's part of the
    blocks.
    """

    def __init__(self, inputs: int, outputs: int, kernel: tuple[int, int], *, scale: int) -> None:
        super().__init__()
        side = (kernel[1] - 1) // 2
        self.conv = nn.ConvTranspose2d(
            inputs, outputs, kernel, 2, padding=(0, side), output_padding=(0, side)
        )
        self.scale = scale

    def forward(self, x: Tensor | None, cache: Cache) -> Tensor:
        if x is None:
            return cache.recall(self, self.scale)
        return cache.spread(self, self.conv(x), self.scale)


def down(inputs: int, outputs: int, scale: int) -> SameConv:
    """Convolution of the vertical stack: 2x3, the row above and the current one, both sides."""
    return SameConv(inputs, outputs, (2, 3), Halo(1, 1, 1), scale=scale)


def down_right(inputs: int, outputs: int, scale: int) -> SameConv:
    """Convolution of the horizontal stack: 2x2, above and to the left."""
    return SameConv(inputs, outputs, (2, 2), Halo(1, 1, 0), scale=scale)


def down_stride(inputs: int, outputs: int, scale: int) -> CausalConv:
    """Halves the vertical stack's resolution from 1/scale."""
    return CausalConv(inputs, outputs, (2, 3), Halo(1, 1, 1), scale=scale, stride=2)


def down_right_stride(inputs: int, outputs: int, scale: int) -> CausalConv:
    """Halves the horizontal stack's resolution from 1/scale."""
    return CausalConv(inputs, outputs, (2, 2), Halo(1, 1, 0), scale=scale, stride=2)
