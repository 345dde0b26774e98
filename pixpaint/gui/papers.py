"""Each kind of model in a few words: the paper it comes from, its idea, and where pixpaint departs from it."""

from typing import NamedTuple

from PySide6.QtCore import QCoreApplication

CONTEXT = "Papers"


class Paper(NamedTuple):
    """Who wrote it, the sentences that a person is told, and what it reports for the test set of static binarized
    MNIST, in nats a picture; None if nothing."""

    reference: str
    idea: str
    departures: str
    published: float | None = None

    def about(self) -> str:
        """Idea and departures, in the person's language."""
        return "\n".join(QCoreApplication.translate(CONTEXT, text) for text in (self.idea, self.departures))


RECURRENT = "A. van den Oord, N. Kalchbrenner, K. Kavukcuoglu: Pixel Recurrent Neural Networks (2016), arXiv 1601.06759"

PAPERS = {
    "pixel_cnn": Paper(
        RECURRENT,
        (
            "Convolutions whose masks hide the pixel itself and all later ones; red, green and blue are drawn in turn, "
            "each one of 256 values, or one bit. Masks one above the other leave a blind spot to the right, which no "
            "depth closes."
        ),
        "Departures: any size of picture, dropout, Adam and averaged weights.",
        published=81.30,
    ),
    "gated_pixel_cnn": Paper(
        "A. van den Oord and others: Conditional Image Generation with PixelCNN Decoders (2016), arXiv 1606.05328",
        (
            "A vertical stack sees the rows above on both sides, a horizontal one the row so far and what the vertical "
            "one passes on: no blind spot. Tanh times sigmoid takes the place of ReLU, and a class, or a picture that "
            "the result is to be like, is told in every layer."
        ),
        (
            "Departures: there is a class “none”, orientations may be told too, what tells them starts at zero, the "
            "first kernel is 7 × 7, dropout before the last layers, the vertical kernels have only the rows that a "
            "mask would leave."
        ),
    ),
    "row_lstm": Paper(
        RECURRENT,
        (
            "LSTM layers that go from row to row, a whole row at once. Each cell reads three states of the row above, "
            "so that a pixel sees a triangle above it."
        ),
        "Departures: any size of picture, dropout, Adam and averaged weights.",
        published=80.54,
    ),
    "diagonal_bilstm": Paper(
        RECURRENT,
        (
            "LSTM layers along the diagonals from both upper corners, as columns of the skewed picture, so that a "
            "pixel sees every earlier one."
        ),
        (
            "Departures: the right-to-left half of the first layer also sees the pixels that its cells lie on, without "
            "which a row’s last pixel stays hidden from most of the next row; any size of picture, Adam and averaged "
            "weights."
        ),
        published=79.20,
    ),
    "pixel_cnn_pp": Paper(
        "T. Salimans, A. Karpathy, X. Chen, D. P. Kingma: PixelCNN++ (2017), arXiv 1701.05517",
        (
            "Two stacks of gated blocks form a U-Net over three scales. A pixel’s output is one mixture of discretized "
            "logistics over all its channels, so that one pass a pixel is enough."
        ),
        (
            "Departures: blocks may be given an encoder’s view of all that is known around a hole, a class, an "
            "orientation, a hint at half size; grey and one-bit pictures; any size."
        ),
    ),
}
"""By the kind of a model's configuration."""
