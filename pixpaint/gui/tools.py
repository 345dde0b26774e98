"""The drawing tools: pencil, mask brush, eraser and rectangle; the right button does the opposite."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from pixpaint.gui.brush import Point, covered, inked
from pixpaint.gui.commands import HOLE_ONLY
from pixpaint.gui.editor import Editor
from pixpaint.recipe import Box

Colour = tuple[int, int, int]

PENCIL, BRUSH, ERASER, RECTANGLE = "pencil", "brush", "eraser", "rectangle"
TOOLS = (PENCIL, BRUSH, ERASER, RECTANGLE)
MAX_SIZE = 500


@dataclass
class Stroke:
    """What is being drawn between press and release: which tool, from where, and with which button.

    `box` is the rectangle so far; `inked` (H, W) how much ink the stroke has already laid on each pixel.
    """

    tool: str
    start: Point
    last: Point
    opposite: bool
    inked: NDArray[np.float32]
    box: Box | None = None


class ToolBox(QObject):
    """The chosen tool with its size and colours, and the stroke in progress, on an editor's document."""

    changed = Signal()

    def __init__(self, editor: Editor, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._editor = editor
        self.tool = BRUSH
        self.ink: Colour = (0, 0, 0)
        self.paper: Colour = (255, 255, 255)
        self.erases_ink = False
        self._sizes = {PENCIL: 1, BRUSH: 8, ERASER: 8}
        self.stroke: Stroke | None = None

    @property
    def size(self) -> int:
        """The diameter of the chosen tool in picture pixels; 1 for the rectangle."""
        return self._sizes.get(self.tool, 1)

    @property
    def has_size(self) -> bool:
        return self.tool in self._sizes

    @property
    def is_soft(self) -> bool:
        """Ink may cover a pixel in part, the mask never."""
        return not self._masks

    def choose(self, tool: str) -> None:
        """The eraser goes on to erase what the tool before it made: ink after the pencil, else the mask."""
        if tool == ERASER and self.tool != ERASER:
            self.erases_ink = self.tool == PENCIL
        self.tool = tool
        self.changed.emit()

    def set_size(self, size: int) -> None:
        self._sizes[self.tool] = min(max(size, 1), MAX_SIZE)
        self.changed.emit()

    def step_size(self, direction: int) -> None:
        """A pixel at a time for small brushes, a fifth for large ones."""
        if self.has_size:
            self.set_size(self.size + direction * max(1, self.size // 5))

    def set_colours(self, ink: Colour, paper: Colour) -> None:
        self.ink, self.paper = ink, paper
        self.changed.emit()

    def set_erases_ink(self, ink: bool) -> None:
        self.erases_ink = ink
        self.changed.emit()

    def suit(self, height: int, width: int) -> None:
        """Sizes that suit a picture: a fine pencil for a sketch, a broad one for a photograph."""
        side = min(height, width)
        pencil, brush = max(1, round(side / 200)), max(2, round(side / 16))
        self._sizes = {PENCIL: pencil, BRUSH: brush, ERASER: brush}
        self.changed.emit()

    def press(self, point: Point, opposite: bool) -> None:
        self._editor.begin(HOLE_ONLY if self._masks else ("pixels", "alpha"))
        inked_so_far = np.zeros(self._editor.document.hole.shape, dtype=np.float32)
        self.stroke = Stroke(self.tool, point, point, opposite, inked_so_far)
        self.move(point)

    def move(self, point: Point) -> None:
        if self.stroke is None:
            return
        height, width = self._editor.document.height, self._editor.document.width
        if self.stroke.tool == RECTANGLE:
            self.stroke.box = _spanned(self.stroke.start, point, height, width)
        elif self._masks:
            box, where = covered(self.stroke.last, point, self.size, height, width)
            if where.any():
                self._mask(box, where)
        else:
            box, amount = inked(self.stroke.last, point, self.size, height, width)
            if amount.any():
                self._ink(self.stroke, box, amount)
        self.stroke.last = point

    def release(self) -> None:
        """Ends the stroke: one step of the history."""
        stroke, texts = self.stroke, self._texts()
        if stroke is None:
            return
        if stroke.box is not None and stroke.box[0] < stroke.box[2] and stroke.box[1] < stroke.box[3]:
            top, left, bottom, right = stroke.box
            self._mask(stroke.box, np.ones((bottom - top, right - left), dtype=np.bool_))
        self.stroke = None
        self._editor.commit(texts[stroke.tool])

    def cancel(self) -> None:
        """Drops a rectangle in progress, and ends any other stroke where it is."""
        if self.stroke is not None:
            self.stroke.box = None
            self.release()

    @property
    def _masks(self) -> bool:
        return self.tool in (BRUSH, RECTANGLE) or (self.tool == ERASER and not self.erases_ink)

    @property
    def _erases(self) -> bool:
        opposite = self.stroke is not None and self.stroke.opposite
        return opposite != (self.tool == ERASER)

    def _mask(self, box: Box, where: NDArray[np.bool_]) -> None:
        self._editor.mask(box, where, not self._erases)

    def _ink(self, stroke: Stroke, box: Box, amount: NDArray[np.float64]) -> None:
        """Only what the stroke has not laid there yet: or its segments would show where they overlap."""
        before = stroke.inked[box[0] : box[2], box[1] : box[3]]
        after = np.maximum(before, amount)
        opacity = (after - before) / np.maximum(1 - before, 1e-6)
        before[:] = after
        self._editor.ink(box, opacity, self.paper if self._erases else self.ink)

    def _texts(self) -> dict[str, str]:
        return {
            PENCIL: self.tr("Pencil Stroke"),
            BRUSH: self.tr("Mask Stroke"),
            ERASER: self.tr("Erasure"),
            RECTANGLE: self.tr("Mask Rectangle"),
        }


def _spanned(start: Point, end: Point, height: int, width: int) -> Box:
    """The pixels from one corner to the other, both included, within the picture."""
    top, bottom = sorted((int(np.floor(start[0])), int(np.floor(end[0]))))
    left, right = sorted((int(np.floor(start[1])), int(np.floor(end[1]))))
    return max(top, 0), max(left, 0), min(bottom + 1, height), min(right + 1, width)
