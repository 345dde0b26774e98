"""What each tool does between the press of a button and its release; the right button does the opposite."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pixpaint.document import Document
from pixpaint.gui.brush import Point, covered, enclosed, inked
from pixpaint.gui.commands import HOLE_ONLY
from pixpaint.gui.editor import Editor
from pixpaint.gui.wand import alike
from pixpaint.recipe import Box, bounding_box

Colour = tuple[int, int, int]
INK_ONLY = ("pixels", "alpha")


class Gesture(ABC):
    """It begins with a press; each place the pointer comes to is a `move`, the first one where it was pressed, with how
    hard it is pressed there, from 0 to 1, which makes brushes finer."""

    planes: ClassVar[tuple[str, ...]] = HOLE_ONLY
    """what it may change of the document"""
    at_once: ClassVar[bool] = False
    """a press is all it takes"""

    def __init__(self, editor: Editor) -> None:
        self._editor = editor
        self.outline: Sequence[Point] = ()
        """corners of what a release would take, to be shown meanwhile; none of what takes effect at once"""

    @abstractmethod
    def move(self, point: Point, pressure: float = 1.0) -> None: ...

    def release(self) -> None:  # noqa: B027 - most have nothing left to do then
        """Does what waits for the button's release."""

    @property
    def _size(self) -> tuple[int, int]:
        return self._editor.document.height, self._editor.document.width


class MaskStroke(Gesture):
    """A hard brush of `size` pixels that masks, or not."""

    def __init__(self, editor: Editor, size: int, hides: bool) -> None:
        super().__init__(editor)
        self._across, self._hides = size, hides
        self._last: Point | None = None

    def move(self, point: Point, pressure: float = 1.0) -> None:
        across = max(round(self._across * pressure), 1)
        box, where = covered(self._last or point, point, across, *self._size)
        self._last = point
        if where.any():
            self._editor.mask(box, where, self._hides)


class InkStroke(Gesture):
    """A soft pen of `size` pixels. Only what the stroke has not laid on a pixel yet is laid there: or its segments
    would show where they overlap."""

    planes = INK_ONLY

    def __init__(self, editor: Editor, size: int, colour: Colour) -> None:
        super().__init__(editor)
        self._across, self._colour = size, colour
        self._last: Point | None = None
        self._laid = np.zeros(self._size, np.float32)

    def move(self, point: Point, pressure: float = 1.0) -> None:
        across = max(round(self._across * pressure), 1)
        box, amount = inked(self._last or point, point, across, *self._size)
        self._last = point
        if not amount.any():
            return
        before = self._laid[box[0] : box[2], box[1] : box[3]]
        after = np.maximum(before, amount)
        opacity = (after - before) / np.maximum(1 - before, 1e-6)
        before[:] = after
        self._editor.ink(box, opacity, self._colour)


class Rectangle(Gesture):
    """Masks, or not, all pixels from one corner to the other, both included."""

    def __init__(self, editor: Editor, hides: bool) -> None:
        super().__init__(editor)
        self._hides = hides
        self._start: Point | None = None
        self._box: Box = (0, 0, 0, 0)

    def move(self, point: Point, pressure: float = 1.0) -> None:
        self._start = self._start or point
        top, left, bottom, right = self._box = _spanned(self._start, point, *self._size)
        self.outline = [(top, left), (top, right), (bottom, right), (bottom, left)]

    def release(self) -> None:
        top, left, bottom, right = self._box
        if top < bottom and left < right:
            self._editor.mask(self._box, np.ones((bottom - top, right - left), np.bool_), self._hides)


class Lasso(Gesture):
    """Masks, or not, what a line drawn by hand encloses."""

    def __init__(self, editor: Editor, hides: bool) -> None:
        super().__init__(editor)
        self._hides = hides
        self._line: list[Point] = []
        self.outline = self._line

    def move(self, point: Point, pressure: float = 1.0) -> None:
        self._line.append(point)

    def release(self) -> None:
        box, where = enclosed(self._line, *self._size)
        if where.any():
            self._editor.mask(box, where, self._hides)


class Wand(Gesture):
    """Masks, or not, the pixels around that look like the first one in the picture that the pointer is on."""

    at_once = True

    def __init__(self, editor: Editor, tolerance: int, hides: bool) -> None:
        super().__init__(editor)
        self._tolerance, self._hides = tolerance, hides
        self._done = False

    def move(self, point: Point, pressure: float = 1.0) -> None:
        place = _pixel(self._editor.document, point)
        if place is None or self._done:
            return
        self._done = True
        where = alike(_seen(self._editor.document), place, self._tolerance)
        top, left, bottom, right = box = bounding_box(where)
        self._editor.mask(box, where[top:bottom, left:right], self._hides)


class Pick(Gesture):
    """Takes the colour under the pointer, if there is any to see."""

    planes = ()
    at_once = True

    def __init__(self, editor: Editor, take: Callable[[Colour], None]) -> None:
        super().__init__(editor)
        self._take = take

    def move(self, point: Point, pressure: float = 1.0) -> None:
        document = self._editor.document
        place = _pixel(document, point)
        if place is not None and (document.alpha is None or document.alpha[place]):
            red, green, blue = document.pixels[place].tolist()
            self._take((red, green, blue))


def _seen(document: Document) -> NDArray[np.uint8]:
    """The picture as it looks, (H, W, 4), or (H, W, 3) without alpha: all that is fully transparent looks the same."""
    if document.alpha is None:
        return document.pixels
    return np.dstack([np.where(document.alpha[..., None] == 0, np.uint8(0), document.pixels), document.alpha])


def _pixel(document: Document, point: Point) -> tuple[int, int] | None:
    """Row and column of the pixel under a point; None outside the picture."""
    row, column = int(np.floor(point[0])), int(np.floor(point[1]))
    return (row, column) if 0 <= row < document.height and 0 <= column < document.width else None


def _spanned(start: Point, end: Point, height: int, width: int) -> Box:
    """The pixels from one corner to the other, both included, within the picture."""
    top, bottom = sorted((int(np.floor(start[0])), int(np.floor(end[0]))))
    left, right = sorted((int(np.floor(start[1])), int(np.floor(end[1]))))
    return max(top, 0), max(left, 0), min(bottom + 1, height), min(right + 1, width)
