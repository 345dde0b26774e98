"""What every model of the family is to the rest of the program: training, evaluation, sampling know this and no more.

A model gives the output parameters of each pixel from the pixels before it in raster order. It is run in two parts,
each on a chunk of the picture and with a cache of what lies around it (pixpaint/layers/cache.py): `rows` on full rows,
all that depends on nothing but the rows above; `pixels` on any chunk whose rows have been run, all the rest. What they
are given are chunks of three views of the framed picture (see `views`), in which the current pixel is only ever seen by
models whose channels take turns: these need `substeps` passes a pixel, and a pass is given what those before have
drawn.
"""

from abc import ABC, abstractmethod
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pixpaint.layers.cache import Cache, NoCache
from pixpaint.layers.output import Output
from pixpaint.models.config import ModelConfig
from pixpaint.models.encoder import Base, Context

Condition = dict[nn.Module, Tensor]
"""For each layer that is told something the map it is given, of the whole image, (N, channels, H/scale, W/scale), or
one that holds everywhere, (N, channels, 1, 1)."""


class Prediction(NamedTuple):
    """Output parameters of the whole image (N, P, H, W), and the encoder's own guess at the same, if there is one."""

    params: Tensor
    preview: Tensor | None


class Views(NamedTuple):
    """Three views (N, C + 1, H, W) of a framed picture, its last channel one where there is a picture: cell (r, c) of
    `above` holds pixel (r - 1, c), of `left` pixel (r, c - 1), of `here` pixel (r, c)."""

    above: Tensor
    left: Tensor
    here: Tensor


class Model(nn.Module, ABC):
    """A model of the family. `output` is its pixels' distribution, `head` its last layer, whose weight tells where the
    model lies and in what numbers; `config.classes` is also the label that means "no class"."""

    config: ModelConfig
    output: Output
    head: nn.Conv2d

    @property
    def coarsest(self) -> int:
        """Pictures are a multiple of this high and wide, and chunks wider than a pixel begin at one: 1, or the side of
        the coarsest cells of a model that works at several scales."""
        return 1

    @property
    def substeps(self) -> int:
        """How many passes a pixel takes: 1 where its channels are drawn together, else one a channel."""
        return self.output.substeps

    @abstractmethod
    def sees(self, above: int, right: int) -> bool | None:
        """Whether a pixel sees the earlier one so many rows above and columns to the right of it (to the left where
        negative): the declared receptive field. None where nothing is declared."""

    @abstractmethod
    def numbers_kept(self) -> tuple[float, float]:
        """How many numbers a sampler keeps for each pixel, at most: of each candidate, and once for all of them."""

    @property
    def decoder_weights(self) -> int:
        """The model's size to a sampler: how many weights a pixel passes through."""
        return sum(p.numel() for p in self.parameters())

    def told(self, context: Context) -> tuple[Context, Tensor | None]:
        """A context as the model is given it, in whole coarsest cells, and what pixels are counted from, if they are
        counted from anything: see `Base`."""
        config, padded = self.config, context.padded(self.coarsest)
        if not config.counted:
            return padded, None
        base = context.base(self.coarsest, smoothed=config.smoothed)
        return (padded.filled(base) if config.smoothed else padded), base

    def maps(
        self,
        context: Context | None,
        label: Tensor | None = None,
        orientation: Tensor | None = None,
        like: Tensor | None = None,
    ) -> list[Tensor]:
        """What the model is told, at each scale it is told anything at: (N, width, H/2^s, W/2^s), or (N, width, 1, 1).

        `label` (N,) counts classes from 0, `config.classes` means none; `orientation` (N,) is 0 to 7, 0 = upright.
        `like` (N, C, h, w), of any size, are pictures to draw others like; one of zeros, and None, says nothing.
        """
        del context, label, orientation, like
        return []

    def condition(self, maps: list[Tensor], base: Tensor | None = None) -> Condition:
        """The maps as each layer is given them, and what the pixels are counted from, see `Base`. Independent of the
        pixels painted: once a fill."""
        del maps, base
        return {}

    def guess(self, maps: list[Tensor], base: Tensor | None = None) -> Tensor | None:
        """The encoder's own guess at the picture, if there is one, from its maps and what the pixels are counted from:
        output parameters (N, P, H, W)."""
        del maps, base
        return None

    @abstractmethod
    def rows(self, above: Tensor, cache: Cache, condition: Condition) -> None:
        """Runs over a chunk of full rows what depends on the rows above alone; `above` is the chunk of that view."""

    @abstractmethod
    def pixels(self, left: Tensor, cache: Cache, condition: Condition, here: Tensor | None = None) -> Tensor:
        """Output parameters (N, P, h, w) of a chunk whose rows have been run; `left` and `here` are its chunks of these
        views. `here` is only read, and need only be given, where `substeps` is more than 1."""

    def forward(
        self,
        x: Tensor,
        context: Context | None = None,
        label: Tensor | None = None,
        orientation: Tensor | None = None,
        like: Tensor | None = None,
    ) -> Prediction:
        """All pixels of pictures x (N, C, H, W) in [-1, 1], any size, each given those before it, as x has them, and
        what else the model is told: see `maps`."""
        cell = self.coarsest
        rows, columns = x.shape[2:]
        height, width = (-(-side // cell) * cell for side in (rows, columns))
        context, base = (None, None) if context is None else self.told(context)
        maps = self.maps(context, label, orientation, like)
        preview = self.guess(maps, base)
        seen = x if base is None else x - Base.of(base).origin[..., :rows, :columns]
        params = self.decode(framed(seen, (height, width)), self.condition(maps, base))
        return Prediction(
            params[..., :rows, :columns], None if preview is None else preview[..., :rows, :columns]
        )

    def decode(self, frame: Tensor, condition: Condition) -> Tensor:
        """Output parameters (N, P, H, W) of a whole framed picture (N, C + 1, H + 1, W + 1), H and W multiples of
        `coarsest`."""
        cache = NoCache()
        above, left, here = views(frame)
        self.rows(above, cache, condition)
        return self.pixels(left, cache, condition, here)


def framed(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Pictures (N, C, H, W) with a channel of ones, a row of zeros above, a column of zeros to the left, and
    zeros below and to the right up to `size`: (N, C + 1, size[0] + 1, size[1] + 1)."""
    with_ones = torch.cat([x, torch.ones_like(x[:, :1])], 1)
    return F.pad(with_ones, (1, size[1] - x.shape[3], 1, size[0] - x.shape[2]))


def views(frame: Tensor) -> Views:
    """What a model is given chunks of; they share the frame's memory."""
    return Views(frame[:, :, :-1, 1:], frame[:, :, 1:, :-1], frame[:, :, 1:, 1:])
