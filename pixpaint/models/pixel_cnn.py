"""PixelCNN (van den Oord, Kalchbrenner, Kavukcuoglu: arXiv 1601.06759, sections 3.3 to 3.5, table 1).

A 7x7 convolution with mask A, residual blocks with mask B (figure 5: from 2h features ReLU, 1x1 to h, ReLU, 3x3, ReLU,
1x1 to 2h), two layers of ReLU and 1x1 with mask B, and the logits: 256 a channel, or one of a bit. In colour, features
are parted into the groups of red, green and blue, and a pixel takes three passes. A hint's map is added to the 3x3
convolution of each block (section 3.6; pixpaint/models/hints.py).

The masked kernels leave a *blind spot*: of the rows above a pixel sees to the right only as far as its layers' kernels,
one above the other, reach (`sees` tells how far), however many layers there are.

Departures from the paper: dropout in the blocks, if asked for; any size of picture; training with Adam and an average
of the weights (the paper has RMSProp).
"""

from collections.abc import Iterable
from itertools import pairwise
from typing import cast

import torch.nn.functional as F
from torch import Tensor, nn

from pixpaint.layers.cache import Cache
from pixpaint.layers.masked import FirstConv, MaskedConv, MaskedConv2d
from pixpaint.layers.output import categorical
from pixpaint.models.config import PixelCNNConfig
from pixpaint.models.hints import telling
from pixpaint.models.residual_stack import ResidualLayer, ResidualStack

FIRST = 7
"""The side of the first layer's kernel."""


class Block(ResidualLayer):
    """x + 1x1(ReLU(3x3(ReLU(1x1(ReLU(x)))) + told)), masked, for x (N, 2h, ...) and h = `features`. What it is told,
    (N, h, H, W) of the whole image, `tell` makes of a map with so many channels `context` (0: it is told nothing)."""

    def __init__(self, features: int, groups: int, dropout: float, context: int = 0) -> None:
        super().__init__()
        self.dropout = dropout
        self.narrow = MaskedConv2d(2 * features, features, (1, 1), 0, groups=groups)
        self.conv = MaskedConv(features, features, (2, 3), 1, groups=groups)
        self.widen = MaskedConv2d(features, 2 * features, (1, 1), 0, groups=groups)
        self.tell = telling(context, features) if context else None

    def forward(self, x: Tensor, cache: Cache, told: Tensor | None = None) -> Tensor:
        hidden = self.conv(F.relu(self.narrow(F.relu(x))), cache)
        if told is not None:
            hidden = hidden + cache.crop(told, 1)
        out: Tensor = x + self.widen(F.dropout(F.relu(hidden), self.dropout, self.training))
        return out


class PixelCNN(ResidualStack):
    """The model."""

    config: PixelCNNConfig

    def __init__(self, config: PixelCNNConfig) -> None:
        super().__init__()
        self.config = config
        self.output = categorical(config.channels, config.levels)
        h, groups = config.features, config.channels
        self.first = FirstConv(config.channels, 2 * h, FIRST)
        context = self.listen(config)
        self.blocks = nn.ModuleList(Block(h, groups, config.dropout, context) for _ in range(config.blocks))
        widths = (2 * h, config.head, config.head)
        self.last = nn.ModuleList(
            MaskedConv2d(inputs, outputs, (1, 1), 0, groups=groups) for inputs, outputs in pairwise(widths)
        )
        self.head = MaskedConv2d(config.head, self.output.parameters, (1, 1), 0, groups=groups)

    def residuals(self) -> Iterable[Block]:
        """Its blocks."""
        return cast(Iterable[Block], self.blocks)

    def sees(self, above: int, right: int) -> bool | None:
        """All within reach but the blind spot: a row up in the first layer is up to 3 columns to the right, one up in
        each block a column more."""
        half, blocks = FIRST // 2, self.config.blocks
        reach = half + blocks
        farthest = -1 if above == 0 else half + min(above - 1, blocks)
        return above <= reach and -reach <= right <= farthest

    def numbers_kept(self) -> tuple[float, float]:
        """A plane of each 3x3 layer, and one of what it is told, those of the first; the prefill holds a few more while
        it runs."""
        h, config = self.config.features, self.config
        told = config.blocks * h + 8 * config.context if config.hinted else 0
        passing = 12 * h + 2 * (config.head + self.output.parameters) + 16 * config.channels
        return config.blocks * h + told + passing, 0
