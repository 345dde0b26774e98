"""What PixelCNN and the PixelRNNs have in common (van den Oord, Kalchbrenner, Kavukcuoglu: arXiv 1601.06759, table 1):
a first convolution with mask A, layers with residual connections, and a few of ReLU and 1x1 with mask B."""

from abc import abstractmethod
from collections.abc import Iterable
from functools import reduce

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pixpaint.layers.cache import Cache
from pixpaint.layers.masked import FirstConv
from pixpaint.models.base import Condition, Model
from pixpaint.models.config import PixelCNNConfig, PixelRNNConfig
from pixpaint.models.encoder import Context
from pixpaint.models.hints import HintMap, all_told


class ResidualLayer(nn.Module):
    """Maps features (N, 2h, ...) to the same. What it is told, if anything, `tell` makes of the model's map."""

    tell: nn.Conv2d | None


class ResidualStack(Model):
    """A model of such layers; `hints` and `orientation` where it is told of them. All but the first layer see features
    of the current pixel's left neighbours: `rows` runs the part of the first layer that sees the rows above."""

    first: FirstConv
    hints: HintMap | None
    orientation: nn.Embedding | None
    last: nn.ModuleList

    def listen(self, config: PixelCNNConfig | PixelRNNConfig) -> int:
        """Makes what it is told with: so many channels of a map, 0 if it is told nothing."""
        self.hints = HintMap(config.channels, config.context) if config.hinted else None
        self.orientation = nn.Embedding(8, config.context) if config.oriented else None
        return config.context if config.hinted or config.oriented else 0

    @abstractmethod
    def residuals(self) -> Iterable[ResidualLayer]:
        """Its layers with residual connections."""

    def maps(
        self,
        context: Context | None,
        label: Tensor | None = None,
        orientation: Tensor | None = None,
        like: Tensor | None = None,
    ) -> list[Tensor]:
        """The sum of what the model is told, if anything: the hint's map (N, context, H, W), the orientation's vector
        (N, context, 1, 1)."""
        parts = all_told(self.hints, context, [(self.orientation, orientation)])
        return [reduce(torch.add, parts)] if parts else []

    def condition(self, maps: list[Tensor], base: Tensor | None = None) -> Condition:
        """What each layer is given: (N, what it tells, H, W) or (N, what it tells, 1, 1)."""
        return {layer: layer.tell(m) for m in maps for layer in self.residuals() if layer.tell is not None}

    def rows(self, above: Tensor, cache: Cache, condition: Condition) -> None:
        """Runs the first layer's rows above."""
        cache.publish("above", self.first.above(above[:, :-1], cache), 1)

    def pixels(self, left: Tensor, cache: Cache, condition: Condition, here: Tensor | None = None) -> Tensor:
        """Runs everything else."""
        now = None if here is None else here[:, :-1]
        x = cache.published("above", 1) + self.first(left[:, :-1], cache, now)
        for layer in self.residuals():
            x = layer(x, cache, condition.get(layer))
        for conv in self.last:
            x = conv(F.relu(x))
        params: Tensor = self.head(F.relu(x))
        return params
