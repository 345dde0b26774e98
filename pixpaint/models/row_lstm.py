"""Row LSTM (van den Oord, Kalchbrenner, Kavukcuoglu: arXiv 1601.06759, section 3.1, table 1): PixelRNN with layers that
go from row to row, whole rows at once.

A layer's input-to-state is `kernel` x 1 along the row with mask B, its state-to-state `kernel` x 1 on the row above, so
that a pixel sees a triangle above it, and beside it as far as the input's convolutions reach: the rest of the rows
above is never seen, however many layers there are (`sees` tells what is).

Departures from the paper: see pixpaint/models/pixel_rnn.py.
"""

from pixpaint.layers.recurrent import RowLSTM
from pixpaint.models.config import RowLSTMConfig
from pixpaint.models.pixel_rnn import FIRST, PixelRNN


class RowLSTMModel(PixelRNN):
    """The model."""

    config: RowLSTMConfig

    def __init__(self, config: RowLSTMConfig) -> None:
        h = config.features
        lstms = (RowLSTM(2 * h, h, config.kernel, config.channels) for _ in range(config.layers))
        super().__init__(config, lstms)

    def sees(self, above: int, right: int) -> bool | None:
        """A triangle: each row up in an LSTM is half a kernel more to both sides. Beyond it the first layer sees 3
        columns, to the right only in rows above, and each input-to-state half a kernel to the left."""
        half, first = self.config.kernel // 2, FIRST // 2
        if above == 0:
            return -(first + self.config.layers * half) <= right < 0
        return -(first + (self.config.layers + above) * half) <= right <= first + (above - 1) * half

    def numbers_kept(self) -> tuple[float, float]:
        """Two planes of h states and one of 2h inputs a layer, those of the first; the prefill holds a few more."""
        config = self.config
        wide = 4 * config.features * (config.layers + 4) + self.numbers_told()
        return wide + 2 * (config.head + self.output.parameters) + 16 * config.channels, 0
