"""The LSTM layers of PixelRNN (arXiv 1601.06759, section 3.1 and 3.2): states that pass from cell to cell.

Gates come of the input (*input-to-state*: a convolution over the whole chunk, masked) and of the states around
(*state-to-state*: no bias and no mask, since all its cells lie before). What else a layer is told, of the whole
image, is added to the gates. The states are planes in the cache, so that a row goes on from the row above it and a
pixel from the one to its left; how a chunk is run: see pixpaint/layers/scan.py.
"""

import math

import torch
from torch import Tensor, nn

from pixpaint.layers.cache import Cache, Halo
from pixpaint.layers.conv import Conv2d
from pixpaint.layers.masked import MaskedConv, MaskedConv2d
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


class RowLSTM(nn.Module):
    """A Row LSTM layer: input-to-state `kernel` x 1 along the row with mask B, state-to-state `kernel` x 1 on the row
    above. `forward` maps (N, in, h, w), and what it is told, (N, `gates`, H, W), to hidden states (N, F, h, w)."""

    def __init__(self, inputs: int, features: int, kernel: int, groups: int) -> None:
        super().__init__()
        centre = kernel // 2
        self.gates = 4 * features
        self.input_to_state = MaskedConv(
            inputs, 4 * features, (1, centre + 1), centre, groups=groups, halves=4
        )
        self.states = RowRecurrence(features, kernel)

    def forward(self, x: Tensor, cache: Cache, told: Tensor | None = None) -> Tensor:
        gates: Tensor = self.input_to_state(x, cache)
        if told is not None:
            gates = gates + cache.crop(told, 1)
        states: Tensor = self.states(gates, cache)
        return states


class DiagonalBiLSTM(nn.Module):
    """A Diagonal BiLSTM layer: input-to-state 1 x 1 with mask B and state-to-state 2 x 1 on skewed rows, in both
    directions; the right-to-left map, moved down a row so that it sees no later pixel, is added to the other.

    Right to left is left to right in the mirrored picture. What is moved down is its gates: the row above the image has
    none, and so its states are zero. Of a single row they are run by `rows`, as soon as the row above it is finished;
    of a band of rows, whose inputs are not known before, by `forward`.

    With `pictured` channels right to left also sees, 1 x 1, the pixels that its cells lie on, which `rows` is given.

    `forward` maps (N, in, h, w), and what both directions are told, together (N, `gates`, H, W), to hidden states
    (N, F, h, w).
    """

    def __init__(self, inputs: int, features: int, groups: int, pictured: int = 0) -> None:
        super().__init__()
        self.features = features
        self.gates = 8 * features

        def input_to_state() -> MaskedConv2d:
            return MaskedConv2d(inputs, 4 * features, (1, 1), 0, groups=groups, halves=4)

        self.input_to_right, self.input_to_left = input_to_state(), input_to_state()
        self.pixel_to_left = Conv2d(pictured, 4 * features, 1, bias=False) if pictured else None
        self.to_right, self.to_left = DiagonalRecurrence(features), DiagonalRecurrence(features)

    def look(self, above: Tensor, cache: Cache) -> None:
        """Sees, for a chunk of full rows, the pixels; `above` (N, `pictured`, h, W) is the picture shifted down a
        row."""
        if self.pixel_to_left is not None:
            cache.publish((self, "pixels"), self.pixel_to_left(above), 1)

    def rows(self, above: Tensor, cache: Cache) -> None:
        """Does, for a chunk of full rows, what is due before their inputs are known; `above` as `look` is given it."""
        self.look(above, cache)
        if above.shape[2] == 1:
            like = above[:, :1].expand(-1, 4 * self.features, -1, -1)
            gates = cache.recorded((self, "gates"), like, Halo(1, 0, 0), 1)[:, :, :1]
            cache.publish((self, "to left"), self.right_to_left(gates, cache), 1)

    def right_to_left(self, gates: Tensor, cache: Cache) -> Tensor:
        """Hidden states (N, F, h, W) of a chunk of full rows, from the gates (N, 4F, h, W) of the rows above them."""
        if self.pixel_to_left is not None:
            gates = gates + cache.published((self, "pixels"), 1)
        states: Tensor = self.to_left(gates.flip(3), cache).flip(3)
        return states

    def forward(self, x: Tensor, cache: Cache, told: Tensor | None = None) -> Tensor:
        right, left = self.input_to_right(x), self.input_to_left(x)
        if told is not None:
            told_right, told_left = cache.crop(told, 1).chunk(2, 1)
            right, left = right + told_right, left + told_left
        above = cache.surround((self, "gates"), left, Halo(1, 0, 0), 1)[:, :, :-1]
        single = x.shape[2] == 1
        returned = cache.published((self, "to left"), 1) if single else self.right_to_left(above, cache)
        states: Tensor = self.to_right(right, cache) + returned
        return states
