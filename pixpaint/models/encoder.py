"""The encoder: an unmasked U-Net that sees everything known around the hole, once a fill.

It has no part in the papers: PixelCNN++ conditions on classes only. Normalised, because a plain stack of convolutions
taught the decoder nothing in 800 steps; over the channels of each cell alone, because a map must not depend on how much
else is in the window. (Group norm, which averages over the window, learnt no faster, and what its maps were worth was
gone in a window much larger than the training crop.)
"""

from itertools import pairwise
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pixpaint.models.config import EncoderConfig


class Context(NamedTuple):
    """What a model is told of a picture, full size, x in [-1, 1], masks 0 or 1.

    known (N, C, H, W): the picture, zero in the hole; hole (N, 1, H, W): 1 = to paint; hints (N, C, H, W): what is
    suggested there, zero where nothing is; hinted (N, 1, H, W): 1 = there is a hint; painted (N, 1, H, W): 1 = what the
    decoder reads there was painted, and may be off, see `as_painted`.
    """

    known: Tensor
    hole: Tensor
    hints: Tensor
    hinted: Tensor
    painted: Tensor

    @staticmethod
    def of(x: Tensor, hole: Tensor, hints: Tensor | None = None, hinted: Tensor | None = None) -> "Context":
        """The context of pictures x (N, C, H, W) with a hole (N, 1, H, W); what x holds inside the hole is hidden."""
        if hints is None or hinted is None:
            hints, hinted = torch.zeros_like(x), torch.zeros_like(hole)
        return Context(x * (1 - hole), hole, hints * hinted, hinted, torch.zeros_like(hole))

    def as_painted(self) -> "Context":
        """The context of a fill: what its decoder will read of the hole are its own pixels, not those of a picture.
        Where nothing is known, and so nothing to be off from, it stays as it is."""
        something = 1 - self.hole.amin((2, 3), keepdim=True)
        return self._replace(painted=self.hole * something)

    def base(self, multiple: int, *, smoothed: bool) -> Tensor:
        """What pixels are counted from, (N, 2C + 1, H', W'), see `Base`, of the context `padded` to whole cells; zero
        for the smooth continuation but with `smoothed`."""
        height, width = (side // 2 * 2 for side in self.hole.shape[2:])
        pairs = self.hole[:, :, 0:height:2] * self.hole[:, :, 1:height:2]
        cells = pairs[..., 0:width:2] * pairs[..., 1:width:2]
        share = torch.zeros_like(self.hole)
        share[:, :, 1:height:2, 0:width:2] = cells / 2
        share[:, :, 1:height:2, 1:width:2] = cells
        everywhere = self.hinted.amin((2, 3), keepdim=True)
        padded = self.padded(multiple)
        origin = padded.hints * everywhere
        shown = 1 - padded.hole
        smooth = continued(padded.known - origin * shown, shown) if smoothed else torch.zeros_like(origin)
        share = F.pad(
            share * everywhere, (0, -self.hole.shape[3] % multiple, 0, -self.hole.shape[2] % multiple)
        )
        return torch.cat([origin, share, smooth], 1)

    def filled(self, base: Tensor) -> "Context":
        """With what `base` leads to expect in the hole, in place of zeros."""
        origin, smooth = Base.of(base).origin, Base.of(base).smooth
        return self._replace(known=self.known + self.hole * (origin + smooth))

    def blanked(self) -> "Context":
        """Everything hidden: what the model would be told if it drew from nothing."""
        return Context(*(torch.full_like(plane, float(i == 1)) for i, plane in enumerate(self)))

    def padded(self, multiple: int) -> "Context":
        """Extended below and to the right by hidden cells, up to a height and a width that are multiples of
        `multiple`."""
        height, width = self.hole.shape[2:]
        size = (0, -width % multiple, 0, -height % multiple)
        return Context(*(F.pad(plane, size, value=float(i == 1)) for i, plane in enumerate(self)))


class Base(NamedTuple):
    """What pixels are counted from.

    origin (N, C, H, W): the hints of those pictures that have them everywhere, zero for others. A hint's mean over a
    cell of 2 x 2 is the picture's, so that pixels can be owed what those before them in the cell were above it; share
    (N, 1, H, W) is the part of it they are counted down by: in hidden cells 1/2 for the third pixel, 1 for the last,
    which closes it; else 0. smooth (N, C, H, W): how the known pixels, less the origin, go on into the hole, see
    `continued`; a component's mean leans on it as far as the network trusts it.
    """

    origin: Tensor
    share: Tensor
    smooth: Tensor

    @staticmethod
    def of(base: Tensor) -> "Base":
        """The parts of `Context.base` (N, 2C + 1, H, W), or of a chunk of it."""
        channels = base.shape[1] // 2
        return Base(*torch.split(base, [channels, 1, channels], 1))


def continued(x: Tensor, known: Tensor, sweeps: int = 8) -> Tensor:
    """Pictures x (N, C, H, W) where `known` (N, 1, H, W) is 1, and their smooth continuation where it is 0; zero where
    nothing is known. Nearly the harmonic one: each pixel is the mean of its four neighbours. It is found coarse to
    fine, from the picture at half size, by so many sweeps of Jacobi's method at each size."""
    height, width = x.shape[2:]
    x = x * known
    if height == width == 1:
        return x
    even = (0, width % 2, 0, height % 2)
    weight = F.avg_pool2d(F.pad(known, even), 2)
    half = F.avg_pool2d(F.pad(x, even), 2) / weight.clamp(min=0.25)
    half = continued(half, (weight > 0).to(x), sweeps)
    enlarged = F.interpolate(half, scale_factor=2.0, mode="bilinear")[..., :height, :width]
    x = torch.where(known > 0, x, enlarged)
    for _ in range(sweeps):
        around = F.pad(x, (1, 1, 1, 1), mode="replicate")
        mean = around[..., :-2, 1:-1] + around[..., 2:, 1:-1] + around[..., 1:-1, :-2] + around[..., 1:-1, 2:]
        x = torch.where(known > 0, x, mean / 4)
    return x


class CellNorm(nn.LayerNorm):
    """Layer norm (arXiv 1607.06450) over the channels of each cell: (N, C, H, W) to the same."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


class ResidualBlock(nn.Module):
    """x + conv(SiLU(norm(conv(SiLU(norm(x)))))), 3x3, (N, C, H, W) to the same."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm_in = CellNorm(width)
        self.conv_in = nn.Conv2d(width, width, 3, padding=1)
        self.norm_out = CellNorm(width)
        self.conv_out = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.conv_in(F.silu(self.norm_in(x)))
        out: Tensor = x + self.conv_out(F.silu(self.norm_out(hidden)))
        return out


class Encoder(nn.Module):
    """Maps a Context of any size to maps at scales 1, 1/2 and 1/4: (N, widths[s], ceil(H / 2^s), ceil(W / 2^s))."""

    def __init__(self, channels: int, config: EncoderConfig) -> None:
        super().__init__()
        widths = config.widths

        def stage(width: int) -> nn.Sequential:
            return nn.Sequential(*(ResidualBlock(width) for _ in range(config.blocks)))

        self.coarsest = 2 ** (len(widths) - 1)
        self.planes = 2 * channels + 2 + config.painted
        self.stem = nn.Conv2d(self.planes, widths[0], 3, padding=1)
        self.inward = nn.ModuleList(stage(w) for w in widths)
        self.shrink = nn.ModuleList(nn.Conv2d(fine, coarse, 2, 2) for fine, coarse in pairwise(widths))
        self.outward = nn.ModuleList(stage(w) for w in widths[:-1])
        self.widen = nn.ModuleList(nn.Conv2d(coarse, fine, 1) for fine, coarse in pairwise(widths))

    def forward(self, context: Context) -> list[Tensor]:
        height, width = context.hole.shape[2:]
        x = self.stem(torch.cat(context.padded(self.coarsest), 1)[:, : self.planes])
        seen = []
        for i, stage in enumerate(self.inward):
            x = stage(x)
            seen.append(x)
            if i < len(self.shrink):
                x = self.shrink[i](x)
        maps = [seen.pop()]
        for i in reversed(range(len(self.widen))):
            enlarged = F.interpolate(self.widen[i](maps[-1]), scale_factor=2.0, mode="nearest")
            maps.append(self.outward[i](seen.pop() + enlarged))
        finest_first = maps[::-1][:3]
        return [m[:, :, : -(-height // 2**s), : -(-width // 2**s)] for s, m in enumerate(finest_first)]
