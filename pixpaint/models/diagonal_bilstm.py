"""Diagonal BiLSTM (van den Oord, Kalchbrenner, Kavukcuoglu: arXiv 1601.06759, section 3.2, table 1): PixelRNN with
layers that go along the diagonals from both upper corners, so that a pixel sees every earlier one.

Each row is skewed, moved one column right of the one above, and a diagonal, now a column, is computed at once: in
training the whole picture's, in sampling that of a row, which is each of its pixels. Left to right a pixel reads the
states of the one to its left, and so belongs to `pixels`; right to left those of the one to its right, but is used one
row further down: `rows` runs it over the whole row above, when that is finished.

Departures from the paper: in the first LSTM layer right to left also sees the pixels that its cells lie on. With mask
A alone a row's last pixel is hidden from all but the last four of the next row, since the cells that would tell of it
lie right of the picture. Others: see pixpaint/models/pixel_rnn.py.
"""

from collections.abc import Iterator

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
        h, channels = config.features, config.channels
        lstms = (
            DiagonalBiLSTM(2 * h, h, channels, 0 if number else channels) for number in range(config.layers)
        )
        super().__init__(config, lstms)

    def sees(self, above: int, right: int) -> bool | None:
        """Everything before."""
        return above > 0 or right < 0

    def numbers_kept(self) -> tuple[float, float]:
        """Of each layer four planes of h states, one of the result and one of 4h gates, those of the first; the prefill
        holds a few more while it runs."""
        config = self.config
        wide = 9 * config.features * (config.layers + 4) + self.numbers_told()
        return wide + 2 * (config.head + self.output.parameters) + 16 * config.channels, 0

    def rows(self, above: Tensor, cache: Cache, condition: Condition) -> None:
        """Runs the first layer's rows above and, of a single row, all layers right to left over the row above it."""
        super().rows(above, cache, condition)
        for layer in self.diagonals():
            layer.rows(above[:, :-1], cache)

    def picture_rows(self, above: Tensor, cache: Cache, condition: Condition) -> None:
        """Runs only what reads the picture itself: for a sampler that runs right to left by other means."""
        super().rows(above, cache, condition)
        for layer in self.diagonals():
            layer.look(above[:, :-1], cache)

    def diagonals(self) -> Iterator[DiagonalBiLSTM]:
        """Its LSTM layers."""
        for layer in self.residuals():
            assert isinstance(layer.lstm, DiagonalBiLSTM)
            yield layer.lstm
