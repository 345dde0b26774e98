"""A hint as a map, for models without an encoder: how the conditional PixelRNN of a multi-scale one is told of the
small picture (van den Oord, Kalchbrenner, Kavukcuoglu: arXiv 1601.06759, section 3.6).

A small network of unmasked convolutions makes a map c x n x n of the small picture, and each layer adds a 1x1
convolution of it to its own input-to-state map.

Departures from the paper: the small picture's pixels are means of 2 x 2, where the paper takes single ones; it comes
enlarged already, so that there are no deconvolutions, and with a mask that says where there is one; the layers of the
small network are residual blocks; the 1x1 convolutions start at zero, so that the unconditional model is where training
starts.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from pixpaint.models.encoder import Context, ResidualBlock

BLOCKS = 2
"""With so many the map sees 5 pixels to each side: of the small picture, all that touch a pixel and two more around."""


class HintMap(nn.Module):
    """What a Context of any size hints at, and where, as maps at 1, 1/2, ...: (N, `width`, H / 2^s, W / 2^s) at so many
    `scales`. What is known of the picture it is not shown: the model reads that itself."""

    def __init__(self, channels: int, width: int, scales: int = 1) -> None:
        super().__init__()
        self.stem = nn.Conv2d(channels + 1, width, 3, padding=1)
        self.blocks = nn.Sequential(*(ResidualBlock(width) for _ in range(BLOCKS)))
        self.shrink = nn.ModuleList(nn.Conv2d(width, width, 2, 2) for _ in range(scales - 1))

    def forward(self, context: Context) -> list[Tensor]:
        maps = [self.blocks(self.stem(torch.cat([context.hints, context.hinted], 1)))]
        for layer in self.shrink:
            maps.append(layer(maps[-1]))
        return maps


def all_told(
    hints: HintMap | None,
    context: Context | None,
    tables: Iterable[tuple[nn.Embedding | None, Tensor | None]],
) -> list[Tensor]:
    """What a model is told: the hint's map (N, width, H, W), if it is told of hints, and of those tables that it has
    the vectors (N, width, 1, 1) at their indices (N,)."""
    parts: list[Tensor] = []
    if hints is not None:
        assert context is not None
        parts += hints(context)
    for table, index in tables:
        if table is not None:
            assert index is not None
            parts.append(table(index)[:, :, None, None])
    return parts


def telling(width: int, outputs: int) -> nn.Conv2d:
    """From a map of `width` channels to what a layer is given of it, starting at zero."""
    layer = nn.Conv2d(width, outputs, 1, bias=False)
    nn.init.zeros_(layer.weight)
    return layer
