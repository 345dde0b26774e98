"""Undo and redo: one command a stroke and one a fill, exact to the byte for picture, alpha and mask.

A command keeps before XOR after, tile by tile and only of what changed, compressed. One delta serves both
directions, is mostly zeros, and several over the same place need no alignment. The other way to do it, the
bounding box before and after, costs a diagonal pencil stroke over a photograph of 12 megapixels 750 ms and
26 MB at its end; the tiles cost it 25 ms and 0.2 MB.
"""

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject
from PySide6.QtGui import QUndoCommand, QUndoStack

from pixpaint.document import Document
from pixpaint.recipe import Box, Recipe

if TYPE_CHECKING:
    from pixpaint.gui.editor import Editor

TILE = 128
MEMORY_LIMIT = 256 * 2**20
STEP_LIMIT = 1000
ALL_PLANES = ("pixels", "alpha", "hole")
HOLE_ONLY = ("hole",)


@dataclass(frozen=True, kw_only=True)
class Delta:
    """Before XOR after of one plane of a document, within `box`, zlib-compressed."""

    plane: str
    box: Box
    packed: bytes

    def apply(self, document: Document) -> None:
        """Takes the document from before to after, or back."""
        top, left, bottom, right = self.box
        target = _bytes_of(document, self.plane)[top:bottom, left:right]
        target ^= np.frombuffer(zlib.decompress(self.packed), dtype=np.uint8).reshape(target.shape)


class Recorder:
    """Remembers a document's tiles before they are painted on, to tell afterwards what has changed."""

    def __init__(self, document: Document, planes: tuple[str, ...] = ALL_PLANES) -> None:
        self._document = document
        self._planes = tuple(plane for plane in planes if plane != "alpha" or document.alpha is not None)
        self._before: dict[tuple[str, Box], NDArray[np.uint8]] = {}

    def keep(self, box: Box) -> None:
        """To be called before anything inside `box` changes."""
        for tile in self._tiles(box):
            for plane in self._planes:
                if (plane, tile) not in self._before:
                    top, left, bottom, right = tile
                    values = _bytes_of(self._document, plane)[top:bottom, left:right]
                    self._before[plane, tile] = values.copy()

    def put_back(self, where: NDArray[np.bool_]) -> None:
        """Makes the pixels marked in `where` (H, W) what they were when they were kept."""
        for (plane, (top, left, bottom, right)), before in self._before.items():
            values = _bytes_of(self._document, plane)[top:bottom, left:right]
            marked = where[top:bottom, left:right]
            values[marked] = before[marked]

    def deltas(self) -> tuple[Delta, ...]:
        """What differs now from when it was kept."""
        return tuple(self._changed())

    def _changed(self) -> Iterator[Delta]:
        for (plane, (top, left, bottom, right)), before in self._before.items():
            delta: NDArray[np.uint8] = before ^ _bytes_of(self._document, plane)[top:bottom, left:right]
            changed = np.atleast_3d(delta).max(axis=2) > 0
            rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
            if rows.size:
                first, last = int(rows[0]), int(rows[-1]) + 1
                start, stop = int(columns[0]), int(columns[-1]) + 1
                box = (top + first, left + start, top + last, left + stop)
                packed = zlib.compress(delta[first:last, start:stop].tobytes(), 1)
                yield Delta(plane=plane, box=box, packed=packed)

    def _tiles(self, box: Box) -> Iterator[Box]:
        height, width = self._document.height, self._document.width
        top, left, bottom, right = max(box[0], 0), max(box[1], 0), min(box[2], height), min(box[3], width)
        for row in range(top - top % TILE, bottom, TILE):
            for column in range(left - left % TILE, right, TILE):
                yield row, column, min(row + TILE, height), min(column + TILE, width)


class DocumentCommand(QUndoCommand):
    """One step of a person's work, already done when it is pushed.

    `fill` numbers the fill it belongs to: the halves of one stopped and continued merge into one step.
    """

    def __init__(
        self,
        text: str,
        editor: "Editor",
        deltas: tuple[Delta, ...],
        recipes: tuple[tuple[Recipe, ...], tuple[Recipe, ...]],
        fill: int = -1,
    ) -> None:
        super().__init__(text)
        self._editor = editor
        self._deltas = deltas
        self._recipes = recipes
        self._fill = fill
        self._done = True
        self.forgotten = False

    @property
    def size(self) -> int:
        """Bytes held."""
        return sum(len(delta.packed) for delta in self._deltas)

    def forget(self) -> None:
        """Gives the memory back; the step can no longer be undone."""
        self._deltas = ()
        self.forgotten = True

    def redo(self) -> None:
        if self._done:
            self._done = False
        else:
            self._editor.apply(self._deltas, self._recipes[1])

    def undo(self) -> None:
        self._editor.apply(self._deltas, self._recipes[0])

    def id(self) -> int:
        return self._fill

    def mergeWith(self, other: QUndoCommand) -> bool:  # noqa: N802
        if not isinstance(other, DocumentCommand) or self.forgotten:
            return False
        self._deltas += other._deltas
        self._recipes = (self._recipes[0], other._recipes[1])
        self.setText(other.text())
        return True


class History(QUndoStack):
    """The undo stack, which forgets its oldest steps rather than take more than `memory_limit` bytes."""

    def __init__(self, parent: QObject, memory_limit: int = MEMORY_LIMIT) -> None:
        super().__init__(parent)
        self.setUndoLimit(STEP_LIMIT)
        self._memory_limit = memory_limit

    def add(self, command: DocumentCommand) -> None:
        self.push(command)
        steps = list(self._steps())
        held = sum(step.size for step in steps)
        for step in steps[:-1]:
            if held <= self._memory_limit:
                break
            held -= step.size
            step.forget()

    def can_step_back(self) -> bool:
        step = self.command(self.index() - 1) if self.canUndo() else None
        return isinstance(step, DocumentCommand) and not step.forgotten

    def _steps(self) -> Iterable[DocumentCommand]:
        steps = (self.command(place) for place in range(self.count()))
        return (step for step in steps if isinstance(step, DocumentCommand))


def _bytes_of(document: Document, plane: str) -> NDArray[np.uint8]:
    values: NDArray[np.uint8] = getattr(document, plane).view(np.uint8)
    return values
