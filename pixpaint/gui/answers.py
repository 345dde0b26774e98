"""Several answers of one fill: their pixels, how well each fits, and which of them the document shows."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from pixpaint.document import Document
from pixpaint.gui.editor import Editor
from pixpaint.gui.layers import MASK_COLOUR, MASK_OPACITY
from pixpaint.recipe import Box, FillSettings, bounding_box

if TYPE_CHECKING:
    from pixpaint.sampling.events import RowPainted

LEAST_MARGIN = 8
"""pixels shown around a hole at least; else a quarter of its longer side"""


class Answers(QObject):
    """`pictures` (count, h, w, 3) uint8 are the answers within `box`, the hole's surroundings, as far as they are
    painted; the rest of the hole is tinted. `before` is the document's part there, as it was.

    The editor's step stays open while there are answers: only the current one is painted into the document, and what
    becomes of it at the end is the fill's to say.
    """

    painted = Signal()
    switched = Signal()
    compared = Signal()

    def __init__(self, editor: Editor, settings: FillSettings, hole: NDArray[np.bool_]) -> None:
        super().__init__()
        self._editor = editor
        self.seeds = tuple(settings.seed + k for k in range(settings.candidates))
        self.box = _surroundings(hole)
        self._cut = np.s_[self.box[0] : self.box[2], self.box[1] : self.box[3]]
        document = editor.document
        alpha = None if document.alpha is None else document.alpha[self._cut].copy()
        self.before = Document(pixels=document.pixels[self._cut].copy(), alpha=alpha)
        self._blank = self.before.on_white(np.zeros_like(hole[self._cut]))
        self._blank[hole[self._cut]] = _tinted(self._blank[hole[self._cut]])
        self.pictures = np.repeat(self._blank[None], len(self.seeds), 0)
        self._shown = np.zeros_like(hole[self._cut])
        self.current = 0
        self.chosen = False
        """by the person, whom no ranking overrules then"""
        self.fits: NDArray[np.float64] | None = None
        """(count,) in nats, the higher the better, once all are painted and compared"""

    def __len__(self) -> int:
        return len(self.seeds)

    @property
    def below_best(self) -> NDArray[np.float64] | None:
        """How many nats less than the best one each fits the known pixels (count,)."""
        return None if self.fits is None else self.fits.max() - self.fits

    def take(self, event: "RowPainted") -> None:
        """A row of all answers, or what a row of a coarser level covers."""
        rows, columns = event.rows - self.box[0], event.columns - self.box[1]
        self.pictures[:, rows, columns] = event.pixels
        self._shown[rows, columns] = True
        self._editor.paint_row(event.rows, event.columns, event.pixels[self.current])
        self.painted.emit()

    def take_back(self, where: NDArray[np.bool_]) -> None:
        """The pixels marked in `where` (H, W) become again what they were."""
        self._editor.take_back(where)
        cut = where[self._cut]
        self.pictures[:, cut] = self._blank[cut]
        self._shown &= ~cut
        self.painted.emit()

    def choose(self, place: int) -> None:
        """What the person does: makes an answer the current one."""
        self.chosen = True
        self._show(place)

    def step(self, by: int) -> None:
        """To the next answer (1) or the one before (-1), round and round."""
        self.choose((self.current + by) % len(self))

    def rank(self, fits: NDArray[np.float64]) -> None:
        """Takes how well each fits (count,); the best becomes the current one unless the person has chosen."""
        self.fits = fits
        if not self.chosen:
            self._show(int(fits.argmax()))
        self.compared.emit()

    def put_in(self) -> None:
        """Paints the current one, as far as it has come, into the document."""
        rows, columns = np.nonzero(self._shown)
        if rows.size:
            pixels = self.pictures[self.current][rows, columns]
            self._editor.paint_row(rows + self.box[0], columns + self.box[1], pixels)

    def whole(self, image: NDArray[np.uint8], place: int) -> NDArray[np.uint8]:
        """The picture (H, W, 3) with an answer in it, a new array."""
        picture = image.copy()
        picture[self._cut] = self.pictures[place]
        return picture

    def _show(self, place: int) -> None:
        if place != self.current:
            self.current = place
            self.put_in()
            self.switched.emit()


def _surroundings(hole: NDArray[np.bool_]) -> Box:
    """The hole's (H, W) bounding box and something around it, within the picture."""
    top, left, bottom, right = bounding_box(hole)
    margin = max(LEAST_MARGIN, max(bottom - top, right - left) // 4)
    height, width = hole.shape
    return (
        max(top - margin, 0),
        max(left - margin, 0),
        min(bottom + margin, height),
        min(right + margin, width),
    )


def _tinted(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pixels (n, 3) as the canvas shows them under the mask."""
    opacity = MASK_OPACITY / 255
    return np.rint(pixels * (1 - opacity) + np.array(MASK_COLOUR) * opacity).astype(np.uint8)
