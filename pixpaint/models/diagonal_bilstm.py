"""Diagonal BiLSTM (van den Oord, Kalchbrenner, Kavukcuoglu: arXiv 1601.06759, section 3.2, table 1): PixelRNN with
layers that go along the diagonals from both upper corners, so that a pixel sees every earlier one.

Each row is skewed, moved one column right of the one above, and a diagonal, now a column, is computed at once: in
training the whole picture's, in sampling that of a row, which is each of its pixels. Left to right a pixel reads the
states of the one to its left, and so belongs to `pixels`; right to left those of the one to its right, but is used one
row further down: `rows` runs it over the whole row above, when that is finished.

Departures from the paper: see pixpaint/models/pixel_rnn.py.
"""

from torch import Tensor

from pixpaint.layers.cache import Cache
from pixpaint.layers.recurrent import DiagonalBiLSTM
from pixpaint.models.base import Condition
from pixpaint.models.config import DiagonalBiLSTMConfig
from pixpaint.models.pixel_rnn import PixelRNN


class DiagonalBiLSTMModel(PixelRNN):
    """The model."""

    config: DiagonalBiLSTMConfig

    def __init__(self, config: DiagonalBiLSTMConfig) -> None:
        super().__init__(config, DiagonalBiLSTM)

    def sees(self, above: int, right: int) -> bool | None:
        """Everything before."""
        return above > 0 or right < 0

    def numbers_kept(self) -> tuple[float, float]:
        """Of each layer four planes of h states, one of the result and one of 4h gates, those of the first; the prefill
        holds a few more while it runs."""
        config = self.config
        wide = 9 * config.features * (config.layers + 4)
        return wide + 2 * (config.head + self.output.parameters) + 16 * config.channels, 0

    def rows(self, above: Tensor, cache: Cache, condition: Condition) -> None:
        """Runs the first layer's rows above and, of a single row, all layers right to left over the row above it."""
        super().rows(above, cache, condition)
        if above.shape[2] == 1:
            for layer in self.modules():
                if isinstance(layer, DiagonalBiLSTM):
                    layer.rows(above, cache)
