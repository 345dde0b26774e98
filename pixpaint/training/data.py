"""What models are trained and evaluated on: the named sets, a person's own pictures, files for evaluation."""

from pathlib import Path

from pixpaint.training.bitmaps import CHARACTER, BitmapPictures
from pixpaint.training.digits import DigitPictures
from pixpaint.training.pictures import Mixture, Pictures, binarize
from pixpaint.training.strokes import StrokePictures, read_words

__all__ = ["Mixture", "Pictures", "binarize", "digit_pictures", "sketch_pictures"]


def sketch_pictures(folder: str | Path) -> Mixture:
    """Line drawings, grey, dark ink on white: Quick, Draw! strokes and bitmaps, and Omniglot's characters.

    The classes are the words of the strokes, sorted, then "character". Raises BadImage.
    """
    folder = Path(folder)
    strokes = folder / "quickdraw-345.ndjson.gz"
    classes = (*read_words(strokes), CHARACTER)
    return Mixture.of(
        [
            (0.62, StrokePictures.read(strokes, classes)),
            (0.26, BitmapPictures.read_quickdraw(folder / "quickdraw-6-bitmaps.npz", classes)),
            (0.12, BitmapPictures.read_omniglot(folder / "omniglot.npz", classes)),
        ]
    )


def digit_pictures(folder: str | Path) -> DigitPictures:
    """Binarized MNIST, bright ink: 50,000 for training, its 10,000 of `valid` held out. Raises BadImage."""
    return DigitPictures.read(Path(folder) / "binarized-mnist.npz")
