"""What the two PixelRNNs have in common (van den Oord, Kalchbrenner, Kavukcuoglu: arXiv 1601.06759, sections 3.3 to
3.6, figure 5 and table 1): a 7x7 convolution with mask A, LSTM layers with residual connections, two layers of ReLU and
1x1 with mask B, and the logits: 256 a channel, or one of a bit.

In colour, features are parted into the groups of red, green and blue, and a pixel takes three passes. A hint's map is
added to the input-to-state map of each layer (section 3.6; pixpaint/models/hints.py).

Departures from the paper: dropout after the LSTM layers, if asked for; any size of picture; training with Adam and an
average of the weights (the paper has RMSProp).
"""

from collections.abc import Iterable
from itertools import pairwise
from typing import cast

import torch.nn.functional as F
from torch import Tensor, nn

from pixpaint.layers.cache import Cache
from pixpaint.layers.masked import FirstConv, MaskedConv2d
from pixpaint.layers.output import categorical
from pixpaint.layers.recurrent import DiagonalBiLSTM, RowLSTM
from pixpaint.models.config import PixelRNNConfig
from pixpaint.models.hints import telling
from pixpaint.models.residual_stack import ResidualLayer, ResidualStack

FIRST = 7
"""The side of the first layer's kernel."""


LSTM = RowLSTM | DiagonalBiLSTM


class Residual(ResidualLayer):
    """x + 1x1(LSTM(x)) for x (N, 2h, ...): the LSTM has h features, the 1x1, with mask B, brings them to 2h. What the
    LSTM is told, (N, gates, H, W) of the whole image, `tell` makes of a map with so many channels `context` (0: it is
    told nothing); it may be one vector for all of it, (N, gates, 1, 1)."""

    def __init__(self, lstm: LSTM, features: int, groups: int, dropout: float, context: int) -> None:
        super().__init__()
        self.dropout = dropout
        self.lstm = lstm
        self.widen = MaskedConv2d(features, 2 * features, (1, 1), 0, groups=groups)
        self.tell = telling(context, lstm.gates) if context else None

    def forward(self, x: Tensor, cache: Cache, told: Tensor | None = None) -> Tensor:
        states = F.dropout(self.lstm(x, cache, told), self.dropout, self.training)
        out: Tensor = x + self.widen(states)
        return out


class PixelRNN(ResidualStack):
    """A PixelRNN with these LSTM layers, from 2h features to h, in as many groups as the picture has channels."""

    config: PixelRNNConfig

    def __init__(self, config: PixelRNNConfig, lstms: Iterable[LSTM]) -> None:
        super().__init__()
        self.config = config
        self.output = categorical(config.channels, config.levels)
        h, groups = config.features, config.channels
        self.first = FirstConv(config.channels, 2 * h, FIRST)
        context = self.listen(config)
        self.layers = nn.ModuleList(Residual(lstm, h, groups, config.dropout, context) for lstm in lstms)
        widths = (2 * h, config.head, config.head)
        self.last = nn.ModuleList(
            MaskedConv2d(inputs, outputs, (1, 1), 0, groups=groups) for inputs, outputs in pairwise(widths)
        )
        self.head = MaskedConv2d(config.head, self.output.parameters, (1, 1), 0, groups=groups)

    def residuals(self) -> Iterable[Residual]:
        """Its layers."""
        return cast(Iterable[Residual], self.layers)

    def numbers_told(self) -> int:
        """Of what a sampler keeps for each pixel of each candidate, what comes of a hint."""
        if self.hints is None:
            return 0
        return sum(layer.lstm.gates for layer in self.residuals()) + 8 * self.config.context
