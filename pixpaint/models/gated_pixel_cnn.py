"""Gated PixelCNN (van den Oord, Kalchbrenner, Vinyals, Espeholt, Graves, Kavukcuoglu: arXiv 1606.05328, section 2).

Two stacks of layers (figure 2). The *vertical* one sees the rows above, on both sides, with kernels n x n; the
*horizontal* one the current row to the left, with kernels 1 x n. Each layer makes 2p features, from which a gate,
tanh(A) * sigmoid(B), makes p; the vertical layer's, before its gate, are passed to the horizontal one by a 1x1
convolution, never back. The horizontal stack has residual connections behind a 1x1, the vertical one has none. So a
pixel sees everything within reach above it, without the blind spot of PixelCNN. In colour the horizontal stack's
features are parted into the groups of red, green and blue, and a pixel takes three passes.

A vector h, of a class or of what another picture is like, is added in every gate, by a matrix of its own to A and B. So
is a hint's map, which has as many numbers at each place (section 2.3; pixpaint/models/hints.py).

Departures from the paper: the vector of a class is an embedding, with an entry for "no class", before those matrices;
orientations are told in the same way, if asked for; the matrices start at zero; dropout before the last layers, if
asked for; the first layer's kernel is 7 x 7, as PixelCNN's. The vertical stack's kernels have only the rows that a mask
would leave.
"""

from collections.abc import Iterator
from functools import reduce

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pixpaint.layers.cache import Cache, Halo
from pixpaint.layers.conv import Conv2d, SameConv
from pixpaint.layers.masked import FirstConv, MaskedConv, MaskedConv2d
from pixpaint.layers.output import categorical
from pixpaint.models.base import Condition, Model
from pixpaint.models.config import GatedPixelCNNConfig
from pixpaint.models.encoder import Context
from pixpaint.models.hints import HintMap, all_told, telling
from pixpaint.models.likeness import Likeness

FIRST = 7
"""The side of the first layer's kernel."""


class GatedPixelCNN(Model):
    """The model."""

    config: GatedPixelCNNConfig

    def __init__(self, config: GatedPixelCNNConfig) -> None:
        super().__init__()
        self.config = config
        self.output = categorical(config.channels, config.levels)
        p, groups, half, h = config.features, config.channels, config.kernel // 2, config.context
        later = range(config.layers - 1)
        # The first layer's rows above are the vertical stack's, its current row is the horizontal stack's.
        self.first = FirstConv(config.channels, 2 * p, FIRST, halves=2)
        self.vertical = nn.ModuleList(
            SameConv(p, 2 * p, (half + 1, config.kernel), Halo(half, half, half)) for _ in later
        )
        self.horizontal = nn.ModuleList(
            MaskedConv(p, 2 * p, (1, half + 1), half, groups=groups, halves=2) for _ in later
        )
        layers = range(config.layers)
        self.down = nn.ModuleList(Conv2d(2 * p, 2 * p, 1) for _ in layers)
        self.out = nn.ModuleList(MaskedConv2d(p, p, (1, 1), 0, groups=groups) for _ in layers)
        self.last = MaskedConv2d(p, config.head, (1, 1), 0, groups=groups)
        self.head = MaskedConv2d(config.head, self.output.parameters, (1, 1), 0, groups=groups)

        self.label = nn.Embedding(config.classes + 1, h) if config.classes else None
        self.orientation = nn.Embedding(8, h) if config.oriented else None
        self.likeness = Likeness(config.channels, h) if config.likeness else None
        self.hints = HintMap(config.channels, h) if config.hinted else None
        told = any((self.label, self.orientation, self.likeness, self.hints))
        self.tell_vertical = nn.ModuleList(telling(h, 2 * p) for _ in later if told)
        self.tell_horizontal = nn.ModuleList(telling(h, 2 * p) for _ in layers if told)

    def sees(self, above: int, right: int) -> bool | None:
        """Everything within reach: no blind spot."""
        reach: int = FIRST // 2 + (self.config.layers - 1) * (self.config.kernel // 2)
        return above <= reach and abs(right) <= reach

    def numbers_kept(self) -> tuple[float, float]:
        """The planes of both stacks, what one passes to the other and what both are told of a hint; the prefill holds a
        few more while it runs."""
        p, config = self.config.features, self.config
        told = 4 * p * config.layers + 8 * config.context if config.hinted else 0
        passing = 12 * p + 2 * (config.head + self.output.parameters) + 16 * config.channels
        return 4 * p * config.layers + told + passing, 0

    def maps(
        self,
        context: Context | None,
        label: Tensor | None = None,
        orientation: Tensor | None = None,
        like: Tensor | None = None,
    ) -> list[Tensor]:
        """The vector h (N, h, 1, 1), or a map of it (N, h, H, W): the sum of what is told."""
        parts = all_told(self.hints, context, [(self.label, label), (self.orientation, orientation)])
        if self.likeness is not None:
            parts.append(self.likeness.nothing[None] if like is None else self.likeness(like))
        return [reduce(torch.add, parts)] if parts else []

    def condition(self, maps: list[Tensor], base: Tensor | None = None) -> Condition:
        """What each gate is given: (N, 2p, 1, 1) or (N, 2p, H, W)."""
        return {matrix: matrix(h) for h in maps for matrix in (*self.tell_vertical, *self.tell_horizontal)}

    def rows(self, above: Tensor, cache: Cache, condition: Condition) -> None:
        """Runs the vertical stack."""
        x: Tensor = self.first.above(above[:, :-1], cache)
        told = self._told(self.tell_vertical, cache, condition)
        for i, down in enumerate(self.down):
            cache.publish(i, down(x), 1)
            if i < len(self.vertical):
                x = self.vertical[i](_gated(x, next(told)), cache)

    def pixels(self, left: Tensor, cache: Cache, condition: Condition, here: Tensor | None = None) -> Tensor:
        """Runs the horizontal stack and the last layers."""
        told = self._told(self.tell_horizontal, cache, condition)
        x = self.first(left[:, :-1], cache, None if here is None else here[:, :-1])
        x = self.out[0](_gated(x + cache.published(0, 1), next(told)))
        for i, (layer, out) in enumerate(zip(self.horizontal, self.out[1:], strict=True), 1):
            x = x + out(_gated(layer(x, cache) + cache.published(i, 1), next(told)))
        x = self.last(F.dropout(F.relu(x), self.config.dropout, self.training))
        params: Tensor = self.head(F.relu(x))
        return params

    def _told(self, matrices: nn.ModuleList, cache: Cache, condition: Condition) -> Iterator[Tensor | None]:
        """What each gate of a stack is given of a chunk, in order."""
        yield from (cache.crop(condition[matrix], 1) for matrix in matrices if matrix in condition)
        while True:
            yield None


def _gated(x: Tensor, told: Tensor | None) -> Tensor:
    """tanh(A) * sigmoid(B) for [A, B] = x + told, (N, 2p, h, w) to (N, p, h, w)."""
    value, opening = (x if told is None else x + told).chunk(2, 1)
    return torch.tanh(value) * torch.sigmoid(opening)
