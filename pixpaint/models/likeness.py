"""What a picture is like, as a vector: the encoder of a PixelCNN auto-encoder (arXiv 1606.05328, sections 2.4 and 3.4).

It is trained with the model that it tells, which draws other pictures like the one it is shown.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

WIDTHS = (32, 64, 128)


class Likeness(nn.Module):
    """Pictures (N, C, H, W) in [-1, 1], of any size, to vectors (N, size, 1, 1). A picture of zeros, which no byte
    stands for, shows nothing, and has a vector of its own."""

    def __init__(self, channels: int, size: int) -> None:
        super().__init__()
        inputs = (channels, *WIDTHS[:-1])
        self.shrink = nn.ModuleList(
            nn.Conv2d(fine, coarse, 3, 2, padding=1) for fine, coarse in zip(inputs, WIDTHS, strict=True)
        )
        self.last = nn.Conv2d(WIDTHS[-1], size, 1)
        self.nothing = nn.Parameter(torch.zeros(size, 1, 1))

    def forward(self, pictures: Tensor) -> Tensor:
        x = pictures
        for layer in self.shrink:
            x = F.silu(layer(x))
        vector = self.last(x.mean((2, 3), keepdim=True))
        shown = pictures.ne(0).flatten(1).any(1)
        return torch.where(shown[:, None, None, None], vector, self.nothing)
