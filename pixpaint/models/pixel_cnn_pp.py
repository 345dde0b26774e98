"""PixelCNN++ (Salimans, Karpathy, Chen, Kingma: arXiv 1701.05517), with one definition for training and sampling.

Two stacks of gated blocks form a U-Net over scales 1, 1/2, 1/4 (section 2.3, 2.4): the *vertical* stack sees the
rows above, the *horizontal* one the pixels to the left too and reads the vertical one. `rows` runs the first over
a chunk of full rows, `pixels` the second over any chunk and gives the output parameters; whole images in
training, row by row and pixel by pixel in sampling: see pixpaint/layers/cache.py.

Departures from the paper: every gated block may be given a map before its gate (design: an encoder's view of the known
pixels, a class, an orientation; without an encoder a hint's, see pixpaint/models/hints.py), which starts at zero; with
an encoder, where there is a hint everywhere, pixels are read and painted as what they differ from it by; a component's
mean may lean on a smooth continuation of the known pixels; grey and one-bit pictures; any image size.
"""

from collections.abc import Iterable
from functools import cached_property
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pixpaint.layers.blocks import GatedBlock
from pixpaint.layers.cache import Cache, Halo
from pixpaint.layers.conv import (
    CausalUpsample,
    Conv2d,
    ShiftedConv,
    down,
    down_right,
    down_right_stride,
    down_stride,
)
from pixpaint.layers.output import Bernoulli, DiscretizedLogisticMixture
from pixpaint.models.base import Condition, Model
from pixpaint.models.config import PixelCNNPPConfig
from pixpaint.models.encoder import Base, Context, Encoder
from pixpaint.models.hints import HintMap

SCALES = 3
COARSEST: int = 2 ** (SCALES - 1)

Blocks = Iterable[GatedBlock]


class Stack(nn.Module):
    """One of the two stacks, over all scales: q blocks going in at each, q (at the coarsest) or q + 1 coming out.

    On the way in the horizontal blocks read the vertical block beside them; on the way out a block reads the one of the
    same size on the way in (its skip), horizontal ones the vertical block beside them too.
    """

    def __init__(self, config: PixelCNNPPConfig, contexts: tuple[int, ...], *, vertical: bool) -> None:
        super().__init__()
        F_, q = config.features, config.blocks
        self.vertical = vertical
        make = down if vertical else down_right
        shrink = down_stride if vertical else down_right_stride

        def blocks(count: int, level: int, aux: int) -> nn.ModuleList:
            return nn.ModuleList(
                GatedBlock(F_, make, scale=2**level, aux=aux, context=contexts[level], dropout=config.dropout)
                for _ in range(count)
            )

        levels = range(SCALES)
        self.inward = nn.ModuleList(blocks(q, level, 0 if vertical else F_) for level in levels)
        self.outward = nn.ModuleList(
            blocks(q + (level < SCALES - 1), level, F_ if vertical else 2 * F_) for level in levels
        )
        self.shrink = nn.ModuleList(shrink(F_, F_, 2**level) for level in levels[:-1])
        self.enlarge = nn.ModuleList(
            CausalUpsample(F_, F_, (2, 3) if vertical else (2, 2), scale=2**level) for level in levels[:-1]
        )

    def forward(self, x: Tensor, cache: Cache, condition: Condition, level: int = 0) -> Tensor:
        """Features (N, F, h, w) of the chunk at 1/2**level to features of the same shape."""
        scale = 2**level
        skips = [x]
        for i, block in enumerate(cast(Blocks, self.inward[level])):
            aux: tuple[Tensor, ...] = () if self.vertical else (cache.published((level, "in", i), scale),)
            x = block(x, cache, aux, condition.get(block))
            if self.vertical:
                cache.publish((level, "in", i), x, scale)
            skips.append(x)
        if level < SCALES - 1:
            coarse = self.shrink[level](x, cache)
            if coarse is not None:
                coarse = self(coarse, cache, condition, level + 1)
            x = self.enlarge[level](coarse, cache)
        else:
            skips.pop()  # the last block in is the first one out's own input
        for i, block in enumerate(cast(Blocks, self.outward[level])):
            skip = skips.pop()
            aux = (skip,) if self.vertical else (cache.published((level, "out", i), scale), skip)
            x = block(x, cache, aux, condition.get(block))
            if self.vertical:
                cache.publish((level, "out", i), x, scale)
        return x


class PixelCNNPP(Model):
    """The model."""

    config: PixelCNNPPConfig

    def __init__(self, config: PixelCNNPPConfig) -> None:
        super().__init__()
        self.config = config
        self.output = (
            Bernoulli()
            if config.levels == 2
            else DiscretizedLogisticMixture(config.channels, config.components, config.levels)
        )
        inputs, F_ = config.channels + 1, config.features
        self.encoder = Encoder(config.channels, config.encoder) if config.encoder else None
        widths = config.encoder.widths[:SCALES] if config.encoder else (config.context,) * SCALES
        conditioned = bool(config.encoder or config.hinted or config.classes or config.oriented)
        alone = config.hinted and config.encoder is None
        self.hints = HintMap(config.channels, config.context, SCALES) if alone else None
        contexts = widths if conditioned else (0,) * SCALES
        # Where they are all that is told they can't begin at zero, as what reads them does: neither would learn.
        first = 0.0 if config.encoder or config.hinted else 1.0
        self.labels = _embeddings(config.classes + 1, widths if config.classes else (), first)
        self.orientations = _embeddings(8, widths if config.oriented else (), first)
        self.first_vertical = ShiftedConv(inputs, F_, (2, 3), Halo(1, 1, 1))
        self.first_above = ShiftedConv(inputs, F_, (1, 3), Halo(0, 1, 1))
        self.first_left = ShiftedConv(inputs, F_, (2, 1), Halo(1, 0, 0))
        self.vertical = Stack(config, contexts, vertical=True)
        self.horizontal = Stack(config, contexts, vertical=False)
        # How far each component trusts the smooth continuation comes after its parameters.
        heads = self.output.parameters + (config.components if config.smoothed else 0)
        self.head = Conv2d(F_, heads, 1)
        self.preview = nn.Conv2d(widths[0], heads, 1) if self.encoder else None

    @property
    def coarsest(self) -> int:
        return COARSEST

    def sees(self, above: int, right: int) -> bool | None:
        """Every pixel sees all earlier ones near it through the blocks at full resolution alone. Farther ones it sees
        through the coarser scales, whose cells hold what was known when their first pixel was due."""
        reach = 4 * self.config.blocks + 2
        return True if above <= reach and abs(right) <= reach else None

    def numbers_kept(self) -> tuple[float, float]:
        """Each block keeps two inputs of 2F features, its output and its condition, and the prefill holds a few more of
        each while it runs."""
        features, told = self.config.features, self.numbers_told()
        blocks = self.gated_blocks
        own = sum((4 + 2) * features / block.scale**2 for block in blocks) + 16 * features
        conditions = sum(2 * features / block.scale**2 for block in blocks if block.project is not None)
        if self.config.hinted:  # each candidate has hints of its own
            return own + conditions + told, 0.0
        return own, conditions + told

    def numbers_told(self) -> float:
        """How many numbers it takes for each pixel of a window to be told of it: the maps, and what is held while they
        are made."""
        channels = {
            block.scale: block.project.in_channels for block in self.gated_blocks if block.project is not None
        }
        told = sum(count / scale**2 for scale, count in channels.items())
        if self.config.encoder is not None:
            told += 12 * self.config.encoder.widths[0]
        if self.hints is not None:
            told += 12 * self.config.context
        return told

    @property
    def decoder_weights(self) -> int:
        return sum(p.numel() for stack in (self.vertical, self.horizontal) for p in stack.parameters())

    @cached_property
    def gated_blocks(self) -> tuple[GatedBlock, ...]:
        """All gated blocks of both stacks."""
        return tuple(module for module in self.modules() if isinstance(module, GatedBlock))

    def maps(
        self,
        context: Context | None,
        label: Tensor | None = None,
        orientation: Tensor | None = None,
        like: Tensor | None = None,
    ) -> list[Tensor]:
        """The context at each scale, (N, widths[s], H/2^s, W/2^s) or, without an encoder and hints, (N, widths[s], 1,
        1)."""
        maps: list[Tensor] = []
        if self.encoder is not None:
            assert context is not None
            maps = self.encoder(context)
        elif self.hints is not None:
            assert context is not None
            maps = self.hints(context)
        for table, index in ((self.labels, label), (self.orientations, orientation)):
            if len(table):
                assert index is not None
                added = [embedding(index)[:, :, None, None] for embedding in table]
                maps = [m + a for m, a in zip(maps, added, strict=True)] if maps else added
        return maps

    def condition(self, maps: list[Tensor], base: Tensor | None = None) -> Condition:
        """What each block's gate is given, and what the means of the head are counted from."""
        told: Condition = {}
        if maps:
            told = {block: block.condition(maps[block.scale.bit_length() - 1]) for block in self.gated_blocks}
        if base is not None:
            told[self.head] = base
        return told

    def rows(self, above: Tensor, cache: Cache, condition: Condition) -> None:
        """Runs the vertical stack."""
        self.vertical(self.first_vertical(above, cache), cache, condition)
        cache.publish("above", self.first_above(above, cache), 1)
        if self.head in condition:
            pairs = above[:, :-1, :, 0::2] + above[:, :-1, :, 1::2]
            cache.publish(
                "pair", pairs.repeat_interleave(2, 3), 1
            )  # of the first two pixels of a cell of 2 x 2

    def pixels(self, left: Tensor, cache: Cache, condition: Condition, here: Tensor | None = None) -> Tensor:
        """Runs the horizontal stack. The channels of a pixel are drawn together, so that `here` is not read."""
        x = cache.published("above", 1) + self.first_left(left, cache)
        params: Tensor = self.head(F.elu(self.horizontal(x, cache, condition)))
        base = condition.get(self.head)
        if base is None:
            return params[:, : self.output.parameters]
        return self._counted_from(cache.crop(base, 1), params, cache.published("pair", 1), left[:, :-1])

    def guess(self, maps: list[Tensor], base: Tensor | None = None) -> Tensor | None:
        if self.preview is None:
            return None
        params: Tensor = self.preview(F.silu(maps[0]))
        return params[:, : self.output.parameters] if base is None else self._counted_from(base, params)

    def _counted_from(
        self, base: Tensor, params: Tensor, pair: Tensor | None = None, left: Tensor | None = None
    ) -> Tensor:
        """Output parameters whose means are counted from base (N, 2C + 1, h, w), see `Base`: what is learnt is the
        difference. `pair` (N, C, h, w) is what the first two pixels of each pixel's cell sum to, `left` the pixel to
        the left: with them the third pixel is counted from where its cell's mean would be kept, and the last one is
        known but for rounding."""
        assert isinstance(self.output, DiscretizedLogisticMixture)
        origin, share, smooth = Base.of(base)
        count = self.output.parameters
        params, trust = params[:, :count], torch.tanh(params[:, count:])
        if pair is not None and left is not None:
            closes = share == 1
            origin = torch.where(share > 0, (origin - share * (pair + closes * left)).clamp(-1, 1), origin)
            params = torch.where(closes, self.output.settled(params), params)
            trust = trust.masked_fill(closes, 0.0)
        shift = origin[:, :, None]
        if self.config.smoothed:
            shift = shift + trust[:, None] * smooth[:, :, None]
        return self.output.shifted(params, shift)


def _embeddings(count: int, widths: tuple[int, ...], deviation: float) -> nn.ModuleList:
    """One table a scale, its numbers normal of this deviation."""
    tables = nn.ModuleList(nn.Embedding(count, width) for width in widths)
    for table in tables:
        nn.init.normal_(table.weight, std=deviation)  # type: ignore[arg-type]
    return tables
