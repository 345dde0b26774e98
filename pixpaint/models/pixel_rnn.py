"""What the two PixelRNNs have in common (van den Oord, Kalchbrenner, Kavukcuoglu: arXiv 1601.06759, sections 3.3 to
3.6, figure 5 and table 1): a 7x7 convolution with mask A, LSTM layers with residual connections, two layers of ReLU and
1x1 with mask B, and the logits: 256 a channel, or one of a bit.

In colour, features are parted into the groups of red, green and blue, and a pixel takes three passes.

Departures from the paper: dropout after the LSTM layers, if asked for; any size of picture; training with Adam and an
average of the weights (the paper has RMSProp).
"""

from collections.abc import Iterable
from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

from pixpaint.layers.cache import Cache
from pixpaint.layers.masked import FirstConv, MaskedConv2d
from pixpaint.layers.output import categorical
from pixpaint.models.base import Condition, Model
from pixpaint.models.config import PixelRNNConfig

FIRST = 7
"""The side of the first layer's kernel."""


class Residual(nn.Module):
    """x + 1x1(LSTM(x)) for x (N, 2h, ...): the LSTM has h features, the 1x1, with mask B, brings them to 2h."""

    def __init__(self, lstm: nn.Module, features: int, groups: int, dropout: float) -> None:
        super().__init__()
        self.dropout = dropout
        self.lstm = lstm
        self.widen = MaskedConv2d(features, 2 * features, (1, 1), 0, groups=groups)

    def forward(self, x: Tensor, cache: Cache) -> Tensor:
        states = F.dropout(self.lstm(x, cache), self.dropout, self.training)
        out: Tensor = x + self.widen(states)
        return out


class PixelRNN(Model):
    """A PixelRNN with these LSTM layers, from 2h features to h, in as many groups as the picture has channels."""

    config: PixelRNNConfig

    def __init__(self, config: PixelRNNConfig, lstms: Iterable[nn.Module]) -> None:
        super().__init__()
        self.config = config
        self.output = categorical(config.channels, config.levels)
        h, groups = config.features, config.channels
        self.first = FirstConv(config.channels, 2 * h, FIRST)
        self.layers = nn.ModuleList(Residual(lstm, h, groups, config.dropout) for lstm in lstms)
        widths = (2 * h, config.head, config.head)
        self.last = nn.ModuleList(
            MaskedConv2d(inputs, outputs, (1, 1), 0, groups=groups) for inputs, outputs in pairwise(widths)
        )
        self.head = MaskedConv2d(config.head, self.output.parameters, (1, 1), 0, groups=groups)

    def rows(self, above: Tensor, cache: Cache, condition: Condition) -> None:
        """Runs the first layer's rows above."""
        cache.publish("above", self.first.above(above[:, :-1], cache), 1)

    def pixels(self, left: Tensor, cache: Cache, condition: Condition, here: Tensor | None = None) -> Tensor:
        """Runs everything else."""
        now = None if here is None else here[:, :-1]
        x = cache.published("above", 1) + self.first(left[:, :-1], cache, now)
        for layer in self.layers:
            x = layer(x, cache)
        for layer in self.last:
            x = layer(F.relu(x))
        params: Tensor = self.head(F.relu(x))
        return params
