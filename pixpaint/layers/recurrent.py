"""The recurrent layers of PixelRNN (arXiv 1601.06759, section 3.1 and 3.2): states that pass from cell to cell.

Both are given the gates that come of the input (input-to-state) and add those that come of the states around
(state-to-state, which has no bias and no mask: all its cells lie before). Their states are planes in the cache, so
that a row goes on from the row above it and a pixel from the one to its left; how a chunk is run: see
pixpaint/layers/scan.py. Departure from the paper: none.
"""

import math

import torch
from torch import Tensor, nn

from pixpaint.layers.cache import Cache, Halo
from pixpaint.layers.scan import Border, scan


class Recurrence(nn.Module):
    """State-to-state taps (K, F, 4F) of `features` F, for K neighbours."""

    def __init__(self, features: int, neighbours: int) -> None:
        super().__init__()
        self.features = features
        self.taps = nn.Parameter(torch.empty(neighbours, features, 4 * features))
        # As torch does for a convolution that reads so many numbers.
        bound = 1 / math.sqrt(neighbours * features)
        nn.init.uniform_(self.taps, -bound, bound)


class RowRecurrence(Recurrence):
    """The Row LSTM's: hidden states of the row above through `kernel` x 1, cell states of the cell above.

    A cell sees the gates of a triangle: itself, `kernel` cells of the row above, 2 `kernel` - 1 of the next. `forward`
    maps gates (N, 4F, h, w), in the order o, f, i, g, to hidden states (N, F, h, w).
    """

    def __init__(self, features: int, kernel: int) -> None:
        super().__init__(features, kernel)
        self.halo = Halo(1, kernel // 2, kernel // 2)

    def forward(self, gates: Tensor, cache: Cache) -> Tensor:
        like = gates[:, : self.features]
        hidden = cache.recorded((self, "hidden"), like, self.halo, 1)[:, :, :1]
        cell = cache.recorded((self, "cell"), like, Halo(1, 0, 0), 1)[:, :, :1]
        nothing = like.new_zeros(()).expand(*like.shape[:3], 1)
        border = Border(hidden, nothing, cell, nothing)
        states, cells = scan(gates, self.taps, border, skewed=False)
        cache.record((self, "hidden"), states, self.halo, 1)
        cache.record((self, "cell"), cells, Halo(1, 0, 0), 1)
        return states


class DiagonalRecurrence(Recurrence):
    """One direction of the Diagonal BiLSTM, left to right: hidden states of the cell above and the one to the left,
    which are a column of 2 where the rows are skewed, cell states of the one to the left.

    A cell sees the gates of all cells that are neither below nor right of it. `forward` maps gates (N, 4F, h, w), in
    the order o, f, i, g, to hidden states (N, F, h, w).
    """

    def __init__(self, features: int) -> None:
        super().__init__(features, 2)

    def forward(self, gates: Tensor, cache: Cache) -> Tensor:
        like = gates[:, : self.features]
        hidden = cache.recorded((self, "hidden"), like, Halo(1, 1, 0), 1)
        cell = cache.recorded((self, "cell"), like, Halo(0, 1, 0), 1)
        border = Border(hidden[:, :, :1, 1:], hidden[:, :, 1:, :1], cell[:, :, :1, 1:], cell[..., :1])
        states, cells = scan(gates, self.taps, border, skewed=True)
        cache.record((self, "hidden"), states, Halo(1, 1, 0), 1)
        cache.record((self, "cell"), cells, Halo(0, 1, 0), 1)
        return states
