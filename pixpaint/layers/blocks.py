"""The gated residual block of PixelCNN++ (arXiv 1701.05517, section 2.4; the authors' `gated_resnet`).

Conditioning is added before the gate, as in Gated PixelCNN (arXiv 1606.05328, section 2.3), which PixelCNN++ keeps.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pixpaint.layers.cache import Cache
from pixpaint.layers.conv import Conv2d, SameConv

MakeConv = Callable[[int, int, int], SameConv]


def concat_elu(x: Tensor) -> Tensor:
    """ELU of x and of -x (arXiv 1603.05201 with ELU): (N, C, h, w) to (N, 2C, h, w)."""
    return F.elu(torch.cat([x, -x], 1))


def gate(x: Tensor, gated: Tensor) -> Tensor:
    """x + A * sigmoid(B) for x (N, F, h, w) and [A, B] = gated (N, 2F, h, w)."""
    value, opening = gated.chunk(2, 1)
    return torch.addcmul(x, value, torch.sigmoid(opening))


class GatedBlock(nn.Module):
    """out = x + A * sigmoid(B), where [A, B] = conv(concat_elu(conv(concat_elu(x)) + 1x1(concat_elu(aux)))) +
    condition.

    `features` F in and out; `aux` is how many channels the auxiliary input has (0: none); `context` how many the
    conditioning map has (0: none). The projection of the context starts at zero.
    """

    def __init__(
        self,
        features: int,
        make: MakeConv,
        *,
        scale: int,
        aux: int = 0,
        context: int = 0,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.scale = scale
        self.dropout = dropout
        self.conv_in = make(2 * features, features, scale)
        self.conv_out = make(2 * features, 2 * features, scale)
        self.aux = Conv2d(2 * aux, features, 1) if aux else None
        self.project = nn.Conv2d(context, 2 * features, 1) if context else None
        if self.project is not None:
            nn.init.zeros_(self.project.weight)
            nn.init.zeros_(self.project.bias)  # type: ignore[arg-type]

    def condition(self, context: Tensor) -> Tensor:
        """What the gate is given of a context map (N, context, H, W) of the whole image: (N, 2F, H, W)."""
        assert self.project is not None
        out: Tensor = self.project(context)
        return out

    def forward(
        self, x: Tensor, cache: Cache, aux: tuple[Tensor, ...] = (), condition: Tensor | None = None
    ) -> Tensor:
        """x (N, F, h, w) and aux, together (N, aux, h, w), of the chunk, condition (N, 2F, H, W) of the whole image."""
        hidden = self.conv_in(concat_elu(x), cache)
        if self.aux is not None:
            hidden = hidden + self.aux(concat_elu(torch.cat(aux, 1)))
        gated = self.conv_out(F.dropout(concat_elu(hidden), self.dropout, self.training), cache)
        if condition is not None:
            gated = gated + cache.crop(condition, self.scale)
        return gate(x, gated)
