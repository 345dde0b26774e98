"""Masked convolutions of PixelCNN (arXiv 1601.06759, section 3.4; arXiv 1606.05328, section 2.2).

A mask is needed where a kernel covers the current pixel: what follows it in the row is cut off, and in colour the
channels take turns, red, green, blue. Features are parted into as many groups; of the current pixel a group is given
those before its own (type A, in the first layer, where they are the picture's channels) and its own too (type B). Rows
below are never covered, and of earlier pixels every group sees everything.
"""

from typing import Literal

import torch
from torch import Tensor, nn

from pixpaint.layers.cache import Cache, Halo
from pixpaint.layers.conv import Conv2d, SameConv

Kind = Literal["A", "B"]


def group_of(count: int, groups: int, halves: int = 1) -> Tensor:
    """Which group each of `count` channels belongs to, int64 (count,): as evenly as may be, in order; in each of the
    halves alike."""
    part = count // halves
    return (torch.arange(part) * groups // part).repeat(halves)


class MaskedConv2d(Conv2d):
    """A convolution whose kernel's last row is the current one, with the current pixel at column `centre`.

    (N, in, h, w) with its halo to (N, out, h', w'). Weights at later pixels, and at the current one those of groups
    that an output must not see, count as zero, whatever they are. With `halves` 2 the first half of the outputs is
    parted into groups, and the second alike: a gate's values and openings.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: tuple[int, int],
        centre: int,
        *,
        groups: int,
        kind: Kind = "B",
        halves: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__(inputs, outputs, kernel, bias=bias)
        self.centre, self.colours, self.kind, self.halves = centre, groups, kind, halves
        self.mask: Tensor | None
        self.register_buffer("mask", self._mask(), persistent=False)

    def _mask(self) -> Tensor | None:
        """(out, in, rows, columns), 1 where a weight counts; None where all do."""
        if self.colours == 1 and self.kind == "B" and self.centre == self.kernel_size[1] - 1:
            return None
        mask = torch.ones_like(self.weight.detach())
        mask[:, :, -1, self.centre + 1 :] = 0
        to = group_of(self.out_channels, self.colours, self.halves)[:, None]
        of = group_of(self.in_channels, self.colours)
        mask[:, :, -1, self.centre] = (to > of if self.kind == "A" else to >= of).to(mask)
        return mask

    def fold(self) -> None:
        """Makes the weights zero that count as such: they need no mask then, as long as they are not trained on."""
        mask = self._mask()
        if mask is not None:
            self.weight = nn.Parameter(self.weight.detach() * mask)
        self.mask = None

    def forward(self, window: Tensor) -> Tensor:
        return self.convolve(window, self.weight if self.mask is None else self.weight * self.mask)


class MaskedConv(SameConv):
    """A masked convolution over a chunk and its halo: the `kernel`'s rows above, the current one to its `centre`."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: tuple[int, int],
        centre: int,
        *,
        groups: int,
        halves: int = 1,
    ) -> None:
        rows, columns = kernel
        super().__init__(inputs, outputs, kernel, Halo(rows - 1, centre, columns - 1 - centre))
        self.conv = MaskedConv2d(inputs, outputs, kernel, centre, groups=groups, halves=halves)


class FirstConv(nn.Module):
    """The first layer, n x n with mask A, in the parts that the three views of the picture hold.

    `forward` is of the current row: `left` (N, C, h, w), of which a cell holds the pixel to the left, and `here`, of
    which it holds the pixel itself: only read in colour. `above_row` is of the rows above, for full rows. Together they
    are the masked convolution.
    """

    def __init__(self, channels: int, outputs: int, size: int, *, halves: int = 1) -> None:
        super().__init__()
        half = size // 2
        self.above = SameConv(channels, outputs, (half, size), Halo(half - 1, half, half))
        self.left = SameConv(channels, outputs, (1, half), Halo(0, half - 1, 0), bias=False)
        self.here = (
            MaskedConv2d(channels, outputs, (1, 1), 0, groups=channels, kind="A", halves=halves, bias=False)
            if channels > 1
            else None
        )

    def forward(self, left: Tensor, cache: Cache, here: Tensor | None) -> Tensor:
        x: Tensor = self.left(left, cache)
        if self.here is None:
            return x
        assert here is not None
        out: Tensor = x + self.here(here)
        return out
